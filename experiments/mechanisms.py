"""The mechanisms that a run can do without, and the names of runs that do without some of them.

A *twin* is the same scenario with the same draws and a set of mechanisms switched off: leverage, and news
that somebody is told of ahead, from the start on; the others from the first cause (news, outage) on. Its name
is ``"baseline"`` for the empty set, else the mechanisms in alphabetical order joined by ``+``:
``"adl+herding"``. One set has one name, so that a run has one place in every store.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.errors import InputError

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

BASELINE = "baseline"
JOIN = "+"
LOW_LEVERAGE = 3
"""Largest leverage of anybody in the twin without leverage."""


@dataclass(frozen=True)
class Mechanism:
    """What it is called in figures and sentences, and what switching it off means."""

    label: str
    off: str


MECHANISMS: dict[str, Mechanism] = {
    "liquidations": Mechanism("liquidations", "no position is liquidated"),
    "maker_withdrawal": Mechanism("maker withdrawal", "makers keep quoting their calm size"),
    "herding": Mechanism("herding", "nobody's mood moves and nobody trades on it"),
    "adl": Mechanism("ADL", "the insurance fund takes over everything, even below zero"),
    "exogenous_shock": Mechanism("exogenous shock", "the news does not happen"),
    "collateral_peg": Mechanism(
        "collateral peg",
        "coins posted as margin count at what they are worth, not at the exchange's own book",
    ),
    "outage": Mechanism(
        "outages", "no outage, no suspended withdrawal and no limit of capacity: no feed is ever late"
    ),
    "leverage": Mechanism(
        "leverage",
        f"nobody has more than {LOW_LEVERAGE}x: the same first positions, with more of the owners' own money",
    ),
    "credit_contagion": Mechanism(
        "credit contagion", "no default, no withdrawal and no call for money travels between institutions"
    ),
}
"""Everything that can be switched off."""

READERS = ("fundamentalist", "leveraged_retail")
"""Kinds of agents that trade on news which they read item by item; an informed whale does too."""


def from_the_start(scenario: "Scenario") -> frozenset[str]:
    """Return what a market is built with or without; the rest is switched off when the first cause begins.

    News that somebody is told of ahead moves the market before it comes.
    """
    return frozenset({"leverage", "exogenous_shock"} if told_ahead(scenario) else {"leverage"})


def told_ahead(scenario: "Scenario") -> bool:
    """Tell whether anybody who trades on news learns of a shock before it comes."""
    readers = [*READERS]
    if scenario.whale is not None and scenario.whale.informed:
        readers.append("whale")
    return any(
        scenario.information.tier_for(kind, event.tiers).ahead_s > 0.0
        for event in scenario.news
        if event.shock
        for kind in readers
    )


COMPARED = ("liquidations", "maker_withdrawal", "herding", "adl", "exogenous_shock", "credit_contagion")
"""Mechanisms of which a comparison runs the twin without this one alone."""


def switched_off(twin: str) -> frozenset[str]:
    """Return the mechanisms that are off in a twin.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    names = [] if twin == BASELINE else twin.split(JOIN)
    for name in names:
        if name not in MECHANISMS:
            raise ValueError(f"twin: unknown name {name!r}; known: {', '.join([BASELINE, *MECHANISMS])}")
    return frozenset(names)


def twin_without(mechanisms: Iterable[str]) -> str:
    """Return the name of the twin in which ``mechanisms`` are off."""
    return JOIN.join(sorted(set(mechanisms))) or BASELINE


def twin_label(twin: str) -> str:
    """Return a twin in words, such as ``"ADL and herding off"``."""
    labels = [mechanism.label for name, mechanism in MECHANISMS.items() if name in switched_off(twin)]
    if not labels:
        return "everything on"
    *first, last = labels
    return (f"{', '.join(first)} and {last}" if first else last) + " off"


def without_cause(scenario: "Scenario") -> frozenset[str]:
    """Return mechanisms for which a scenario names no cause: shocks, outages, institutions.

    Switching one of them off changes no byte of a run. What depends on the building of the market too is
    known to `experiments.coalitions.absent_mechanisms`.
    """
    absent = set()
    if not any(event.shock for event in scenario.news):
        absent.add("exogenous_shock")
    if not any(v.outages or v.withdrawals_suspended or v.capacity_per_s > 0.0 for v in scenario.venues):
        absent.add("outage")
    if scenario.institution.institutions == 0:
        absent.add("credit_contagion")
    return frozenset(absent)


def read_twin(where: str, twin: str) -> str:
    """Return the name, in its one spelling, of a twin that a user named.

    Parameters
    ----------
    where
        Option or key it came by, for the message.

    Raises
    ------
    InputError
        If a name is unknown.
    """
    if twin == BASELINE:
        return twin
    for name in twin.split(JOIN):
        check_mechanism(where, name, (BASELINE, *MECHANISMS))
    return twin_without(twin.split(JOIN))


def check_mechanism(where: str, name: str, known: Iterable[str] = MECHANISMS) -> None:
    """Raise InputError, with the nearest name, if ``name`` is not one of ``known``."""
    names = list(known)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"{where}: unknown mechanism {name!r}{hint} (known: {', '.join(names)})")


TWINS: dict[str, str] = {name: twin_label(name) for name in COMPARED}
"""Twin -> what it is called, for those that a comparison runs."""
