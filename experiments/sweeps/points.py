"""From axes to points: all combinations of lists and ranges, zipped axes in step, samples across them."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from experiments.errors import InputError
from experiments.sweeps.sampling import KEPT_DIGITS, design_size, sample_points
from experiments.sweeps.sweep_file import LARGEST_SWEEP, Axis, SweepFile

Point = dict[str, Any]


def points_of(sweep: SweepFile) -> list[Point]:
    """Return every point of a sweep, settings by dotted path, each once, in the order of the file.

    Raises
    ------
    InputError
        For zipped axes of different lengths, and when there are more runs than `LARGEST_SWEEP`.
    """
    repeats = len(sweep.twins) * (len(sweep.seeds) if sweep.seeds is not None else sweep.replications or 1)
    groups = _groups(sweep.axes)
    largest = repeats * math.prod(len(rows) for _, rows in groups)
    if sweep.sample is not None:
        largest *= design_size(sweep.sample, sum(axis.sampled for axis in sweep.axes))
    most = LARGEST_SWEEP // repeats
    found: dict[str, Point] = {}
    if largest <= 10 * LARGEST_SWEEP or any(axis.when for axis in sweep.axes):
        for point in islice(_all(sweep, groups), 10 * LARGEST_SWEEP):
            found.setdefault(json.dumps(point, sort_keys=True, default=str), point)
            if len(found) > most:
                break
    if not found or len(found) > most:
        raise InputError(
            f"axes: together up to {largest:,} runs; a sweep has at most {LARGEST_SWEEP:,}. Take fewer "
            "values, replications or twins, or sample the axes (low, high and [sample])"
        )
    return list(found.values())


def _groups(axes: Sequence[Axis]) -> list[tuple[list[Axis], list[tuple[Any, ...]]]]:
    """Return the axes that are not sampled, those in step together, each group with its rows of values."""
    together: dict[str, list[tuple[int, Axis]]] = {}
    for place, axis in enumerate(axes):
        if not axis.sampled:
            together.setdefault(axis.zip or f" {place}", []).append((place, axis))
    groups = []
    for word, members in together.items():
        columns = [values_of(axis) for _, axis in members]
        if len({len(column) for column in columns}) > 1:
            told = ", ".join(
                f"axes.{place} ({axis.path}) has {len(column)}"
                for (place, axis), column in zip(members, columns, strict=True)
            )
            raise InputError(f"axes: zip = {word!r} needs as many values in each: {told}")
        if any(axis.when != members[0][1].when for _, axis in members):
            raise InputError(f"axes: zip = {word!r} needs the same when in each of its axes")
        groups.append(([axis for _, axis in members], list(zip(*columns, strict=True))))
    return groups


def values_of(axis: Axis) -> list[Any]:
    """Return the values of a list or a range."""
    if axis.values is not None:
        return list(axis.values)
    start, end = float(axis.start or 0.0), float(axis.end or 0.0)
    if axis.step is not None:
        count = math.floor((end - start) / axis.step * (1.0 + 1e-12) + 1e-9) + 1
        values = [start + place * axis.step for place in range(count)]
    else:
        last = (axis.count or 2) - 1
        shares = [place / last for place in range(last + 1)]
        if axis.spacing == "log":
            values = [start * (end / start) ** share for share in shares]
        else:
            values = [start + (end - start) * share for share in shares]
    if axis.whole:
        return list(dict.fromkeys(round(value) for value in values))
    return [float(f"{value:.{KEPT_DIGITS}g}") for value in values]


def _all(sweep: SweepFile, groups: list[tuple[list[Axis], list[tuple[Any, ...]]]]) -> Iterator[Point]:
    sampled = [axis for axis in sweep.axes if axis.sampled]
    drawn = sample_points(sweep.sample, sampled) if sweep.sample is not None else [()]
    for point in _crossed(groups, {}):
        for values in drawn:
            yield point | {
                axis.path: value
                for axis, value in zip(sampled, values, strict=True)
                if applies(axis.when, point)
            }


def _crossed(groups: Sequence[tuple[list[Axis], list[tuple[Any, ...]]]], point: Point) -> Iterator[Point]:
    if not groups:
        yield point
        return
    axes, rows = groups[0]
    if not applies(axes[0].when, point):
        yield from _crossed(groups[1:], point)
        return
    paths = [axis.path for axis in axes]
    for row in rows:
        yield from _crossed(groups[1:], point | dict(zip(paths, row, strict=True)))


def applies(when: Mapping[str, Any], point: Point) -> bool:
    """Tell whether a point meets a condition: each path has the value, or one of those, asked for."""
    return all(
        path in point and point[path] in (wanted if isinstance(wanted, list | tuple) else (wanted,))
        for path, wanted in when.items()
    )
