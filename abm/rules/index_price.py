"""Index prices: the venue's idea of the spot price.

Binance (text of about 2020): spot prices of several sources weighted by volume; a source more than 5 % from
the median of all gets weight zero; when more than one is, the index is the median; a source silent for 10 s
gets weight zero.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SpotQuotes:
    """What an index may be made of.

    Attributes
    ----------
    prices
        ``(sources, instruments)``; nan where a source has no price.
    weights
        ``(sources, instruments)`` or ``(sources, 1)``, not negative; equal when not given.
    age_s
        Seconds since each source's last update, same shape as ``prices``; fresh when not given.
    """

    prices: Floats
    weights: Floats | None = None
    age_s: Floats | None = None


class IndexRule(Protocol):
    """An index rule."""

    def price(self, quotes: SpotQuotes) -> Floats:
        """Return the index of each instrument; nan where no source is usable."""


@dataclass(frozen=True)
class WeightedIndex:
    """Weighted mean of sources with protection against outliers.

    Parameters
    ----------
    max_deviation
        Distance from the median, as a fraction of it, beyond which a source counts as an outlier.
    stale_after_s
        A source without an update for longer has no weight.
    """

    max_deviation: float = 0.05
    stale_after_s: float = 10.0

    def __post_init__(self) -> None:
        for name in ("max_deviation", "stale_after_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above zero")

    def price(self, quotes: SpotQuotes) -> Floats:
        """Return the weighted index of each instrument; nan where no source is usable."""
        usable = np.isfinite(quotes.prices)
        if quotes.age_s is not None:
            usable &= quotes.age_s <= self.stale_after_s
        known = np.where(usable, quotes.prices, np.nan)
        given = np.ones(1) if quotes.weights is None else quotes.weights
        weights = np.broadcast_to(given, known.shape)
        result = np.full(known.shape[1], np.nan)
        for column in np.flatnonzero(usable.any(axis=0)):
            values = known[:, column]
            middle = float(np.nanmedian(values))
            outlier = np.abs(values - middle) > self.max_deviation * middle
            weight = np.where(usable[:, column] & ~outlier, weights[:, column], 0.0)
            if outlier.sum() > 1 or weight.sum() <= 0.0:
                result[column] = middle
            else:
                result[column] = np.nansum(weight * values) / weight.sum()
        return result


@dataclass(frozen=True)
class SingleSource:
    """The first source as it is."""

    def price(self, quotes: SpotQuotes) -> Floats:
        """Return the prices of the first source."""
        return quotes.prices[0].copy()
