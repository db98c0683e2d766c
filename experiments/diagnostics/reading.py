"""The reading of an event: repricing, cascade or mixed, from four pieces of evidence and a stated rule.

How violent the crash was is no evidence: 5-minute volatility was 28 times calm in October 2025 and 21 times
in March 2020. What tells the two apart is what lasts: whether the fall is given back, whether volatility
stays, and whether an outside market explains it. The thresholds lie between the figures of the two events.
"""

import math
from dataclasses import dataclass
from typing import Literal

from abm.measures.price_path import DAY_S, HOUR_S

Vote = Literal["cascade", "repricing", "neither", "abstains"]
Verdict = Literal["cascade", "repricing", "mixed", "undecided"]

SUSTAINED_CASCADE_S = 6 * HOUR_S  # October 2025: 10 minutes
SUSTAINED_REPRICING_S = DAY_S  # March 2020: 6.5 days
MEDIAN_RECOVERY_CASCADE = 0.55  # October 2025: 0.68
MEDIAN_RECOVERY_REPRICING = 0.50  # March 2020: 0.39 to 0.45
VOLATILITY_CASCADE = 2.5  # October 2025: 1.4
VOLATILITY_REPRICING = 3.0  # March 2020: 7.4
BETA_SHARE_CASCADE = 0.10  # October 2025: about 0
BETA_SHARE_REPRICING = 0.20  # March 2020: 0.24
MAJORITY = 0.75
LEAST_VOTES = 2


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
    """
    evidence = (
        _sustained(sustained_half_recovery_s, observed_after_low_s, held_s),
        _between(
            "recovery_share_median_1_24h", median_recovery, MEDIAN_RECOVERY_CASCADE, MEDIAN_RECOVERY_REPRICING
        ),
        _between("volatility_ratio_3d", volatility_ratio_3d, VOLATILITY_CASCADE, VOLATILITY_REPRICING),
        _between("equity_beta_share", equity_beta_share, BETA_SHARE_CASCADE, BETA_SHARE_REPRICING),
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


def _between(name: str, value: float, cascade: float, repricing: float) -> Evidence:
    """Vote by two thresholds; high values speak for the side with the higher one."""
    above, below = ("cascade", "repricing") if cascade > repricing else ("repricing", "cascade")
    top, bottom = max(cascade, repricing), min(cascade, repricing)
    vote: Vote = "neither"
    if math.isnan(value):
        vote = "abstains"
    elif value > top:
        vote = "cascade" if above == "cascade" else "repricing"
    elif value < bottom:
        vote = "cascade" if below == "cascade" else "repricing"
    rule = f"> {top:g} {above}, < {bottom:g} {below}"
    return Evidence(name, value, "", "not measured" if vote == "abstains" else f"{value:.2f}", rule, vote)


def _sustained(after_s: float, observed_s: float, held_s: float) -> Evidence:
    rule = f"< {in_words(SUSTAINED_CASCADE_S)} cascade, > {in_words(SUSTAINED_REPRICING_S)} repricing"
    vote: Vote = "neither"
    if math.isnan(after_s):
        vote = "repricing" if observed_s >= SUSTAINED_REPRICING_S else "abstains"
        shown = f"not within the {in_words(observed_s)} observed"
    else:
        vote = "cascade" if after_s < SUSTAINED_CASCADE_S else vote
        vote = "repricing" if after_s > SUSTAINED_REPRICING_S else vote
        shown = f"{in_words(after_s)} after the low, kept {in_words(held_s)}"
    return Evidence("half_recovery_sustained", after_s, "seconds", shown, rule, vote)


def in_words(span_s: float) -> str:
    """Return a time span in the unit that suits it: ``45 s``, ``10 min``, ``6.5 h``, ``6.4 d``."""
    if math.isnan(span_s):
        return "unknown"
    for limit, unit, size in ((60.0, "s", 1.0), (HOUR_S, "min", 60.0), (2 * DAY_S, "h", HOUR_S)):
        if span_s < limit:
            return f"{span_s / size:.3g} {unit}"
    return f"{span_s / DAY_S:.3g} d"
