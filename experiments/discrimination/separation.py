"""How well a number separates two families: ROC, its area with an interval, and the best threshold."""

import math
from dataclasses import dataclass

import numpy as np

from experiments.minutes import Floats

RESAMPLES = 1000


@dataclass(frozen=True)
class Separation:
    """What a diagnostic tells.

    Attributes
    ----------
    area, low, high
        Probability that a cascade has a higher value than a repricing, ties counted half (the area under the
        ROC), and its 95 % interval from resampling each family: 0.5 tells nothing, 0 and 1 everything.
    threshold, threshold_low, threshold_high
        Value with the largest Youden index, sensitivity plus specificity less one (Youden 1950), and the
        95 % interval over the same resamples.
    youden
        That index.
    cascades, repricings
        How many runs of each have a value.
    """

    area: float
    low: float
    high: float
    threshold: float
    threshold_low: float
    threshold_high: float
    youden: float
    cascades: int
    repricings: int

    @property
    def separates(self) -> bool:
        """Whether the interval of the area leaves out one half."""
        return self.low > 0.5 or self.high < 0.5

    @property
    def higher(self) -> str:
        """Which family has the higher values."""
        return "cascade" if self.area >= 0.5 else "repricing"


def roc(cascades: Floats, repricings: Floats) -> tuple[Floats, Floats, Floats]:
    """Return false and true positive rates of "above the threshold: cascade", and the thresholds.

    Thresholds lie halfway between neighbouring values, with one beyond each end; infinity counts as a value
    larger than all others.

    Parameters
    ----------
    cascades, repricings
        Values of each family, without nan.
    """
    together = np.concatenate((cascades, repricings))
    finite = together[np.isfinite(together)]
    largest = float(np.max(np.abs(finite))) if finite.size else 1.0
    values = np.unique(np.where(np.isposinf(together), 2.0 * largest + 1.0, together))
    ends = (values[:1] - 1.0, values[-1:] + 1.0)
    thresholds = np.concatenate((ends[0], 0.5 * (values[1:] + values[:-1]), ends[1]))[::-1]
    true = (cascades[None, :] > thresholds[:, None]).mean(axis=1)
    false = (repricings[None, :] > thresholds[:, None]).mean(axis=1)
    return false, true, thresholds


def area_under(cascades: Floats, repricings: Floats) -> float:
    """Return P(cascade > repricing) + P(equal) / 2 (Mann and Whitney 1947)."""
    above = (cascades[:, None] > repricings[None, :]).mean()
    return float(above + 0.5 * (cascades[:, None] == repricings[None, :]).mean())


def best_threshold(cascades: Floats, repricings: Floats) -> tuple[float, float]:
    """Return the threshold with the largest Youden index, either way round, and the index.

    Of several equally good ones, the middle one.
    """
    false, true, thresholds = roc(cascades, repricings)
    gain = np.abs(true - false)
    best = np.flatnonzero(gain >= gain.max() - 1e-12)
    return float(thresholds[best[len(best) // 2]]), float(gain.max())


def separate(
    cascades: Floats, repricings: Floats, seed: int = 0, resamples: int = RESAMPLES
) -> Separation | None:
    """Return how well a diagnostic separates the families; None with fewer than two values in one of them.

    Parameters
    ----------
    cascades, repricings
        Values of each family; nan is left out, infinity is larger than everything.
    seed, resamples
        Of the intervals.
    """
    one, other = cascades[~np.isnan(cascades)], repricings[~np.isnan(repricings)]
    if min(one.size, other.size) < 2:
        return None
    draws = np.random.default_rng([seed, one.size, other.size])
    areas, thresholds = np.empty(resamples), np.empty(resamples)
    for k in range(resamples):
        first, second = draws.choice(one, one.size), draws.choice(other, other.size)
        areas[k] = area_under(first, second)
        thresholds[k] = best_threshold(first, second)[0]
    threshold, youden = best_threshold(one, other)
    low, high = np.quantile(areas, (0.025, 0.975)).tolist()
    below, above = np.quantile(thresholds, (0.025, 0.975)).tolist()
    area = area_under(one, other)
    return Separation(area, low, high, threshold, below, above, youden, one.size, other.size)


def rates_at(separation: Separation, cascades: Floats, repricings: Floats) -> tuple[float, float]:
    """Return the shares of cascades and of repricings on their own side of the threshold."""
    one, other = cascades[~np.isnan(cascades)], repricings[~np.isnan(repricings)]
    if min(one.size, other.size) == 0:
        return math.nan, math.nan
    above = (float((one > separation.threshold).mean()), float((other > separation.threshold).mean()))
    return (above[0], 1.0 - above[1]) if separation.higher == "cascade" else (1.0 - above[0], above[1])
