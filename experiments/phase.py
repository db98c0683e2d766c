"""Phase diagrams: from a sweep over two axes to the map of a metric, and where calm turns into cascade."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experiments.errors import InputError
from experiments.statistics import estimate_median
from experiments.stored_runs import RUN_COLUMNS, StoredRuns, chosen, column_named

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

RULE = "amplification>2"
"""What counts as a cascade: the fall is more than twice the direct reaction to the news."""
SHARE = 0.5


@dataclass(frozen=True)
class PhaseMap:
    """A metric over two axes.

    Attributes
    ----------
    x_path, y_path
        Scenario keys of the axes.
    metric, unit, title
        What is drawn.
    rule, share
        A point is a cascade where at least this share of its runs meets the rule.
    x, y
        Values of the axes, rising, shapes ``(columns,)`` and ``(rows,)``.
    median, low, high
        Of the metric over runs, with the interval of `experiments.statistics.estimate_median`, shape
        ``(rows, columns)``; nan where no run has finished.
    cascades
        Share of runs that meet the rule, same shape.
    runs
        Number of runs, same shape.
    """

    x_path: str
    y_path: str
    metric: str
    unit: str
    title: str
    rule: str
    share: float
    x: Floats
    y: Floats
    median: Floats
    low: Floats
    high: Floats
    cascades: Floats
    runs: npt.NDArray[np.int64]


def phase_map(
    folder: Path,
    x: str,
    y: str,
    metric: str = "total_fall",
    *,
    rule: str = RULE,
    share: float = SHARE,
    where: Sequence[str] = (),
) -> PhaseMap:
    """Return the map of ``metric`` over the axes ``x`` and ``y`` of the sweep in ``folder``.

    Parameters
    ----------
    rule
        Condition on the metrics of a run, such as ``amplification>2``. A run in which that metric is
        undefined does not meet it.
    share
        Share of the runs of a point that must meet it.
    where
        Conditions that choose runs.

    Raises
    ------
    InputError
        For unknown names, axes that were not varied or hold no numbers, and other axes that are left.
    """
    stored = StoredRuns(folder)
    table = chosen(_baselines(stored.table, where), where)
    if table.empty:
        raise InputError(f"{folder}: no finished run to draw")
    x, y = (column_named(table, name, option) for name, option in ((x, "--x"), (y, "--y")))
    metric = column_named(table, metric, "--metric")
    if x == y:
        raise InputError(f"--y: {y!r} is the other axis already; name two different ones")
    columns = (_axis(table, x, "--x"), _axis(table, y, "--y"))
    _check_others(stored, table, (x, y))
    met = table.index.isin(_meeting(table, rule).index)
    values = [np.unique(column) for column in columns]
    shape = (len(values[1]), len(values[0]))
    median, low, high, cascades = (np.full(shape, np.nan) for _ in range(4))
    runs = np.zeros(shape, np.int64)
    for row, column in np.ndindex(shape):
        here = (columns[0] == values[0][column]) & (columns[1] == values[1][row])
        runs[row, column] = here.sum()
        if here.any():
            estimate = estimate_median(table[metric].to_numpy(np.float64)[here])
            median[row, column], low[row, column] = estimate.median, estimate.low
            high[row, column] = estimate.high
            cascades[row, column] = met[here].mean()
    return PhaseMap(
        x, y, metric, stored.unit(metric), stored.titles.get(metric, metric), rule, share,
        values[0], values[1], median, low, high, cascades, runs,
    )  # fmt: skip


def _baselines(table: "pd.DataFrame", where: Sequence[str]) -> "pd.DataFrame":
    """Leave out twins, unless a condition says which runs are wanted."""
    asked = any(condition.split("=")[0].strip() == "twin" for condition in where)
    return table if asked else table[table["twin"] == "baseline"]


def _axis(table: "pd.DataFrame", name: str, option: str) -> Floats:
    """Return the values of an axis, one a run."""
    try:
        values = table[name].to_numpy(np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"{option}: {name!r} holds no numbers; choose another axis, and --where for it"
        ) from None
    if len(np.unique(values)) < 2 or np.isnan(values).any():
        raise InputError(f"{option}: {name!r} needs at least two values, one in every run")
    return values


def _check_others(stored: StoredRuns, table: "pd.DataFrame", axes: tuple[str, str]) -> None:
    """Refuse a map in which other settings differ from run to run."""
    metrics = table.attrs.get("units") or stored.everything.attrs["units"]
    others = [
        str(name)
        for name in table.columns
        if name not in (*RUN_COLUMNS, *axes) and name not in metrics and table[name].nunique(dropna=False) > 1
    ]
    if others:
        example = table[others[0]].iloc[0]
        raise InputError(
            f"the sweep also varies {', '.join(others)}; choose one value of each, such as "
            f"--where {others[0]}={example}"
        )


def _meeting(table: "pd.DataFrame", rule: str) -> "pd.DataFrame":
    """Return the runs that meet the rule."""
    try:
        return chosen(table, [rule])
    except InputError as error:
        raise InputError(str(error).replace("--where", "--rule")) from None


def as_csv(phases: PhaseMap) -> str:
    """Return one row for each point of the map."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    head = [f"{phases.metric}_{name}" for name in ("median", "low", "high")]
    writer.writerow([phases.x_path, phases.y_path, "runs", *head, "cascade_share", "cascade"])
    for row, column in np.ndindex(phases.median.shape):
        numbers = (phases.median, phases.low, phases.high, phases.cascades)
        cells = ["" if np.isnan(item[row, column]) else f"{item[row, column]:.10g}" for item in numbers]
        is_cascade = phases.cascades[row, column] >= phases.share
        point = (f"{phases.x[column]:.10g}", f"{phases.y[row]:.10g}", phases.runs[row, column])
        writer.writerow([*point, *cells, int(is_cascade)])
    return stream.getvalue()
