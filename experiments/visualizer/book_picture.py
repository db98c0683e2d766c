"""One column of the heatmap: what rests in a book around its mid, on a log scale."""

import numpy as np
import numpy.typing as npt

from abm.venues.exchange import Exchange

BINS = 60
REACH = 0.03
"""Farthest from the mid that is shown, fraction."""
LOW_USD, HIGH_USD = 1e2, 1e7
"""Notional in one bin that the first and the last colour stand for."""
_DEEPEST = 4000

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


def depth_by_distance(exchange: Exchange, instrument: int) -> Floats:
    """Return the notional that rests at each distance from the mid, USD, shape ``(BINS,)``.

    Bins go from `REACH` below the mid to `REACH` above it; everything is zero while a side is empty and
    nothing was traded yet.
    """
    terms = exchange.table[instrument]
    mid = float(exchange.view["mid"][instrument])
    total = np.zeros(BINS)
    for side in exchange.books.snapshot(instrument, _DEEPEST):
        price = side[:, 0] * float(terms["tick"])
        place = np.floor((price / mid - 1.0 + REACH) * (BINS / (2.0 * REACH))).astype(np.int64)
        inside = (place >= 0) & (place < BINS)
        usd = side[inside, 1] * price[inside] * float(terms["lot"])
        total += np.bincount(place[inside], usd, BINS)
    return total


def colours(usd: Floats) -> Picture:
    """Return 0 where nothing rests, else 1 to 255 on a log scale from `LOW_USD` to `HIGH_USD`."""
    share = np.log(np.maximum(usd, LOW_USD) / LOW_USD) / np.log(HIGH_USD / LOW_USD)
    return np.where(usd > 0.0, 1 + np.rint(254.0 * np.minimum(share, 1.0)), 0).astype(np.uint8)


def notional(colour: npt.NDArray[np.integer]) -> Floats:
    """Return the notional in USD that a colour stands for: the inverse of `colours`."""
    share = (np.asarray(colour, np.float64) - 1.0) / 254.0
    return np.where(colour > 0, LOW_USD * (HIGH_USD / LOW_USD) ** share, 0.0)
