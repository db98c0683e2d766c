"""What a book shows: best prices, depth, impact price, queues. Kernels, for use inside other kernels too."""

import numpy as np
import numpy.typing as npt

from abm.book.identities import find
from abm.book.ladder import next_above, next_below
from abm.book.layout import FREE, IN_BOOK, NIL, int64
from abm.book.messages import BUY, SELL, Records
from abm.book.triggers import advance, drop
from abm.compiled import kernel

Integers = npt.NDArray[np.int64]


@kernel
def best_bid(book: np.record) -> int:
    """Return the best bid in ticks, 0 if there is none."""
    return int64(book.bid)


@kernel
def best_ask(book: np.record) -> int:
    """Return the best ask in ticks, 0 if there is none."""
    return int64(book.ask)


@kernel
def mid2(book: np.record) -> int:
    """Return twice the mid price in ticks, 0 if a side is empty."""
    return int64(book.bid + book.ask) if book.bid != 0 and book.ask != 0 else 0


@kernel
def behind(book: np.record, side: int, price: int) -> int:
    """Return the next price with orders on ``side`` that is worse than ``price``, 0 if there is none."""
    return next_below(book, price) if side == BUY else next_above(book, price)


@kernel
def depth_within(book: np.record, fraction_ppm: int, side: int) -> tuple[int, int]:
    """Return the depth of ``side`` (`BUY` = bids) within ``fraction_ppm`` millionths of the mid price.

    Returns
    -------
    tuple
        Lots, and ticks x lots; zeros if either side of the book is empty.
    """
    twice = mid2(book)
    lots = 0
    ticks_lots = 0
    if twice == 0:
        return lots, ticks_lots
    price = int64(book.bid if side == BUY else book.ask)
    reach = twice * fraction_ppm
    while price != 0 and abs(2 * price - twice) * 1_000_000 <= reach:
        resting = int64(book.levels[price].lots)
        lots += resting
        ticks_lots += price * resting
        price = behind(book, side, price)
    return lots, ticks_lots


@kernel
def impact_ticks(book: np.record, side: int, ticks_lots: int) -> float:
    """Return the average price in ticks at which a taker on ``side`` trades ``ticks_lots`` of notional.

    The last level counts in the part that is needed. Returns 0 if the book does not hold that much.
    """
    left = ticks_lots
    lots = 0.0
    other = 1 - side
    price = int64(book.bid if other == BUY else book.ask)
    while price != 0 and left > 0:
        value = price * int64(book.levels[price].lots)
        taken = min(left, value)
        lots += taken / price
        left -= taken
        price = behind(book, other, price)
    return ticks_lots / lots if left == 0 and lots > 0 else 0.0


@kernel
def impact_both_sides(
    books: Records, rows: Integers, ticks_lots: Integers, out: npt.NDArray[np.float64]
) -> None:
    """Write `impact_ticks` of a seller and of a buyer in each of the books ``rows``, ``(len(rows), 2)``."""
    for k in range(len(rows)):
        out[k, 0] = impact_ticks(books[rows[k]], SELL, ticks_lots[k])
        out[k, 1] = impact_ticks(books[rows[k]], BUY, ticks_lots[k])


@kernel
def owner(book: np.record, order_id: int) -> int:
    """Return the account of an order, -1 if it is not open."""
    slot = find(book, order_id)
    return int64(book.orders[slot].account) if slot != NIL else -1


@kernel
def open_lots(book: np.record, order_id: int) -> int:
    """Return the open size of order ``order_id`` in lots, resting or waiting; 0 if it is not open."""
    return int64(book.orders[find(book, order_id)].lots)


@kernel
def queue_ahead(book: np.record, order_id: int) -> int:
    """Return the lots that stand before order ``order_id`` at its price, -1 if it does not rest."""
    slot = find(book, order_id)
    if slot == NIL or book.orders[slot].state != IN_BOOK:
        return -1
    ahead = 0
    slot = int64(book.orders[slot].prev)
    while slot != NIL:
        ahead += int64(book.orders[slot].lots)
        slot = int64(book.orders[slot].prev)
    return ahead


@kernel
def copy_levels(book: np.record, side: int, prices: Integers, lots: Integers) -> int:
    """Write the best levels of ``side`` into the two arrays, best first; return how many there are."""
    price = int64(book.bid if side == BUY else book.ask)
    row = 0
    while price != 0 and row < len(prices):
        prices[row] = price
        lots[row] = book.levels[price].lots
        row += 1
        price = behind(book, side, price)
    return row


@kernel
def reset_range(books: Records) -> None:
    """Start a new period for ``low`` and ``high`` of every book."""
    for row in range(len(books)):
        books[row].low = 0
        books[row].high = 0


@kernel
def expire(books: Records, time: int) -> None:
    """Advance all books to ``time`` (ns): what is due to expire is dropped, message or not."""
    for row in range(len(books)):
        advance(books[row], time)


@kernel
def cancel_accounts(books: Records, flags: npt.NDArray[np.bool_]) -> int:
    """Cancel every open order of the flagged accounts in all books; return how many there were."""
    dropped = 0
    for row in range(len(books)):
        book = books[row]
        for slot in range(1, book.used + 1):
            order = book.orders[slot]
            if order.state != FREE and flags[order.account]:
                drop(book, slot)
                dropped += 1
    return dropped
