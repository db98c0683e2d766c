"""Index prices: the venue's idea of the spot price.

Binance (text of about 2020): spot prices of several sources weighted by volume; a source more than 5 % from
the median of all gets weight zero; when more than one is, the index is the median; a source silent for 10 s
gets weight zero. Medians of an even count average the two middle prices. Hyperliquid (docs, Oracle): the
weighted median of spot mids of Binance, OKX, Bybit, Kraken, Kucoin, Gate, MEXC and its own, weights 3, 2, 2,
1, 1, 1, 1, 1.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel
from abm.rules.weighted_median import median_of_known, weighted_median

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
        given = 1.0 if quotes.weights is None else quotes.weights
        return protected_index(np.where(usable, quotes.prices, np.nan), given, self.max_deviation)


def protected_index(prices: npt.ArrayLike, weights: npt.ArrayLike, max_deviation: float = 0.05) -> Floats:
    """Return the weighted mean over the first axis without the one price too far from the median.

    When more than one is too far, or no weight is left, the median. Unknown prices are nan; nan where none
    is known.

    Raises
    ------
    ValueError
        If a weight is negative.
    """
    known = np.ascontiguousarray(prices, np.float64)
    weight = np.asarray(weights, np.float64)
    if (weight < 0.0).any():
        raise ValueError(f"weights is {weight.tolist()}; each must be zero or more")
    middle = np.asarray(median_of_known(known))
    counted = np.where(np.isfinite(known), weight, 0.0)
    rows = (len(known), middle.size)
    index = middle.copy()
    _average_near(known.reshape(rows), counted.reshape(rows), max_deviation, index.reshape(-1))
    return index


@kernel
def _average_near(prices: Floats, weights: Floats, max_deviation: float, index: Floats) -> None:
    """Replace medians in ``index`` by weighted means without what is too far from them."""
    for column in range(len(index)):
        middle = index[column]
        outliers = 0
        total = 0.0
        worth = 0.0
        for row in range(len(prices)):
            price = prices[row, column]
            if abs(price - middle) > max_deviation * middle:
                outliers += 1
            elif weights[row, column] > 0.0:
                total += weights[row, column]
                worth += weights[row, column] * price
        if outliers <= 1 and total > 0.0:
            index[column] = worth / total


@dataclass(frozen=True)
class MedianIndex:
    """Weighted median of the sources; a source without an update for longer than allowed has no weight.

    Parameters
    ----------
    stale_after_s
        Seconds without an update after which a source drops out.
    """

    stale_after_s: float = 10.0

    def __post_init__(self) -> None:
        if not self.stale_after_s > 0:
            raise ValueError(f"stale_after_s is {self.stale_after_s}; it must be above zero")

    def price(self, quotes: SpotQuotes) -> Floats:
        """Return the weighted median of each instrument; nan where no source is usable."""
        usable = np.isfinite(quotes.prices)
        if quotes.age_s is not None:
            usable &= quotes.age_s <= self.stale_after_s
        given = np.ones(len(quotes.prices)) if quotes.weights is None else quotes.weights
        return weighted_median(np.where(usable, quotes.prices, np.nan), given)


@dataclass(frozen=True)
class SingleSource:
    """The first source as it is."""

    def price(self, quotes: SpotQuotes) -> Floats:
        """Return the prices of the first source."""
        return quotes.prices[0].copy()
