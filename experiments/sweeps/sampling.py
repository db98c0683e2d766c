"""Points in a box: Latin hypercubes, Sobol sequences and Saltelli designs by SciPy, trajectories by SALib."""

import importlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from experiments.errors import InputError

if TYPE_CHECKING:
    from experiments.sweeps.sweep_file import Axis, Sample

KEPT_DIGITS = 12
MORRIS_LEVELS = 4
NEEDS_SALIB = "Morris and PAWN need SALib: pip install 'undertow[sensitivity]'"
Floats = npt.NDArray[np.float64]


def sample_points(sample: "Sample", axes: Sequence["Axis"]) -> list[tuple[float | int, ...]]:
    """Return the points of a sample with a value for each of ``axes``; same seed, same points."""
    unit = unit_points(sample, len(axes))
    columns = [scaled(axis, unit[:, place]) for place, axis in enumerate(axes)]
    return list(zip(*columns, strict=True))


def design_size(sample: "Sample", dimensions: int) -> int:
    """Return how many points a sample of so many axes has."""
    return sample.points * {"saltelli": dimensions + 2, "morris": dimensions + 1}.get(sample.method, 1)


def unit_points(sample: "Sample", dimensions: int) -> Floats:
    """Return the points in the unit cube, shape ``(design_size, dimensions)``."""
    from scipy.stats import qmc

    draws = np.random.default_rng(sample.seed)
    if sample.method == "saltelli":
        return saltelli(sample.points, dimensions, draws)
    if sample.method == "morris":
        return trajectories(sample.points, dimensions, sample.seed)
    if sample.method == "sobol":
        return qmc.Sobol(dimensions, rng=draws).random_base2(int(math.log2(sample.points)))
    return qmc.LatinHypercube(dimensions, rng=draws).random(sample.points)


def saltelli(points: int, dimensions: int, draws: np.random.Generator) -> Floats:
    """Return the design that `scipy.stats.sobol_indices` evaluates: A, then B, then A with each column of B.

    Saltelli et al. 2010, Computer Physics Communications 181, 259-270: A and B are the halves of a Sobol
    sequence in twice as many dimensions. Shape ``(points * (dimensions + 2), dimensions)``.
    """
    from scipy.stats import qmc

    both = qmc.Sobol(2 * dimensions, bits=64, rng=draws).random_base2(int(math.log2(points)))
    first, second = both[:, :dimensions], both[:, dimensions:]
    blocks = [first, second]
    for column in range(dimensions):
        mixed = first.copy()
        mixed[:, column] = second[:, column]
        blocks.append(mixed)
    return np.concatenate(blocks)


def trajectories(count: int, dimensions: int, seed: int) -> Floats:
    """Return Morris's trajectories, each of ``dimensions + 1`` points that differ in one axis, by SALib.

    Raises
    ------
    InputError
        If SALib is not installed.
    """
    sample = need_salib("SALib.sample.morris")
    problem = unit_problem(dimensions)
    return np.asarray(sample.sample(problem, count, num_levels=MORRIS_LEVELS, seed=seed), np.float64)


def need_salib(module: str) -> Any:
    """Import a module of SALib.

    Raises
    ------
    InputError
        If SALib is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputError(NEEDS_SALIB) from None


def unit_problem(dimensions: int) -> dict[str, Any]:
    """Return the unit cube in SALib's words."""
    names = [f"x{k}" for k in range(dimensions)]
    return {"num_vars": dimensions, "names": names, "bounds": [[0.0, 1.0]] * dimensions}


def scaled(axis: "Axis", unit: Floats) -> list[float | int]:
    """Return numbers of the unit interval as values between ``axis.low`` and ``axis.high``."""
    low, high = float(axis.low or 0.0), float(axis.high or 0.0)
    if axis.whole:
        return [min(int(low + (high + 1.0 - low) * share), int(high)) for share in unit.tolist()]
    if axis.spacing == "log":
        values = low * (high / low) ** unit
    else:
        values = low + (high - low) * unit
    return [float(f"{value:.{KEPT_DIGITS}g}") for value in values.tolist()]
