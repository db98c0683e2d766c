"""Two scenarios that differ by stated settings, seed by seed: what the change did."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.metrics import METRICS, VENUE_METRICS
from experiments.results import RunResult
from experiments.statistics import Estimate, estimate_median

PAIRED = (
    "total_fall",
    "amplification",
    "alt_to_btc_fall_ratio",
    "time_to_low_minutes",
    "half_recovery_minutes",
    "recovery_share_1h",
    "depth_1pct_collapse",
    "liquidated_over_open_interest",
    "adl_share_of_forced",
    "insurance_fund_change",
    "venue_gap",
    "venue_gap_other",
    "collateral_lowest",
    "maker_withdrawals",
)
"""Metrics whose differences are told."""
PAIRED_BY_EXCHANGE = ("fall", "alt_fall")
"""The same for those of each exchange."""


@dataclass(frozen=True)
class Difference:
    """One quantity: its title, unit, and the median over seeds of second minus first."""

    title: str
    unit: str
    estimate: Estimate


@dataclass(frozen=True)
class Pair:
    """What a change of settings did.

    Attributes
    ----------
    first, second
        Names of the two scenarios.
    seeds
        Seeds that finished in both.
    differences
        Metric, or ``metric@exchange`` -> second minus first.
    """

    first: str
    second: str
    seeds: tuple[int, ...]
    differences: Mapping[str, Difference]


def pair_runs(first: str, second: str, results: Sequence[RunResult]) -> Pair:
    """Compare the baselines of two scenarios seed by seed.

    The interval is the percentile-bootstrap interval of the median of the differences. A seed in which a
    quantity is undefined on either side, or beyond the end of both runs, is left out for it.
    """
    runs = {
        name: {run.seed: run for run in results if run.scenario == name and run.twin == "baseline"}
        for name in (first, second)
    }
    seeds = tuple(seed for seed in runs[first] if seed in runs[second])
    pairs = [(runs[first][seed], runs[second][seed]) for seed in seeds]
    differences = {
        name: Difference(
            METRICS[name].title,
            METRICS[name].unit,
            estimate_differences([(a.metrics[name], b.metrics[name]) for a, b in pairs]),
        )
        for name in PAIRED
    }
    for name in pairs[0][0].details if pairs else ():
        metric, _, exchange = name.partition("@")
        if metric in PAIRED_BY_EXCHANGE:
            values = [(a.details[name], b.details.get(name, math.nan)) for a, b in pairs]
            terms = VENUE_METRICS[metric]
            differences[name] = Difference(
                f"{terms.title}: {exchange}", terms.unit, estimate_differences(values)
            )
    return Pair(first, second, seeds, differences)


def estimate_differences(values: Sequence[tuple[float, float]]) -> Estimate:
    """Return the median of second minus first; a time beyond the end of both runs is left out."""
    return estimate_median([math.nan if a == b == math.inf else b - a for a, b in values])
