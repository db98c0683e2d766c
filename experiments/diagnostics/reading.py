"""The reading of an event: repricing, cascade or mixed, from four pieces of evidence and a stated rule.

How violent the crash was is no evidence: 5-minute volatility was 28 times calm in October 2025 and 21 times
in March 2020. What tells the two apart is what lasts: whether the fall is given back, whether volatility
stays, and whether an outside market explains it. The thresholds are those of a rule, see
`experiments.diagnostics.rule`.
"""

import math
from dataclasses import dataclass
from typing import Literal

from abm.measures.price_path import DAY_S, HOUR_S
from experiments.diagnostics.rule import Rule, Thresholds, shipped_rule

Vote = Literal["cascade", "repricing", "neither", "abstains"]
Verdict = Literal["cascade", "repricing", "mixed", "undecided"]

MAJORITY = 0.75
LEAST_VOTES = 2
NOT_USED = "not part of the rule"


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence: what was measured, against which thresholds, and how it votes.

    Attributes
    ----------
    name
        The metric.
    value
        In ``unit``; nan where it could not be measured (or, for a recovery, did not happen).
    shown
        The value in words.
    rule
        The thresholds in words.
    vote
        ``"neither"`` lies between the thresholds, ``"abstains"`` could not be measured.
    """

    name: str
    value: float
    unit: str
    shown: str
    rule: str
    vote: Vote


@dataclass(frozen=True)
class Reading:
    """Verdict and evidence.

    The verdict is the side with at least three quarters of the votes cast for a side, ``"mixed"`` when
    neither has them, ``"undecided"`` with fewer than two votes.
    """

    verdict: Verdict
    evidence: tuple[Evidence, ...]

    @property
    def votes(self) -> dict[str, int]:
        """Return how many pieces of evidence vote for each side."""
        return {side: sum(e.vote == side for e in self.evidence) for side in ("cascade", "repricing")}


def read_event(
    sustained_half_recovery_s: float,
    observed_after_low_s: float,
    median_recovery: float,
    volatility_ratio_3d: float,
    equity_beta_share: float,
    held_s: float = 3 * DAY_S,
    rule: Rule | None = None,
) -> Reading:
    """Read an event from its persistence. Any argument may be nan: that evidence abstains.

    Parameters
    ----------
    sustained_half_recovery_s
        Seconds from the low until half of the fall was back and stayed; nan when that never happened.
    observed_after_low_s
        Seconds observed after the low; "never" counts as repricing when this is at least a day.
    median_recovery
        Median of R from 1 to 24 hours after the low.
    volatility_ratio_3d
        Volatility three days after the low over calm.
    equity_beta_share
        Share of the worst leg that beta to equities explains.
    held_s
        For how long the half recovery is known to have stayed, seconds.
    rule
        The thresholds; those that come with the package by default.
    """
    own = (rule or shipped_rule()).thresholds
    evidence = (
        _sustained(
            sustained_half_recovery_s,
            observed_after_low_s,
            held_s,
            own.get("half_recovery_sustained_minutes"),
        ),
        *(
            _between(name, value, own.get(name))
            for name, value in (
                ("recovery_share_median_1_24h", median_recovery),
                ("volatility_ratio_3d", volatility_ratio_3d),
                ("equity_beta_share", equity_beta_share),
            )
        ),
    )
    return Reading(_verdict(evidence), evidence)


def _verdict(evidence: tuple[Evidence, ...]) -> Verdict:
    cascade = sum(e.vote == "cascade" for e in evidence)
    repricing = sum(e.vote == "repricing" for e in evidence)
    cast = cascade + repricing
    if cast < LEAST_VOTES:
        return "undecided"
    if cascade >= MAJORITY * cast:
        return "cascade"
    return "repricing" if repricing >= MAJORITY * cast else "mixed"


def _vote(value: float, thresholds: Thresholds) -> Vote:
    """Vote by two thresholds; high values speak for the side with the higher one."""
    cascade, repricing = thresholds.cascade, thresholds.repricing
    above: Vote = "cascade" if cascade > repricing else "repricing"
    below: Vote = "repricing" if cascade > repricing else "cascade"
    if value > max(cascade, repricing):
        return above
    return below if value < min(cascade, repricing) else "neither"


def _between(name: str, value: float, thresholds: Thresholds | None) -> Evidence:
    shown = "not measured" if math.isnan(value) else f"{value:.2f}"
    if thresholds is None:
        return Evidence(name, value, "", shown, NOT_USED, "abstains")
    vote: Vote = "abstains" if math.isnan(value) else _vote(value, thresholds)
    top, bottom = sorted((thresholds.cascade, thresholds.repricing), reverse=True)
    above, below = ("cascade", "repricing") if top == thresholds.cascade else ("repricing", "cascade")
    return Evidence(name, value, "", shown, f"> {top:.3g} {above}, < {bottom:.3g} {below}", vote)


def _sustained(after_s: float, observed_s: float, held_s: float, thresholds: Thresholds | None) -> Evidence:
    shown = f"{in_words(after_s)} after the low, kept {in_words(held_s)}"
    if math.isnan(after_s):
        shown = f"not within the {in_words(observed_s)} observed"
    if thresholds is None:
        return Evidence("half_recovery_sustained", after_s, "seconds", shown, NOT_USED, "abstains")
    cascade_s, repricing_s = 60.0 * thresholds.cascade, 60.0 * thresholds.repricing
    vote: Vote = "abstains"
    if not math.isnan(after_s):
        vote = _vote(after_s / 60.0, thresholds)
    elif observed_s >= repricing_s:
        vote = "repricing"
    rule = f"< {in_words(cascade_s)} cascade, > {in_words(repricing_s)} repricing"
    return Evidence("half_recovery_sustained", after_s, "seconds", shown, rule, vote)


def in_words(span_s: float) -> str:
    """Return a time span in the unit that suits it: ``45 s``, ``10 min``, ``6.5 h``, ``6.4 d``."""
    if math.isnan(span_s):
        return "unknown"
    for limit, unit, size in ((60.0, "s", 1.0), (HOUR_S, "min", 60.0), (2 * DAY_S, "h", HOUR_S)):
        if span_s < limit:
            return f"{span_s / size:.3g} {unit}"
    return f"{span_s / DAY_S:.3g} d"
