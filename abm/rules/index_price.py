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
from abm.rules.weighted_median import column_medians

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

    def usable(self, stale_after_s: float) -> npt.NDArray[np.bool_]:
        """Tell which prices are known and no older than ``stale_after_s``."""
        known = np.isfinite(self.prices)
        if self.age_s is not None:
            known &= self.age_s <= stale_after_s
        return known


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
        usable = quotes.usable(self.stale_after_s)
        given = 1.0 if quotes.weights is None else _not_negative(quotes.weights)
        return _protected(quotes.prices, usable, np.where(usable, given, 0.0), self.max_deviation)


def protected_index(prices: npt.ArrayLike, weights: npt.ArrayLike, max_deviation: float = 0.05) -> Floats:
    """Return the weighted mean over the first axis without the one price too far from the median.

    When more than one is too far, or no weight is left, the median. Unknown prices are nan; nan where none
    is known.

    Raises
    ------
    ValueError
        If a weight is negative.
    """
    known = np.asarray(prices, np.float64)
    table = np.ascontiguousarray(known.reshape(len(known), -1))
    weight = np.broadcast_to(_not_negative(np.asarray(weights, np.float64)), known.shape).reshape(table.shape)
    usable = np.isfinite(table)
    index = _protected(table, usable, np.where(usable, weight, 0.0), max_deviation)
    return index.reshape(known.shape[1:])


def _not_negative(weights: Floats) -> Floats:
    if (weights < 0.0).any():
        raise ValueError(f"weights is {weights.tolist()}; each must be zero or more")
    return weights


def _protected(
    prices: Floats, usable: npt.NDArray[np.bool_], weights: Floats, max_deviation: float
) -> Floats:
    """Return the index of each column of ``(sources, columns)`` from the prices that are usable."""
    index = column_medians(prices, usable.astype(np.float64))
    _average_near(prices, usable, weights, max_deviation, index)
    return index


@kernel
def _average_near(
    prices: Floats, usable: npt.NDArray[np.bool_], weights: Floats, max_deviation: float, index: Floats
) -> None:
    """Replace medians in ``index`` by weighted means without what is too far from them."""
    for column in range(len(index)):
        middle = index[column]
        outliers = 0
        total = 0.0
        worth = 0.0
        for row in range(len(prices)):
            if not usable[row, column]:
                continue
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
        given = 1.0 if quotes.weights is None else _not_negative(quotes.weights)
        return column_medians(quotes.prices, np.where(quotes.usable(self.stale_after_s), given, 0.0))


@dataclass(frozen=True)
class SingleSource:
    """The first source as it is."""

    def price(self, quotes: SpotQuotes) -> Floats:
        """Return the prices of the first source."""
        return quotes.prices[0].copy()
