"""Medians that leave out what is unknown.

A weighted median is the median of each price repeated as often as its weight; where the weight below and
above is equal the two middle prices are averaged (Vega 0009-MRKP states that for an even count; Hyperliquid
names no tie rule). Weights need not be whole.
"""

import math

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel

Floats = npt.NDArray[np.float64]


def weighted_median(prices: npt.ArrayLike, weights: npt.ArrayLike) -> Floats:
    """Return the weighted median over the first axis; nan where no price is known.

    Parameters
    ----------
    prices
        ``(sources, ...)``, nan where unknown.
    weights
        ``(sources,)`` or of the shape of ``prices``, zero or more.

    Raises
    ------
    ValueError
        If there are not as many weights as sources or one is negative.
    """
    known = np.asarray(prices, np.float64)
    given = np.asarray(weights, np.float64)
    if len(given) != len(known):
        raise ValueError(f"weights has {len(given)} entries; prices has {len(known)} sources")
    if (given < 0.0).any():
        raise ValueError(f"weights is {given.tolist()}; each must be zero or more")
    given = given.reshape(given.shape + (1,) * (known.ndim - given.ndim))
    return _medians(known, np.where(np.isfinite(known), given, 0.0))


def median_of_known(prices: npt.ArrayLike) -> Floats:
    """Return the median over the first axis of the prices that are known; nan where none is."""
    known = np.asarray(prices, np.float64)
    return _medians(known, np.isfinite(known).astype(np.float64))


def column_medians(prices: Floats, weights: Floats) -> Floats:
    """Return the weighted median of each column; nan where no weight is above zero.

    Both tables have the shape ``(sources, columns)`` and are C-contiguous; prices without weight may be nan.
    """
    out = np.full(prices.shape[1], np.nan)
    fill_medians(prices, weights, out)
    return out


def _medians(prices: Floats, weights: Floats) -> Floats:
    shape = (len(prices), math.prod(prices.shape[1:]))
    table, weight = np.ascontiguousarray(prices), np.ascontiguousarray(weights)
    return column_medians(table.reshape(shape), weight.reshape(shape)).reshape(prices.shape[1:])


@kernel
def fill_medians(prices: Floats, weights: Floats, out: Floats) -> None:
    """Write the weighted median of each column of ``prices`` that has a weight into ``out``."""
    ranked = np.empty(len(prices), np.int64)
    for column in range(len(out)):
        known = 0
        total = 0.0
        for row in range(len(prices)):
            if weights[row, column] > 0.0:
                place = known
                while place > 0 and prices[ranked[place - 1], column] > prices[row, column]:
                    ranked[place] = ranked[place - 1]
                    place -= 1
                ranked[place] = row
                known += 1
        for place in range(known):
            total += weights[ranked[place], column]
        slack = 1e-12 * total
        below = 0.0
        lower = np.nan
        for place in range(known):
            price = prices[ranked[place], column]
            below += weights[ranked[place], column]
            if np.isnan(lower) and below >= total / 2.0 - slack:
                lower = price
            if below > total / 2.0 + slack:
                out[column] = 0.5 * (lower + price)
                break
