"""Medians that leave out what is unknown.

A weighted median is the median of each price repeated as often as its weight; where the weight below and
above is equal the two middle prices are averaged (Vega 0009-MRKP states that for an even count; Hyperliquid
names no tie rule). Weights need not be whole.
"""

import numpy as np
import numpy.typing as npt

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
    if known.shape[0] == 0:
        return np.full(known.shape[1:], np.nan)
    given = given.reshape(given.shape + (1,) * (known.ndim - given.ndim))
    weight = np.where(np.isfinite(known), np.broadcast_to(given, known.shape), 0.0)
    order = np.argsort(np.where(weight > 0.0, known, np.inf), axis=0, kind="stable")
    ranked = np.take_along_axis(np.where(weight > 0.0, known, np.nan), order, axis=0)
    below = np.cumsum(np.take_along_axis(weight, order, axis=0), axis=0)
    total = below[-1]
    slack = 1e-12 * total
    lower = np.argmax(below >= total / 2.0 - slack, axis=0)
    upper = np.argmax(below > total / 2.0 + slack, axis=0)
    middle: Floats = 0.5 * (_pick(ranked, lower) + _pick(ranked, upper))
    return np.where(total > 0.0, middle, np.nan)


def median_of_known(prices: npt.ArrayLike) -> Floats:
    """Return the median over the first axis of the prices that are known; nan where none is."""
    given = np.asarray(prices, np.float64)
    if len(given) == 0:
        return np.full(given.shape[1:], np.nan)
    known = np.isfinite(given)
    ranked = np.sort(np.where(known, given, np.nan), axis=0)  # nan last
    last = np.maximum(np.count_nonzero(known, axis=0) - 1, 0)
    return np.asarray(0.5 * (_pick(ranked, last // 2) + _pick(ranked, (last + 1) // 2)))


def _pick(ranked: Floats, place: npt.NDArray[np.intp]) -> Floats:
    picked: Floats = np.take_along_axis(ranked, place[None, ...], axis=0)[0]
    return picked
