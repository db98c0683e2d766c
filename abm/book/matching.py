"""From messages to the book: orders, amendments and cancels, one at a time or a whole table."""

import numpy as np
import numpy.typing as npt

from abm.book.identities import find, forget_at, give_slot, locate, remember_at, reserve, take_slot
from abm.book.ladder import link, unlink
from abm.book.layout import EXPIRY, LOTS_LIMIT, NIL, PRICE_LIMIT, WAITS, int64
from abm.book.messages import (
    AMEND,
    AMENDED,
    CANCEL,
    CANCELLED,
    EXPIRED,
    LIMIT,
    MARKET,
    PENDING,
    POST_ONLY,
    REDUCE_ONLY,
    REJECTED_DUPLICATE,
    REJECTED_LOTS,
    REJECTED_MALFORMED,
    REJECTED_MARGIN,
    REJECTED_PRICE,
    REJECTED_UNKNOWN,
    RESTING,
    WAITING,
    Records,
)
from abm.book.trading import (
    DONE,
    NEEDS_FILLS,
    NEEDS_LEVELS,
    NEEDS_ORDERS,
    STOP,
    Positions,
    admission,
    best_opposite,
    enrol,
    has_room,
    settle,
)
from abm.book.triggers import (
    advance,
    breached,
    fire_on_mark,
    heap_push,
    stop_expiring,
    stop_waiting,
    wait,
    withdraw,
)
from abm.compiled import inlined, kernel


@inlined
def fits(book: np.record, message: np.record, accounts: int) -> bool:
    """Tell whether a new order is well formed and its price on the ladder, with a single comparison.

    Each bound turns into a number that is negative if it is broken, and so is then the union of their bits.
    """
    kind = int64(message.kind)
    side = int64(message.side)
    account = int64(message.account)
    price = message.price if kind != MARKET else 1
    lots = message.lots
    trigger = message.trigger
    bits = (
        kind | (POST_ONLY - kind) | side | (1 - side) | account | (accounts - 1 - account) | (message.id - 1)
    )
    bits |= (price - 1) | (len(book.levels) - 1 - price) | (lots - 1) | (LOTS_LIMIT - lots)
    return bits | trigger | (PRICE_LIMIT - trigger) >= 0


@kernel
def refusal(message: np.record, accounts: int) -> int:
    """Return the status that refuses a new order for its form, 0 if it is well formed."""
    if not (0 <= message.kind <= POST_ONLY and 0 <= message.side <= 1 and message.id > 0):
        return REJECTED_MALFORMED
    if not 0 <= message.account < accounts:
        return REJECTED_MALFORMED
    if message.kind != MARKET and not 1 <= message.price <= PRICE_LIMIT:
        return REJECTED_PRICE
    if not 0 <= message.trigger <= PRICE_LIMIT:
        return REJECTED_PRICE
    if not 1 <= message.lots <= LOTS_LIMIT:
        return REJECTED_LOTS
    return 0


@inlined
def submit(book: np.record, message: np.record, accounts: int, free_rows: int) -> tuple[int, int]:
    """Give a new order a slot, and let it rest or wait if it cannot trade.

    Returns
    -------
    tuple
        The slot if the order may trade, else `NIL` with the outcome in ``message``; and `DONE`, or what must
        grow before the book takes the message, which it has not touched then.
    """
    if not fits(book, message, accounts):
        message.status = refusal(message, accounts)
        return NIL, DONE if message.status != PENDING else NEEDS_LEVELS
    order_id = message.id
    kind = int64(message.kind)
    side = int64(message.side)
    lots = message.lots
    price = message.price if kind != MARKET else 0
    reserve(book)
    place = locate(book, order_id)
    if book.ids[place].slot != NIL:
        message.status = REJECTED_DUPLICATE
        return NIL, DONE
    expiry = message.expiry
    if expiry != 0 and expiry <= message.time:
        message.status = EXPIRED
        return NIL, DONE
    slot = take_slot(book)
    if slot == NIL:
        return NIL, NEEDS_ORDERS
    flags = int64(message["flags"])
    trigger = message.trigger
    order = book.orders[slot]
    order.id = order_id
    order.lots = lots
    order.expiry = expiry
    order.price = price
    order.account = message.account
    order.trigger = trigger
    order.kind = kind
    order.side = side
    order.options = flags
    if trigger != 0:
        if not breached(book, flags, trigger):
            message.status = WAITING
            wait(book, slot)
            enrol(book, slot)
            return NIL, DONE
        message.source = STOP
    rests = kind in (LIMIT, POST_ONLY)
    if rests and flags & REDUCE_ONLY == 0 and best_opposite(book, side, price) == 0:
        message.status = RESTING
        link(book, slot, price, side, lots)
        remember_at(book, place, order_id, slot)
        if expiry != 0:
            heap_push(book, EXPIRY, expiry, slot)
        return NIL, DONE
    if not has_room(book, side, lots, free_rows):
        give_slot(book, slot)
        return NIL, NEEDS_FILLS
    return slot, DONE


@inlined
def cancel(book: np.record, message: np.record) -> None:
    """Remove an open order of the sender from the book."""
    place = locate(book, message.id)
    slot = int64(book.ids[place].slot)
    if slot == NIL or book.orders[slot].account != message.account:
        message.status = REJECTED_UNKNOWN
        return
    message.status = CANCELLED
    withdraw(book, slot)
    stop_expiring(book, slot)
    forget_at(book, place)
    give_slot(book, slot)


@kernel
def amend(book: np.record, message: np.record, held: Positions, free_rows: int) -> tuple[int, int]:
    """Change an open order of the sender in place, or take it out of the book to enter anew.

    A refused amendment leaves the order as it was. ``held`` are the positions of all accounts in the
    instrument; the result is that of `submit`.
    """
    slot = find(book, message.id)
    if slot == NIL or book.orders[slot].account != message.account:
        message.status = REJECTED_UNKNOWN
        return NIL, DONE
    order = book.orders[slot]
    kind = int64(order.kind)
    side = int64(order.side)
    lots = message.lots
    price = message.price if kind != MARKET else 0
    waits = order.state == WAITS
    trigger = message.trigger if waits and message.trigger != 0 else int64(order.trigger)
    if (kind != MARKET and not 1 <= price <= PRICE_LIMIT) or not 0 <= trigger <= PRICE_LIMIT:
        message.status = REJECTED_PRICE
        return NIL, DONE
    if not 1 <= lots <= LOTS_LIMIT:
        message.status = REJECTED_LOTS
        return NIL, DONE
    if price >= len(book.levels):
        return NIL, NEEDS_LEVELS
    if not has_room(book, side, lots, free_rows):
        return NIL, NEEDS_FILLS
    if waits:
        return _amend_waiting(book, slot, message, price, trigger), DONE
    if price == order.price and lots <= order.lots:
        message.status = AMENDED
        book.levels[price].lots -= order.lots - lots
        order.lots = lots
        return NIL, DONE
    message.status = admission(book, kind, side, price, int64(order.options), held[order.account])
    if message.status != PENDING:
        return NIL, DONE
    unlink(book, slot)
    order.price = price
    order.lots = lots
    return slot, DONE


@kernel
def _amend_waiting(book: np.record, slot: int, message: np.record, price: int, trigger: int) -> int:
    order = book.orders[slot]
    message.status = AMENDED
    order.lots = message.lots
    order.price = price
    if trigger == order.trigger:
        return NIL
    stop_waiting(book, slot)
    order.trigger = trigger
    if not breached(book, int64(order.options), trigger):
        wait(book, slot)
        return NIL
    message.source = STOP
    return slot


@kernel
def process(
    books: Records, messages: Records, start: int, stop: int, fills: Records, count: int, position: Positions
) -> tuple[int, int, int]:
    """Handle rows ``start`` to ``stop`` of ``messages`` in the order given.

    Parameters
    ----------
    books
        All books of the market; ``instrument`` of a message selects one.
    messages
        Message table; ``status`` and ``filled`` are written, and ``source`` of a stop that fires on arrival.
    start, stop
        Rows to handle.
    fills
        Fill table; fills are appended from row ``count``.
    count
        Rows of ``fills`` in use.
    position
        Lots held, shape ``(instruments, accounts)``; kept up to date fill by fill.

    Returns
    -------
    tuple
        First row that is not handled yet, number of rows now used in ``fills``, and `DONE` or what has to
        grow (`NEEDS_FILLS`, `NEEDS_ORDERS`, `NEEDS_LEVELS`) before a further call goes on from that row.
        After `NEEDS_FILLS`, `settle_all` has to come first: stops may have fired and not entered yet.
    """
    for row in range(start, stop):
        message = messages[row]
        if message.status == REJECTED_MARGIN:
            continue
        instrument = int64(message.instrument)
        message.filled = 0
        message.status = PENDING
        if not 0 <= instrument < len(books):
            message.status = REJECTED_MALFORMED
            continue
        book = books[instrument]
        advance(book, message.time)
        if message.kind == CANCEL:
            cancel(book, message)
            continue
        if message.kind == AMEND:
            slot, need = amend(book, message, position[instrument], len(fills) - count)
        else:
            slot, need = submit(book, message, position.shape[1], len(fills) - count)
        if need != DONE:
            return row, count, need
        if slot != NIL:
            source = int64(message.source)
            status, filled, count, need = settle(book, slot, instrument, source, fills, count, position)
            message.status = status
            message.filled = filled
            if need != DONE:
                return row + 1, count, need
    return stop, count, DONE


@kernel
def settle_all(books: Records, fills: Records, count: int, position: Positions) -> tuple[int, int]:
    """Let fired orders of all books enter; return rows now used in ``fills``, and `DONE` or `NEEDS_FILLS`."""
    for instrument in range(len(books)):
        book = books[instrument]
        if book.fired_head != NIL:
            _, _, count, need = settle(book, NIL, instrument, STOP, fills, count, position)
            if need != DONE:
                return count, need
    return count, DONE


@kernel
def mark_books(
    books: Records, marks: npt.NDArray[np.int64], time: int, fills: Records, count: int, position: Positions
) -> tuple[int, int]:
    """Tell every book its mark price in ticks (0 = unknown) and let the orders that it fires enter.

    Returns
    -------
    tuple
        Number of rows now used in ``fills``, and `DONE` or `NEEDS_FILLS`; then fired orders are still on
        their way, and a call of `settle_all` goes on.
    """
    for instrument in range(len(books)):
        book = books[instrument]
        advance(book, time)
        fire_on_mark(book, marks[instrument])
    return settle_all(books, fills, count, position)
