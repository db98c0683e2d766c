"""``summary.json``: the numbers of a comparison for programs. Its schema is in docs/reference/summary.md."""

import math
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from experiments.chapter import Chapter
from experiments.ensemble import Ensemble
from experiments.mechanisms import TWINS
from experiments.metrics import METRICS, VENUE_METRICS
from experiments.paired import Pair
from experiments.statistics import Estimate

SCHEMA = 1
PACKAGES = ("undertow", "numpy", "numba", "mesa", "scipy", "pandas", "networkx", "matplotlib")


def software_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def summarise(
    chapters: Sequence[Chapter], command: str, versions: Mapping[str, str], pair: Pair | None = None
) -> dict[str, Any]:
    """Return the whole summary, ready for JSON: what is unknown is null, with a reason."""
    return {
        "schema": SCHEMA,
        "command": command,
        "versions": dict(versions),
        "scenarios": {chapter.ensemble.name: _scenario(chapter) for chapter in chapters},
        **({"difference": _pair(pair)} if pair is not None else {}),
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "first": pair.first,
        "second": pair.second,
        "seeds": list(pair.seeds),
        "metrics": {
            name: {
                **_estimate("second_minus_first", item.estimate, "not known in both runs of any seed"),
                "unit": item.unit,
            }
            for name, item in pair.differences.items()
        },
    }


def _scenario(chapter: Chapter) -> dict[str, Any]:
    ensemble = chapter.ensemble
    return {
        "title": ensemble.title,
        "event": chapter.event,
        "seeds": list(ensemble.seeds),
        "metrics": {
            name: {
                **_estimate("median", ensemble.metrics[name], ensemble.reasons.get(name, "")),
                "unit": metric.unit,
            }
            for name, metric in METRICS.items()
        },
        "twins": {
            twin: {
                **_estimate("share_of_fall_removed", share, "the baseline did not fall"),
                "label": TWINS[twin],
            }
            for twin, share in ensemble.twins.items()
        },
        "stages": {
            name: {
                "share_of_seeds": _plain(times.share),
                **_estimate("start_minutes", times.start, "not found"),
                "end_minutes": _plain(times.end.median),
            }
            for name, times in ensemble.stages.items()
        },
        "venues": _venues(ensemble),
        "withdrawals": {
            name.partition("@")[2]: _estimate("count", estimate, "not counted")
            for name, estimate in ensemble.details.items()
            if name.startswith("withdrawals@")
        },
        "reading": {
            "verdict": chapter.verdict,
            "evidence": list(chapter.evidence),
            "runs": dict(chapter.readings),
        },
        "targets": [
            {
                "id": target.id,
                "title": target.title,
                "metric": target.metric or None,
                "twin": target.twin or None,
                "real": _plain(target.real),
                "low": _plain(target.low),
                "high": _plain(target.high),
                "unit": target.unit,
                "source": target.source,
                "simulated": _plain(value),
                "n": ensemble.seeds_behind(target.metric, target.twin),
                "verdict": verdict,
                **({"reason": target.why_not} if target.why_not else {}),
            }
            for target, value, verdict in chapter.targets
        ],
        "failures": list(chapter.failures),
    }


def _venues(ensemble: Ensemble) -> dict[str, Any]:
    """Return exchange -> metric -> estimate."""
    venues: dict[str, Any] = {}
    for name, estimate in ensemble.details.items():
        metric, _, exchange = name.partition("@")
        if metric in VENUE_METRICS:
            entry = {**_estimate("median", estimate, "not traded there"), "unit": VENUE_METRICS[metric].unit}
            venues.setdefault(exchange, {})[metric] = entry
    return venues


def _estimate(name: str, estimate: Estimate, reason: str) -> dict[str, Any]:
    known = math.isfinite(estimate.median)
    interval = None if math.isnan(estimate.low) else [_plain(estimate.low), _plain(estimate.high)]
    entry: dict[str, Any] = {name: _plain(estimate.median), "ci95": interval, "n": estimate.count}
    if not known:
        entry["reason"] = reason or "undefined"
    return entry


def _plain(value: float) -> float | None:
    """Return a number that JSON can hold, to ten significant digits; None when there is none."""
    return float(f"{value:.10g}") if math.isfinite(value) else None
