"""Which bands a parameter moves: rank correlations over the points of a calibration, with intervals."""

from dataclasses import dataclass

import numpy as np

from experiments.minutes import Floats

FEWEST_POINTS = 6


@dataclass(frozen=True)
class Identifiability:
    """Rank correlation of each parameter with each moment.

    Attributes
    ----------
    correlation, low, high
        Spearman's coefficient and its 95 % interval, shape ``(parameters, targets)``; nan where a moment is
        defined at fewer than `FEWEST_POINTS` points or does not move.
    points
        How many points it rests on.
    """

    correlation: Floats
    low: Floats
    high: Floats
    points: int

    @property
    def moved(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
        """Return where the interval leaves out zero, shape ``(parameters, targets)``."""
        return (self.low > 0.0) | (self.high < 0.0)


def identify(points: Floats, moments: Floats) -> Identifiability:
    """Return Spearman's rank correlations over points, and Fisher intervals.

    The interval is tanh(atanh(r) -+ 1.96 sqrt(1.06 / (n - 3))) (Fieller, Hartley and Pearson 1957).

    Parameters
    ----------
    points
        Shape ``(points, parameters)``.
    moments
        Shape ``(points, targets)``; nan where undefined.
    """
    from scipy.stats import rankdata

    shape = (points.shape[1], moments.shape[1])
    found = np.full(shape, np.nan)
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)
    for target in range(shape[1]):
        known = ~np.isnan(moments[:, target])
        if known.sum() < FEWEST_POINTS or np.unique(moments[known, target]).size < 2:
            continue
        ranks = rankdata(moments[known, target])
        width = 1.96 * np.sqrt(1.06 / (known.sum() - 3))
        for parameter in range(shape[0]):
            own = rankdata(points[known, parameter])
            r = float(np.clip(np.corrcoef(own, ranks)[0, 1], -0.9999, 0.9999)) if np.ptp(own) else np.nan
            found[parameter, target] = r
            low[parameter, target], high[parameter, target] = np.tanh(
                np.arctanh(r) + np.array([-width, width])
            )
    return Identifiability(found, low, high, len(points))
