"""Points that fill a box evenly: Latin hypercubes and Sobol sequences, by SciPy."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from experiments.sweeps.sweep_file import Axis, Sample

KEPT_DIGITS = 12


def sample_points(sample: "Sample", axes: Sequence["Axis"]) -> list[tuple[float | int, ...]]:
    """Return ``sample.points`` points with a value for each of ``axes``; same seed, same points."""
    unit = unit_points(sample, len(axes))
    columns = [scaled(axis, unit[:, place]) for place, axis in enumerate(axes)]
    return list(zip(*columns, strict=True))


def unit_points(sample: "Sample", dimensions: int) -> npt.NDArray[np.float64]:
    """Return the points in the unit cube, shape ``(points, dimensions)``."""
    from scipy.stats import qmc

    draws = np.random.default_rng(sample.seed)
    if sample.method == "sobol":
        return qmc.Sobol(dimensions, rng=draws).random_base2(int(math.log2(sample.points)))
    return qmc.LatinHypercube(dimensions, rng=draws).random(sample.points)


def scaled(axis: "Axis", unit: npt.NDArray[np.float64]) -> list[float | int]:
    """Return numbers of the unit interval as values between ``axis.low`` and ``axis.high``."""
    low, high = float(axis.low or 0.0), float(axis.high or 0.0)
    if axis.whole:
        return [min(int(low + (high + 1.0 - low) * share), int(high)) for share in unit.tolist()]
    if axis.spacing == "log":
        values = low * (high / low) ** unit
    else:
        values = low + (high - low) * unit
    return [float(f"{value:.{KEPT_DIGITS}g}") for value in values.tolist()]
