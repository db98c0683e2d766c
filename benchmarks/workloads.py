"""Message files for order books: W1 and W2 of the comparison of peers, and a shallow random walk.

W1 and W2 are specified in integers, so that any language can reproduce them: SplitMix64 from seed 20240601,
``u(n) = (next() >> 32) % n``; price-time priority, the remainder of a market order is dropped.

- Message i has id i + 1; a cancel names the order that it cancels. The mid is that of the best quotes so far,
  which start at 99999 / 100001; a side that runs empty keeps its last best.
- r = u(10), but 0 during the first 10,000 messages. r <= 4: a limit order on side u(2), d ticks behind the
  mid, where d grows while u(100) < 95 and d < 200 (during the first 10,000 one tick more and around 100,000),
  of 1 + u(10) lots. r = 5 to 8: a cancel of entry u(len(live)) of the list of live orders, where the last
  entry takes the place of a removed one; a limit order if nothing is live. r = 9: a market order on side
  u(2), of 1 + u(6) lots.
- W2, a cascade: in messages i with i % 10,000 < 1,000, after the first 10,000, r <= 1 adds, r = 2 or 3
  cancels, and r >= 4 is a market order of 1 + u(20) lots on side 1 - (i // 10,000) % 2.
"""

import numba
import numpy as np
import numpy.typing as npt

from abm.book.messages import CANCEL, LIMIT, MARKET, Records, message_table
from abm.book.orderbook import OrderBooks

Rows = npt.NDArray[np.int64]
ADD_ROW, CANCEL_ROW, MARKET_ROW = 0, 1, 2

FINAL_STATES = {
    ("W1", 20_000): (99999, 100000, 5150, 5118, 28503, 28189, 120, 124, 1618, 4026, 402600224),
    ("W1", 100_000): (99997, 99998, 5660, 5703, 31057, 31090, 126, 123, 14647, 36421, 3642092001),
    ("W1", 1_000_000): (100003, 100004, 12928, 13071, 70906, 71561, 137, 138, 160254, 396397, 39640433125),
    ("W2", 1_000_000): (100769, 100773, 94, 111, 552, 622, 37, 49, 182631, 520593, 52296005756),
}
"""(workload, messages) -> best bid, best ask, live bids, live asks, bid lots, ask lots, bid levels, ask
levels, trades, volume, notional; found by two independent programs."""

_LOW, _LEVELS, _WARM_UP = 90_000, 20_000, 10_000


@numba.njit(cache=True)
def _next(state: npt.NDArray[np.uint64], n: int) -> int:
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((z ^ (z >> np.uint64(31))) >> np.uint64(32)) % n


@numba.njit(cache=True)
def _generate(messages: int, cascade: bool, rows: Rows) -> None:
    state = np.full(1, 20240601, np.uint64)
    lots = np.zeros(messages + 1, np.int64)
    price_of = np.zeros(messages + 1, np.int64)
    side_of = np.zeros(messages + 1, np.int64)
    behind = np.zeros(messages + 1, np.int64)  # next id in the queue of a price; dead ids are passed over
    place = np.zeros(messages + 1, np.int64)
    live = np.zeros(messages + 1, np.int64)
    head = np.zeros((2, _LEVELS), np.int64)
    tail = np.zeros((2, _LEVELS), np.int64)
    count = np.zeros((2, _LEVELS), np.int64)
    best = np.array([0, _LEVELS - 1])
    quote = np.array([99_999, 100_001])
    alive = 0
    for i in range(messages):
        r = 0 if i < _WARM_UP else _next(state, 10)
        rush = cascade and i >= _WARM_UP and i % 10_000 < 1_000
        if rush:
            r = 0 if r <= 1 else (5 if r <= 3 else 9)
        if 5 <= r <= 8 and alive == 0:
            r = 0
        removed = 0
        if 5 <= r <= 8:
            removed = live[_next(state, alive)]
            rows[i] = (CANCEL_ROW, removed, side_of[removed], price_of[removed], 0)
            lots[removed] = 0
            alive -= 1
            live[place[removed]] = live[alive]
            place[live[alive]] = place[removed]
            count[side_of[removed], price_of[removed] - _LOW] -= 1
        else:
            order = i + 1
            if r <= 4:
                side = _next(state, 2)
                d = 0
                while _next(state, 100) < 95 and d < 200:
                    d += 1
                if i < _WARM_UP:
                    price = 99_999 - d if side == 0 else 100_001 + d
                else:
                    price = ((quote.sum() + 1) >> 1) - d if side == 0 else (quote.sum() >> 1) + d
                left = 1 + _next(state, 10)
                rows[i] = (ADD_ROW, order, side, price, left)
            else:
                side = 1 - (i // 10_000) % 2 if rush else _next(state, 2)
                price = 0
                left = 1 + _next(state, 20 if rush else 6)
                rows[i] = (MARKET_ROW, order, side, 0, left)
            other = 1 - side
            while left > 0:
                level = best[other]
                if level == 0 or level == _LEVELS - 1:
                    break
                if r <= 4 and (level + _LOW > price if side == 0 else level + _LOW < price):
                    break
                maker = head[other, level]
                while lots[maker] == 0:
                    maker = behind[maker]
                head[other, level] = maker
                traded = min(left, lots[maker])
                left -= traded
                lots[maker] -= traded
                if lots[maker] == 0:
                    alive -= 1
                    live[place[maker]] = live[alive]
                    place[live[alive]] = place[maker]
                    count[other, level] -= 1
                    while best[other] not in (0, _LEVELS - 1) and count[other, best[other]] == 0:
                        best[other] += 1 if other else -1
            if r <= 4 and left > 0:
                level = price - _LOW
                lots[order] = left
                price_of[order] = price
                side_of[order] = side
                if count[side, level] == 0:
                    head[side, level] = order
                else:
                    behind[tail[side, level]] = order
                tail[side, level] = order
                count[side, level] += 1
                place[order] = alive
                live[alive] = order
                alive += 1
                best[side] = max(best[side], level) if side == 0 else min(best[side], level)
        for side in range(2):
            while best[side] not in (0, _LEVELS - 1) and count[side, best[side]] == 0:
                best[side] += 1 if side else -1
            if best[side] not in (0, _LEVELS - 1):
                quote[side] = best[side] + _LOW


def workload(name: str, messages: int = 1_000_000) -> Rows:
    """Return W1 or W2: columns type (0 add, 1 cancel, 2 market), id, side (0 buy), price, lots."""
    rows = np.zeros((messages, 5), np.int64)
    _generate(messages, name == "W2", rows)
    return rows


def shallow(messages: int = 5_000_000, seed: int = 7) -> Rows:
    """Return orders near a mid that walks at random, in the same columns: a book of some hundred orders.

    In each block of 50 messages 23 limit orders a geometric distance (mean 8 ticks) behind the mid, 23
    cancels, each of another order, about 400 orders old (some are traded by then), and 4 market orders; 1 to
    19 lots. The first 400 messages are limit orders.
    """
    rng = np.random.default_rng(seed)
    rows = np.zeros((messages, 5), np.int64)
    block = np.repeat([ADD_ROW, CANCEL_ROW, MARKET_ROW], [23, 23, 4])
    rows[:, 0] = rng.permuted(np.tile(block, (-(-messages // 50), 1)), axis=1).ravel()[:messages]
    rows[:400, 0] = ADD_ROW
    rows[:, 1] = 1 + np.arange(messages)
    rows[:, 2] = rng.integers(0, 2, messages)
    mid = 50_000 + np.cumsum(rng.choice([-1, 0, 1], messages, p=[0.01, 0.98, 0.01]))
    distance = rng.geometric(0.12, messages)
    rows[:, 3] = np.where(rows[:, 2] == 0, mid + 1 - distance, mid + distance)
    rows[:, 4] = rng.integers(1, 20, messages)
    adds, cancels = np.flatnonzero(rows[:, 0] == ADD_ROW), np.flatnonzero(rows[:, 0] == CANCEL_ROW)
    rows[rows[:, 0] == MARKET_ROW, 3] = 0
    rows[cancels, 2:] = 0
    leaving = np.argsort(np.arange(len(adds)) + rng.exponential(100, len(adds)), kind="stable")
    rows[cancels, 1] = 1 + adds[leaving[: len(cancels)]]
    return rows


def as_messages(rows: Rows, account: int = 0) -> Records:
    """Return workload rows as a message table, one nanosecond apart."""
    table = message_table(len(rows))
    table.time = np.arange(len(rows))
    table.kind = np.array([LIMIT, CANCEL, MARKET])[rows[:, 0]]
    table.id, table.side, table.price, table.lots = rows[:, 1], rows[:, 2], rows[:, 3], rows[:, 4]
    table.account = account
    return table


def state_of(books: OrderBooks) -> tuple[int, ...]:
    """Return the state of the first book in the order of `FINAL_STATES`."""
    book = books.books[0]
    bids, asks = books.snapshot(0, 1_000_000)
    state = (
        bids[0, 0], asks[0, 0], book.bids, book.asks, bids[:, 1].sum(), asks[:, 1].sum(),
        len(bids), len(asks), book.trades, book.volume, book.notional,
    )  # fmt: skip
    return tuple(int(value) for value in state)
