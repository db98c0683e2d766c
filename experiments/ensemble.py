"""All runs of one scenario brought together: medians, intervals, twins and bands over seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from abm.measures.stages import STAGES
from experiments.mechanisms import TWINS
from experiments.results import RunResult
from experiments.statistics import Estimate, estimate_median, quantile_bands

Floats = npt.NDArray[np.float64]

RECOVERY_POINTS = 160


@dataclass(frozen=True)
class StageTimes:
    """When a stage came: share of seeds that went through it, start and end in minutes from P0."""

    share: float
    start: Estimate
    end: Estimate


@dataclass(frozen=True)
class Ensemble:
    """What the runs of one scenario say together.

    Attributes
    ----------
    name, title
        The scenario.
    crash_minutes
        Length of the crash phase from P0.
    seeds
        Seeds whose baseline finished.
    metrics
        Name -> median over seeds and interval.
    reasons
        Metric whose median is undefined or censored -> why.
    twins
        Mechanism -> share of the fall that goes away without it, ``1 - fall(twin) / fall(baseline)``.
    minute
        Minutes from P0 of the bands, shape ``(times,)``.
    bands
        Series -> 5 %, 50 % and 95 % quantiles over seeds, shape ``(3, times)``; prices and open interest also
        as percent of their value at P0 (``price_percent``, ``eth_percent``, ``alt_percent``,
        ``open_interest_percent``), those of exchanges as well (``price_percent@dex``).
    paths
        Price of each seed in percent of P0, shape ``(seeds, times)``.
    twin_prices
        Mechanism -> (minutes from P0, median price in percent of P0).
    recovery_hours, recovery
        Hours after the low, and quantiles of the share of the fall given back R(h), shape ``(3, hours)``.
    marks
        Scheduled causes, name -> minutes from P0.
    stages
        Every stage of `abm.measures.stages.STAGES` -> in how many seeds, and when.
    details
        ``metric@exchange`` and ``withdrawals@reason`` -> median over seeds and interval.
    frames
        Both networks at five moments of the first seed; see `experiments.network_frames`.
    """

    name: str
    title: str
    crash_minutes: float
    seeds: tuple[int, ...]
    metrics: Mapping[str, Estimate]
    reasons: Mapping[str, str]
    twins: Mapping[str, Estimate]
    minute: Floats
    bands: Mapping[str, Floats]
    paths: Floats
    twin_prices: Mapping[str, tuple[Floats, Floats]]
    recovery_hours: Floats
    recovery: Floats
    marks: Mapping[str, float] = field(default_factory=dict)
    stages: Mapping[str, StageTimes] = field(default_factory=dict)
    details: Mapping[str, Estimate] = field(default_factory=dict)
    frames: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    @property
    def medians(self) -> dict[str, float]:
        """Return metric -> median over seeds."""
        return {name: estimate.median for name, estimate in self.metrics.items()}

    def seeds_behind(self, metric: str, twin: str = "") -> int:
        """Return in how many seeds a metric, or the share of the fall that a twin removed, is defined."""
        estimate = self.twins.get(twin) if twin else self.metrics.get(metric)
        return estimate.count if estimate is not None else 0

    @property
    def twin_medians(self) -> dict[str, float]:
        """Return mechanism -> median share of the fall removed."""
        return {name: estimate.median for name, estimate in self.twins.items()}


def gather(name: str, title: str, crash_minutes: float, results: Sequence[RunResult]) -> Ensemble:
    """Bring the runs of one scenario together.

    Raises
    ------
    ValueError
        If no baseline run is among ``results``.
    """
    baselines = [result for result in results if result.twin == "baseline"]
    if not baselines:
        raise ValueError(f"{name}: no baseline run finished")
    metrics = {
        metric: estimate_median([result.metrics[metric] for result in baselines])
        for metric in baselines[0].metrics
    }
    minute, bands = _bands(baselines)
    hours, recovery = _recovery(baselines)
    return Ensemble(
        name=name,
        title=title,
        crash_minutes=crash_minutes,
        seeds=tuple(result.seed for result in baselines),
        metrics=metrics,
        reasons=_reasons(baselines, metrics),
        twins=_twin_shares(results, baselines),
        minute=minute,
        bands=bands,
        paths=np.stack([_percent_of_p0(result, "price")[: minute.size] for result in baselines]),
        twin_prices=_twin_prices(results),
        recovery_hours=hours,
        recovery=recovery,
        marks=baselines[0].marks,
        stages={name: _stage_times(name, baselines) for name in STAGES},
        details=_details(baselines),
        frames=baselines[0].frames,
    )


def _stage_times(name: str, baselines: Sequence[RunResult]) -> StageTimes:
    found = [result.stages[name] for result in baselines if name in result.stages]
    begins, ends = ([stage[k] for stage in found] for k in (0, 1))
    return StageTimes(len(found) / len(baselines), estimate_median(begins), estimate_median(ends))


def _details(baselines: Sequence[RunResult]) -> dict[str, Estimate]:
    """Return the median of every detail; what a run did not count did not happen in it."""
    names = dict.fromkeys(name for result in baselines for name in result.details)
    return {name: estimate_median([result.details.get(name, 0.0) for result in baselines]) for name in names}


def _reasons(baselines: Sequence[RunResult], metrics: Mapping[str, Estimate]) -> dict[str, str]:
    """Return why a median is undefined or censored: the reason that most runs give."""
    reasons = {}
    for name, estimate in metrics.items():
        if not np.isfinite(estimate.median):
            given = [result.reasons[name] for result in baselines if name in result.reasons]
            reasons[name] = max(given, key=given.count) if given else "undefined"
    return reasons


def _twin_shares(results: Sequence[RunResult], baselines: Sequence[RunResult]) -> dict[str, Estimate]:
    falls = {result.seed: result.metrics["total_fall"] for result in baselines}
    shares: dict[str, list[float]] = {}
    for result in results:
        if result.twin != "baseline" and falls.get(result.seed, 0.0) > 0.0:
            share = 1.0 - result.metrics["total_fall"] / falls[result.seed]
            shares.setdefault(result.twin, []).append(share)
    return {twin: estimate_median(shares[twin]) for twin in sorted(shares, key=_twin_order)}


def _twin_order(twin: str) -> tuple[int, str]:
    known = list(TWINS)
    return (known.index(twin) if twin in known else len(known), twin)


def _percent_of_p0(result: RunResult, series: str) -> Floats:
    at_p0 = np.searchsorted(result.minutes["minute"], 0.0)
    return 100.0 * result.minutes[series] / result.minutes[series][at_p0]


def _bands(baselines: Sequence[RunResult]) -> tuple[Floats, dict[str, Floats]]:
    size = min(result.minutes["minute"].size for result in baselines)
    minute = baselines[0].minutes["minute"][:size]
    bands = {}
    none = np.zeros(size)  # a withdrawal for a reason that a run did not have
    for series in dict.fromkeys(name for result in baselines for name in result.minutes):
        if series != "minute":
            stack = [result.minutes.get(series, none)[:size] for result in baselines]
            bands[series] = quantile_bands(np.stack(stack))
    relative = {
        "price": "price_percent",
        "eth_price": "eth_percent",
        "alt_price": "alt_percent",
        "open_interest": "open_interest_percent",
    }
    for series in baselines[0].minutes:
        short, _, exchange = series.partition("@")
        if exchange and short in ("price", "alt_price"):
            relative[series] = f"{relative[short]}@{exchange}"
    for series, name in relative.items():
        if series in bands:
            bands[name] = quantile_bands(
                np.stack([_percent_of_p0(result, series)[:size] for result in baselines])
            )
    return minute, bands


def _twin_prices(results: Sequence[RunResult]) -> dict[str, tuple[Floats, Floats]]:
    """Return the median price of every twin, percent of P0."""
    prices = {}
    for twin in TWINS:
        runs = [result for result in results if result.twin == twin and "price" in result.minutes]
        if runs:
            size = min(result.minutes["minute"].size for result in runs)
            stack = np.stack([_percent_of_p0(result, "price")[:size] for result in runs])
            prices[twin] = (runs[0].minutes["minute"][:size], quantile_bands(stack, (0.5,))[0])
    return prices


def recovery_curve(
    minute: Floats, price: Floats, low_minute: float, p0: float, low: float, hours: Floats
) -> Floats:
    """Return R(h), the share of the fall given back ``hours`` after the low; nan past the end."""
    at = low_minute + 60.0 * hours
    back = (np.interp(at, minute, price) - low) / (p0 - low)
    return np.where(at <= minute[-1] + 1e-9, back, np.nan)


def _recovery(baselines: Sequence[RunResult]) -> tuple[Floats, Floats]:
    left = [result.minutes["minute"][-1] - result.metrics["time_to_low_minutes"] for result in baselines]
    longest = max(min((item for item in left if not math.isnan(item)), default=0.0) / 60.0, 0.2)
    hours = np.geomspace(1.0 / 30.0, longest, RECOVERY_POINTS)
    curves = []
    for result in baselines:
        minute, price = result.minutes["minute"], result.minutes["price"]
        p0 = price[np.searchsorted(minute, 0.0)]
        low = p0 * (1.0 - result.metrics["total_fall"] / 100.0)
        low_minute = result.metrics["time_to_low_minutes"]
        if low < p0 and np.isfinite(low_minute):
            curves.append(recovery_curve(minute, price, low_minute, p0, low, hours))
    if not curves:
        return hours, np.full((3, hours.size), np.nan)
    return hours, quantile_bands(np.stack(curves))
