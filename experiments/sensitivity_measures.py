"""Measures of what a number depends on: Sobol indices by SciPy, elementary effects and PAWN by SALib."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from experiments.sweeps.sampling import MORRIS_LEVELS, need_salib, unit_problem

Floats = npt.NDArray[np.float64]

RESAMPLES = 500
PAWN_RESAMPLES = 100
TAIL = 2.5
"""Percent of resamples beyond each end of an interval."""
DUMMY = "(a parameter that does nothing)"


@dataclass(frozen=True)
class Index:
    """One measure for one parameter, with its 95 % interval (nan where there is none)."""

    path: str
    measure: str
    value: float
    low: float
    high: float


def sobol(paths: Sequence[str], values: Floats) -> list[Index]:
    """Return Sobol indices by `scipy.stats.sobol_indices`, with percentile-bootstrap intervals over points.

    Parameters
    ----------
    values
        Of a Saltelli design, in the order of `experiments.sweeps.sampling.saltelli`.
    """
    count = len(paths)
    blocks = values.reshape(count + 2, -1)
    size = blocks.shape[1]
    draws = np.random.default_rng(size)
    estimate = _sobol(blocks)
    rows = [_sobol(blocks[:, draws.integers(0, size, size)]) for _ in range(RESAMPLES)]
    low, high = _interval(np.array(rows))
    return [
        Index(path, measure, float(estimate[m, k]), float(low[m, k]), float(high[m, k]))
        for m, measure in enumerate(("first order", "total"))
        for k, path in enumerate(paths)
    ]


def _sobol(blocks: Floats) -> Floats:
    """Return first-order and total indices, shape ``(2, parameters)``; nan where nothing varies."""
    from scipy.stats import sobol_indices

    if np.ptp(blocks[:2]) == 0.0:
        return np.full((2, len(blocks) - 2), math.nan)
    parts: dict[Literal["f_A", "f_B", "f_AB"], Floats] = {
        "f_A": blocks[None, 0],
        "f_B": blocks[None, 1],
        "f_AB": blocks[2:, None, :],
    }
    found = sobol_indices(func=parts, n=blocks.shape[1])
    return np.stack((np.ravel(found.first_order), np.ravel(found.total_order)))


def morris(paths: Sequence[str], unit: Floats, values: Floats) -> list[Index]:
    """Return Morris's mu* with its interval, and sigma, by SALib.

    Raises
    ------
    InputError
        If SALib is not installed.
    """
    analyze = need_salib("SALib.analyze.morris")
    found = analyze.analyze(
        unit_problem(len(paths)), unit, values, num_resamples=RESAMPLES, num_levels=MORRIS_LEVELS, seed=1
    )
    effects = zip(paths, found["mu_star"], found["mu_star_conf"], found["sigma"], strict=True)
    rows = [(path, float(mean), float(half), float(spread)) for path, mean, half, spread in effects]
    return [
        *(Index(path, "mean effect", mean, mean - half, mean + half) for path, mean, half, _ in rows),
        *(Index(path, "spread of effects", spread, math.nan, math.nan) for path, _, _, spread in rows),
    ]


def pawn(paths: Sequence[str], unit: Floats, values: Floats) -> list[Index]:
    """Return PAWN's median Kolmogorov-Smirnov distances by SALib, with bootstrap intervals.

    One more parameter, drawn at random, shows how large they are for what does nothing.

    Raises
    ------
    InputError
        If SALib is not installed.
    """
    analyze = need_salib("SALib.analyze.pawn")
    draws = np.random.default_rng(len(values))
    padded = np.column_stack((unit, draws.random(len(values))))
    problem = unit_problem(padded.shape[1])

    def medians(rows: npt.NDArray[np.int64]) -> Floats:
        found = analyze.analyze(problem, padded[rows], values[rows], S=10, seed=1)
        return np.asarray(found["median"], np.float64)

    everything = np.arange(len(values))
    estimate = medians(everything)
    rows = [medians(draws.integers(0, len(values), len(values))) for _ in range(PAWN_RESAMPLES)]
    low, high = _interval(np.array(rows))
    return [
        Index(path, "distribution", float(estimate[k]), float(low[k]), float(high[k]))
        for k, path in enumerate((*paths, DUMMY))
    ]


def _interval(resampled: Floats) -> tuple[Floats, Floats]:
    low, high = np.nanpercentile(resampled, (TAIL, 100.0 - TAIL), axis=0)
    return low, high
