"""A policy study as files: policy.json, policy.csv, the picture."""

import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.metrics import METRICS, VENUE_METRICS
from experiments.output import write_bytes, write_text
from experiments.policies.figure import pareto_picture
from experiments.policies.policy_file import NO_CHANGE
from experiments.policies.study import PolicyStudy
from experiments.statistics import Estimate
from experiments.summary import software_versions

NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


def write_study(study: PolicyStudy, command: str) -> list[Path]:
    """Write table, numbers and picture into the study's folder; return their paths."""
    paths = [study.folder / name for name in ("policy.json", "policy.csv", "policy.png")]
    write_text(paths[0], as_json(study, command))
    write_text(paths[1], as_csv(study))
    write_bytes(paths[2], pareto_picture(study))
    return paths


def unit_of(metric: str) -> str:
    """Return the unit of a metric, or of one of an exchange; a plain count for withdrawals."""
    general = metric.partition("@")[0]
    known = METRICS.get(metric) or VENUE_METRICS.get(general)
    return known.unit if known else "count"


def as_json(study: PolicyStudy, command: str) -> str:
    """Return everything that the study found."""
    told = {
        "command": command,
        "scenario": study.scenario.model_dump(mode="json"),
        "seeds": list(study.seeds),
        "objectives": list(study.objectives),
        NO_CHANGE: {"non_dominated": study.base_kept, "metrics": _rows(study.base)},
        "policies": [
            {
                "name": item.applied.policy.name,
                "title": item.applied.policy.title,
                "source": item.applied.policy.source,
                "settings": item.applied.settings,
                "seeds": list(item.seeds),
                "non_dominated": item.kept,
                "metrics": _rows(item.levels),
                "differences": _rows(item.differences),
            }
            for item in study.outcomes
        ],
        "without_effect_here": list(study.idle),
        "failures": list(study.failures),
        "versions": software_versions(),
    }
    return json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _rows(estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    return {
        name: {
            "median": _plain(estimate.median),
            "ci95": None if math.isnan(estimate.low) else [_plain(estimate.low), _plain(estimate.high)],
            "n": estimate.count,
            "unit": unit_of(name),
        }
        for name, estimate in estimates.items()
    }


def _plain(value: float) -> float | None:
    return float(f"{value:.10g}") if math.isfinite(value) else None


def as_csv(study: PolicyStudy) -> str:
    """Return one row for each policy and metric: level and paired difference, each with its interval."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        ["policy", "metric", "unit", "median", "low", "high", "seeds"]
        + [f"difference_{name}" for name in ("median", "low", "high", "seeds")]
    )
    for name, estimate in study.base.items():
        writer.writerow([NO_CHANGE, name, unit_of(name), *_cells(estimate), *_cells(NOTHING)])
    for item in study.outcomes:
        for name, estimate in item.levels.items():
            change = item.differences.get(name, NOTHING)
            writer.writerow(
                [item.applied.policy.name, name, unit_of(name), *_cells(estimate), *_cells(change)]
            )
    return stream.getvalue()


def _cells(estimate: Estimate) -> list[str]:
    values = (estimate.median, estimate.low, estimate.high)
    return [*("" if math.isnan(value) else f"{value:.10g}" for value in values), str(estimate.count)]
