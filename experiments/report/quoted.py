"""Results of an ensemble as sentences and tables quote them: median, unit and interval, or why none."""

import math

from experiments.ensemble import Ensemble
from experiments.metrics import METRICS
from experiments.report.words import interval, number, with_unit
from experiments.statistics import Estimate


def said(ensemble: Ensemble, metric: str) -> str:
    """Return a metric's median, unit and interval, or why there is none."""
    estimate, unit = ensemble.metrics[metric], METRICS[metric].unit
    if math.isnan(estimate.median):
        return f"undefined ({ensemble.reasons.get(metric, 'no reason given')})"
    if math.isinf(estimate.median):
        return ensemble.reasons.get(metric, "not within the run")
    shown = interval(estimate, unit)
    if unit == "minutes" and abs(estimate.median) >= 180:
        scale = 1440.0 if abs(estimate.median) >= 2880 else 60.0
        shown = interval(
            Estimate(estimate.median, estimate.low / scale, estimate.high / scale, estimate.count), unit
        )
    seeds = len(ensemble.seeds)
    part = "" if estimate.count == seeds else f" ({estimate.count} of {seeds} seeds)"
    return f"{with_unit(estimate.median, unit)}{shown}{part}"


def exchanges(ensemble: Ensemble) -> list[str]:
    """Return the names of the exchanges, hub first."""
    return [name.partition("@")[2] for name in ensemble.details if name.startswith("fall@")]


def detail_said(ensemble: Ensemble, metric: str, exchange: str, unit: str) -> str:
    """Return a metric of one exchange with its interval; a dash where it is undefined."""
    estimate = ensemble.details.get(f"{metric}@{exchange}")
    if estimate is None or math.isnan(estimate.median):
        return "–"
    return with_unit(estimate.median, unit) + interval(estimate, unit)


KINDS = {
    "leveraged_retail": "leveraged retail",
    "social_herd": "social herd",
    "market_maker": "market makers",
    "arbitrageur": "arbitrageurs",
    "fundamentalist": "fundamentalists",
    "noise_trader": "noise traders",
    "cross_margin_fund": "cross-margin funds",
    "index_investor": "index investors",
    "institution": "institutions",
    "whale": "whale",
    "venue": "venues: fees, funds",
}
"""Kinds in the words of figures; any other kind is shown by its name."""


def groups_of(ensemble: Ensemble, metric: str, by: str) -> dict[str, Estimate]:
    """Return group -> estimate of a detail ``metric@by:group``."""
    head = f"{metric}@{by}:"
    return {name.removeprefix(head): item for name, item in ensemble.details.items() if name.startswith(head)}


def loss_rows(ensemble: Ensemble) -> list[tuple[str, ...]]:
    """Return for each kind, worst first, what it gained and what was deleveraged of it."""
    gains = groups_of(ensemble, "gain", "kind")
    return [
        (
            KINDS.get(kind, kind.replace("_", " ")),
            detail_said(ensemble, "gain", f"kind:{kind}", "million USD"),
            detail_said(ensemble, "gain_share", f"kind:{kind}", "share"),
            detail_said(ensemble, "deleveraged", kind, "million USD"),
            detail_said(ensemble, "deleveraged_in_profit", kind, "share"),
        )
        for kind in sorted(gains, key=lambda name: gains[name].median)
    ]


def stage_said(ensemble: Ensemble, stage: str) -> str:
    """Return when a stage began, and in how many seeds."""
    times = ensemble.stages.get(stage)
    if times is None or times.share == 0.0:
        return "not found"
    seeds = len(ensemble.seeds)
    found = "" if times.share == 1.0 else f" ({round(times.share * seeds)} of {seeds} seeds)"
    start = f"{number(times.start.median)} minutes{interval(times.start, 'minutes')}"
    return f"{start}{found}"
