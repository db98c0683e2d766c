"""Fragility before a crash: how much selling a fall would force, over what the bids would absorb.

With L(x) the share of open interest OI whose liquidation price lies within a fall x, and D(x) what the bids
absorb within x, a small further fall makes one of ``R0(x) = OI L'(x) / D'(x)`` by force.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from abm.measures.liquidation_map import liquidated_between
from abm.venues.exchange import Exchange

Floats = npt.NDArray[np.float64]

REACH = 0.10
"""Fall over which the index is taken."""


def resting_between(exchange: Exchange, instrument: int, edges: Floats) -> Floats:
    """Return what rests in a book at each distance from the mid, USD: bids for falls, asks for rises.

    Parameters
    ----------
    edges
        Distances as fractions of the mid, rising, with 0 among them; below 0 for bids.

    Returns
    -------
    float64 ``(len(edges) - 1,)``
    """
    unit = float(exchange.table["tick"][instrument] * exchange.table["lot"][instrument])
    within = np.zeros(len(edges))
    for k, edge in enumerate(edges):
        side = "bid_ticks_lots" if edge < 0.0 else "ask_ticks_lots"
        within[k] = np.sign(edge) * exchange.books.depth(instrument, abs(float(edge)))[side] * unit
    return np.diff(within)


def reproduction_numbers(forced: npt.ArrayLike, absorbed: npt.ArrayLike) -> Floats:
    """Return R0 of each stretch of a fall: forced selling over bids there; infinite without bids.

    nan where there is neither.
    """
    selling, bids = np.asarray(forced, np.float64), np.asarray(absorbed, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(selling / bids)


def fragility_index(forced: npt.ArrayLike, absorbed: npt.ArrayLike) -> float:
    """Return forced selling over bids of a whole fall: the mean of R0 over it, weighted by the bids.

    Parameters
    ----------
    forced, absorbed
        USD of longs that breach, and of bids, in each stretch from the present price down to `REACH` below.
    """
    selling, bids = float(np.sum(forced)), float(np.sum(absorbed))
    return selling / bids if bids > 0.0 else float("inf") if selling > 0.0 else float("nan")


def market_map(exchanges: Sequence[Exchange], edges: Floats) -> list[tuple[str, Floats, Floats]]:
    """Return for each perpetual its name, what is liquidated (either side) and what rests, by stretch."""
    rows = []
    for exchange in exchanges:
        for i in exchange.perpetuals():
            found = liquidated_between(exchange, int(i), edges).sum(axis=0)
            book = np.zeros(len(edges) - 1) if exchange.pool else resting_between(exchange, int(i), edges)
            rows.append((exchange.instrument_names[i], found, book))
    return rows
