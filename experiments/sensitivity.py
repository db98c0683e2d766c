"""Which parameter of a sweep a metric depends on: Sobol indices, Morris's elementary effects, PAWN."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.errors import InputError
from experiments.sensitivity_measures import Floats, Index, morris, pawn, sobol
from experiments.stored_runs import StoredRuns, column_named
from experiments.sweeps.sampling import need_salib, sample_points, unit_points
from experiments.sweeps.sweep_file import Axis, Sample, SweepFile

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Sensitivity:
    """What a metric depends on.

    Attributes
    ----------
    metric, title, unit
        The metric.
    method
        How the parameters were drawn: `Sample.method`.
    points, seeds
        Settings, and runs of each; the metric of a setting is the mean over its runs.
    mean, deviation
        Of the metric over settings.
    indices
        Every measure of every parameter.
    """

    metric: str
    title: str
    unit: str
    method: str
    points: int
    seeds: int
    mean: float
    deviation: float
    indices: tuple[Index, ...]


def sensitivity(folder: Path, metrics: Sequence[str] = ("total_fall",)) -> list[Sensitivity]:
    """Return what each of ``metrics`` depends on in the sweep in ``folder``.

    The method follows from how the sweep drew its points: a Saltelli design gives Sobol indices, Morris's
    trajectories elementary effects, a Latin hypercube or a Sobol sequence PAWN.

    Raises
    ------
    InputError
        If the sweep is no sample, is not complete, or a metric is undefined somewhere or never varies.
    """
    stored = StoredRuns(folder)
    if "sweep" not in stored.about:
        raise InputError(f"{folder}: not the store of a sweep file")
    file = SweepFile.model_validate_json(stored.about["sweep"])
    axes, sample = sampled_only(file)
    table = stored.table
    if not len(table):
        raise InputError(f"{folder}: no run has finished")
    table = table[table["twin"] == "baseline"]
    points = sample_points(sample, axes)
    found = []
    for name in metrics:
        metric = column_named(table, name, "--metrics")
        values, seeds = values_at(table, axes, points, metric)
        indices = tuple(_indices(sample, axes, values))
        found.append(
            Sensitivity(
                metric,
                stored.titles.get(metric, metric),
                stored.unit(metric),
                sample.method,
                len(points),
                seeds,
                float(values.mean()),
                float(values.std()),
                indices,
            )
        )
    return found


def sampled_only(file: SweepFile) -> tuple[list[Axis], Sample]:
    """Return the axes of a sweep and how they were drawn.

    Raises
    ------
    InputError
        If there are axes that were not drawn, or that hang on others.
    """
    others = [axis.path for axis in file.axes if not axis.sampled or axis.when]
    if file.sample is None or others:
        told = f"; {others[0]} is not" if others and file.sample is not None else ""
        raise InputError(
            f"sensitivity needs a sweep whose axes are all sampled (low, high, [sample]) without when{told}"
        )
    if len(file.axes) < 2:
        raise InputError(
            "sensitivity needs a sweep of at least two axes: with one there is nothing to compare"
        )
    return list(file.axes), file.sample


def check_installed(sample: Sample) -> None:
    """Make sure that what the analysis of a sample needs is there.

    Raises
    ------
    InputError
        If SALib is needed and not installed.
    """
    if sample.method != "saltelli":
        need_salib("SALib")


def values_at(
    table: "pd.DataFrame", axes: Sequence[Axis], points: Sequence[Sequence[float]], metric: str
) -> tuple[Floats, int]:
    """Return the mean of a metric over the runs of each point, and how many runs a point has.

    Raises
    ------
    InputError
        If a point has no run, fewer than others, or one in which the metric is undefined.
    """
    keys = [tuple(row) for row in table[[axis.path for axis in axes]].to_numpy(np.float64).tolist()]
    runs: dict[tuple[float, ...], list[float]] = {}
    for key, value in zip(keys, table[metric].to_numpy(np.float64).tolist(), strict=True):
        runs.setdefault(key, []).append(value)
    wanted = [runs.get(tuple(map(float, point)), []) for point in points]
    most = max(map(len, wanted))
    missing = sum(len(own) < most for own in wanted)
    if missing:
        raise InputError(
            f"{missing} of {len(points)} points lack runs; `undertow sweep` with the same file does them"
        )
    values = np.array(wanted)
    undefined = int((~np.isfinite(values)).sum())
    if undefined:
        raise InputError(
            f"--metrics: {metric} is undefined, or beyond the end of the run, in {undefined} of "
            f"{values.size} runs; choose one that every run has, such as total_fall"
        )
    means = values.mean(axis=1)
    if np.ptp(means) == 0.0:
        raise InputError(
            f"--metrics: {metric} is {means[0]:g} in every run; it depends on nothing that was varied"
        )
    return means, most


def _indices(sample: Sample, axes: Sequence[Axis], values: Floats) -> list[Index]:
    paths = [axis.path for axis in axes]
    if sample.method == "saltelli":
        return sobol(paths, values)
    unit = unit_points(sample, len(axes))
    return morris(paths, unit, values) if sample.method == "morris" else pawn(paths, unit, values)


def as_csv(found: Sequence[Sensitivity]) -> str:
    """Return one row for each metric, parameter and measure."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["metric", "parameter", "measure", "value", "low", "high", "method", "points", "seeds"])
    for item in found:
        for index in item.indices:
            numbers = (index.value, index.low, index.high)
            cells = ["" if math.isnan(number) else f"{number:.10g}" for number in numbers]
            writer.writerow(
                [item.metric, index.path, index.measure, *cells, item.method, item.points, item.seeds]
            )
    return stream.getvalue()
