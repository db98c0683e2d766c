"""How far simulated moments are from their bands."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from experiments.minutes import Floats
from experiments.targets import Target


def half_width(target: Target) -> float:
    """Return half of the width of a band; of one without an upper end, the distance of real and lower end."""
    if math.isinf(target.high):
        return max(target.real - target.low, 0.1 * abs(target.low), 1e-9)
    return max(0.5 * (target.high - target.low), 1e-9)


class Distance:
    """Distance of moments from their bands, as the sum over bands.

    Of each band: the squared distance outside it in half-widths, at most ``cap`` squared (what is undefined
    has that); inside it, ``pull`` times the squared distance from the real figure in half-widths.

    Parameters
    ----------
    targets
        The bands, in the order of the columns of values.
    weights
        Factor of each, shape ``(targets,)``.
    cap, pull
        See above.
    """

    def __init__(
        self, targets: Sequence[Target], weights: Sequence[float] | Floats, cap: float, pull: float
    ) -> None:
        self.targets = tuple(targets)
        self.low = np.array([target.low for target in targets])
        self.high = np.array([target.high for target in targets])
        self.real = np.array([target.real for target in targets])
        self.half = np.array([half_width(target) for target in targets])
        self.weight, self.cap, self.pull = np.array(weights), cap, pull

    def parts(self, values: Floats) -> Floats:
        """Return the weighted distance of each band, shape of ``values``: ``(..., targets)``."""
        known = np.isfinite(values)
        safe = np.where(known, values, self.real)
        outside = np.maximum(np.maximum(self.low - safe, safe - self.high), 0.0) / self.half
        inside = self.pull * np.minimum(((safe - self.real) / self.half) ** 2, 1.0)
        outside = np.where(known, np.minimum(outside, self.cap), self.cap)
        return np.asarray(self.weight * (outside**2 + inside), dtype=np.float64)

    def __call__(self, values: Floats) -> Floats:
        """Return the distance, shape ``(...,)`` for values of shape ``(..., targets)``."""
        return np.asarray(self.parts(values).sum(axis=-1), dtype=np.float64)

    def hits(self, values: Floats) -> int:
        """Return how many bands hold their value."""
        return int(((values >= self.low) & (values <= self.high)).sum())

    def places(self, values: Floats) -> Floats:
        """Return places of values: -1 and 1 are the ends of the band, at most ``cap`` beyond; nan stays."""
        middle = np.where(np.isinf(self.high), self.low + self.half, 0.5 * (self.low + self.high))
        finite = np.where(np.isinf(values), np.sign(values) * 1e300, values)
        return np.clip((finite - middle) / self.half, -1.0 - self.cap, 1.0 + self.cap)


def medians(columns: Mapping[str, Sequence[float]], names: Sequence[str]) -> Floats:
    """Return the median over seeds of each metric; nan where none is defined, infinity counts as large."""
    result = []
    for name in names:
        values = np.array(columns.get(name, ()), np.float64)
        values = np.sort(values[~np.isnan(values)])
        middle = values[(values.size - 1) // 2 : values.size // 2 + 1]
        result.append(float(middle.mean()) if values.size else math.nan)
    return np.array(result)
