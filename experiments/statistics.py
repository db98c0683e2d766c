"""Medians over seeds with bootstrap intervals, and quantile bands of series over seeds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RESAMPLES = 4000


@dataclass(frozen=True)
class Estimate:
    """A median over seeds with its 95 % percentile-bootstrap interval.

    Attributes
    ----------
    median
        Median of the defined values; ``inf`` when more than half of them lie beyond the end of the run, nan
        when there is none.
    low, high
        Bounds of the interval; nan with fewer than two values.
    count
        Number of defined values (seeds).
    """

    median: float
    low: float
    high: float
    count: int


def estimate_median(values: npt.ArrayLike, level: float = 0.95) -> Estimate:
    """Return the median of ``values`` and its percentile-bootstrap interval (Efron and Tibshirani 1993, 13).

    Not-a-number means *undefined* and is left out. Infinity means *censored* (a time that the run was too
    short to see) and takes part: order statistics only need to know that it is large. The resampling draws
    are the same for every call with the same number of values: a result depends on nothing but its values.

    Parameters
    ----------
    values
        One value a seed, shape ``(seeds,)``.
    level
        Coverage of the interval.
    """
    defined = np.asarray(values, dtype=np.float64)
    defined = defined[~np.isnan(defined)]
    count = defined.size
    if count == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    median = _middle(np.sort(defined))
    if count == 1:
        return Estimate(median, np.nan, np.nan, 1)
    draws = np.random.default_rng(count).integers(0, count, (RESAMPLES, count))
    medians = np.sort(_middle_rows(np.sort(defined[draws], axis=1)))
    medians = medians[~np.isnan(medians)]
    tail = (1.0 - level) / 2.0
    lowest = medians[int(tail * (medians.size - 1))]
    highest = medians[int(np.ceil((1.0 - tail) * (medians.size - 1)))]
    return Estimate(median, float(lowest), float(highest), count)


def _middle_rows(ordered: Floats) -> Floats:
    half = ordered.shape[1] // 2
    if ordered.shape[1] % 2:
        return ordered[:, half]
    with np.errstate(invalid="ignore"):  # half way between never and always is not a number
        middle: Floats = 0.5 * (ordered[:, half - 1] + ordered[:, half])
    return middle


def _middle(ordered: Floats) -> float:
    return float(_middle_rows(ordered[np.newaxis, :])[0])


def quantile_bands(stack: Floats, quantiles: tuple[float, ...] = (0.05, 0.5, 0.95)) -> Floats:
    """Return quantiles over seeds at every time, leaving out what is not a number.

    Parameters
    ----------
    stack
        Shape ``(seeds, times)``.
    quantiles
        Probabilities, linear interpolation between order statistics (Hyndman and Fan 1996, type 7).

    Returns
    -------
    numpy.ndarray
        Shape ``(quantiles, times)``; nan where no seed has a value.
    """
    ordered = np.sort(stack, axis=0)  # sorting puts nan last
    count = np.sum(~np.isnan(stack), axis=0)
    last = np.maximum(count - 1, 0)
    columns = np.arange(stack.shape[1])
    bands = np.empty((len(quantiles), stack.shape[1]))
    for row, probability in enumerate(quantiles):
        position = probability * last
        below = np.floor(position).astype(np.int64)
        above = np.minimum(below + 1, last)
        weight = position - below
        bands[row] = (1.0 - weight) * ordered[below, columns] + weight * ordered[above, columns]
    bands[:, count == 0] = np.nan
    return bands
