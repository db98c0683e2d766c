"""Mean spread of the zero-intelligence continuous double auction, run through the order book.

Smith, Farmer, Gillemot and Krishnamurthy 2003, "Statistical theory of the continuous double auction",
Quantitative Finance 3, 481-514. Orders of one size arrive at random: market orders at rate mu on each side;
limit orders at rate alpha for each unit of price and time, sells anywhere above the best bid and buys
anywhere below the best ask; each order is cancelled at rate delta. In units of p_c = mu / alpha everything
depends on eps = delta / mu (both rates per side; the paper's mu counts both sides, so that its eps = 2 delta
sigma / mu is the same number).
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.book.identities import find
from abm.book.layout import new_books
from abm.book.matching import process
from abm.book.messages import BUY, CANCEL, LIMIT, MARKET, Records, fill_table, message_table
from abm.compiled import kernel
from abm.random_streams import stream_key, uniform
from experiments.reproduce.comparison import Row, compared, mean_and_error

FIGURE_10: dict[float, float] = {
    0.002: 0.4395,
    0.01: 0.4659,
    0.02: 0.4905,
    0.05: 0.5466,
    0.10: 0.6246,
    0.15: 0.6937,
    0.20: 0.7567,
    0.25: 0.8197,
}
"""eps -> mean spread over p_c, from the curve of the paper's Figure 10."""

TICKS = 200
"""Ticks in one p_c."""
DROPPED = 0.2
"""Share of the events at the start that is not averaged."""


def mean_spread(eps: float, events: int, seed: int) -> float:
    """Return the time average of the spread over p_c in a simulated auction.

    Parameters
    ----------
    eps
        Cancellation rate over the rate of market orders, both per side.
    events
        Number of orders and cancellations; the first fifth is dropped.
    seed
        Seed of the random stream.

    Notes
    -----
    Prices are whole ticks, rounded away from the opposite best; that widens the spread by half a tick, which
    is subtracted. Limit orders more than ``reach`` away from the opposite best are left out: they do not
    matter.
    """
    if not 0.001 <= eps <= 0.5:
        raise ValueError(f"eps is {eps}; it must be from 0.001 to 0.5")
    if events < 10_000:
        raise ValueError(f"events is {events}; it must be at least 10000")
    reach = 4 if eps < 0.005 else 6
    books = new_books(1)
    orders = message_table(1)
    fills = fill_table(64)
    position = np.zeros((1, 1), np.int64)
    key = stream_key(seed, "smith2003")
    spread = _run(books, orders, fills, position, key, eps, reach * TICKS, events)
    return spread / TICKS - 0.5 / TICKS


def reproduce(events: int = 300_000, runs: int = 5) -> pd.DataFrame:
    """Return mean spreads beside Figure 10; a hit is within 1.5 %, the reading of the curve included."""
    rows = []
    for eps, published in FIGURE_10.items():
        ours, error = mean_and_error([mean_spread(eps, events, seed) for seed in range(runs)])
        allowed = 0.015 * published
        rows.append(
            Row("mean spread over p_c by eps", ours, published, error, "paper", allowed=allowed, at=eps)
        )
    return compared(rows)


@kernel
def _run(
    books: Records,
    orders: Records,
    fills: Records,
    position: npt.NDArray[np.int64],
    key: np.uint64,
    eps: float,
    reach: int,
    events: int,
) -> float:
    book = books[0]
    order = orders[0]
    live = np.zeros(events, np.int64)  # ids of open orders, in no order
    place = np.zeros(events + 1, np.int64)
    alive = 0
    weight = 0.0
    total = 0.0
    deposits = reach / TICKS  # rate of limit orders on each side
    for event in range(events):
        order.side = event % 2 if alive < 2 else np.int64(2.0 * uniform(key, 0, event, 0))
        order.id = event + 1
        order.lots = 1
        order.kind = LIMIT
        rate = 2.0 * (1.0 + deposits) + eps * alive
        pick = uniform(key, 0, event, 1) * rate
        if alive < 2:
            order.price = 1_000_000 - TICKS // 2 + TICKS * event
        elif pick < 2.0 * deposits:
            away = 1 + np.int64(uniform(key, 0, event, 2) * reach)
            order.price = book.ask - away if order.side == BUY else book.bid + away
        elif pick < 2.0 * (deposits + 1.0):
            order.kind = MARKET
        else:
            order.kind = CANCEL
            order.id = live[np.int64(uniform(key, 0, event, 2) * alive)]
        if event >= DROPPED * events:
            weight += 1.0 / rate
            total += (book.ask - book.bid) / rate
        removed = np.int64(0)
        if order.kind == CANCEL:
            removed = order.id
            slot_side = book.orders[find(book, order.id)].side
            if (book.bids if slot_side == BUY else book.asks) == 1:
                continue
        elif order.kind == MARKET and (book.asks if order.side == BUY else book.bids) == 1:
            continue
        _, count, _ = process(books, orders, 0, 1, fills, 0, position)
        if count == 1:
            removed = fills[0].maker_id
        if removed != 0:
            alive -= 1
            live[place[removed]] = live[alive]
            place[live[alive]] = place[removed]
        elif order.kind == LIMIT:
            live[alive] = order.id
            place[order.id] = alive
            alive += 1
    return total / weight
