"""Matching in price-time priority: what one incoming order does, and what a whole table of messages does."""

import numpy as np
import numpy.typing as npt

from abm.book.identities import find, give_slot, remember, take_slot
from abm.book.ladder import link, next_above, next_below, unlink
from abm.book.layout import EXPIRY, FREE, LOTS_LIMIT, NIL, PRICE_LIMIT, WAITS, int64
from abm.book.messages import (
    AMEND,
    AMENDED,
    BUY,
    CANCEL,
    CANCELLED,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    EXPIRED,
    FILLED,
    FOK,
    LIMIT,
    MARKET,
    PENDING,
    POST_ONLY,
    REDUCE_ONLY,
    REJECTED_CROSSING,
    REJECTED_DUPLICATE,
    REJECTED_LOTS,
    REJECTED_MALFORMED,
    REJECTED_MARGIN,
    REJECTED_PRICE,
    REJECTED_REDUCE,
    REJECTED_UNFILLABLE,
    REJECTED_UNKNOWN,
    RESTING,
    WAITING,
    Records,
)
from abm.book.messages import STOP as _STOP
from abm.book.triggers import (
    advance,
    breached,
    discard,
    drop,
    fire_on_mark,
    fire_on_trades,
    heap_push,
    stop_waiting,
    wait,
)
from abm.compiled import inlined, kernel

STOP = int64(_STOP)
Positions = npt.NDArray[np.int64]

# why `process` stopped: what the caller must enlarge before it goes on
DONE = 0
NEEDS_FILLS = 1
NEEDS_ORDERS = 2
NEEDS_LEVELS = 3

_ANY_PRICE = 1 << 62


@kernel
def reducible(position: int, side: int) -> int:
    """Return how many lots an order on ``side`` can trade before ``position`` is flat."""
    return max(-position, 0) if side == BUY else max(position, 0)


@kernel
def best_opposite(book: np.record, side: int, limit: int) -> int:
    """Return the best price that an order on ``side`` with price ``limit`` can trade at, 0 if there is none."""
    if side == BUY:
        return book.ask if book.ask <= limit else 0
    return book.bid if book.bid >= limit else 0


@kernel
def limit_of(kind: int, side: int, price: int) -> int:
    """Return the worst price that an order accepts."""
    if kind != MARKET:
        return price
    return _ANY_PRICE if side == BUY else 1


@kernel
def fillable(
    book: np.record, slot: int, lots: int, instrument: int, fills: Records, count: int, position: Positions
) -> bool:
    """Tell whether the order in ``slot`` would fill ``lots`` at once.

    A dry run of the match: it moves positions as the fills would, because a reduce-only order further back may
    depend on them, notes the moves in the unused rows of ``fills``, and takes them back.
    """
    taker = book.orders[slot]
    side = int64(taker.side)
    account = int64(taker.account)
    sign = 1 - 2 * side
    limit = int64(taker.price)
    price = best_opposite(book, side, limit)
    row = count
    while price != 0 and lots > 0:
        maker_slot = int64(book.levels[price].head)
        while maker_slot != NIL and lots > 0:
            maker = book.orders[maker_slot]
            traded = min(lots, maker.lots)
            if maker.account == account and taker.options & (EXPIRE_MAKER | EXPIRE_TAKER):
                traded = 0
                if taker.options & EXPIRE_TAKER:
                    price = 0
                    break
            elif maker.options & REDUCE_ONLY:
                traded = min(traded, reducible(position[instrument, maker.account], 1 - side))
            if traded > 0:
                fills[row].lots = traded
                fills[row].maker = maker.account
                row += 1
                position[instrument, maker.account] -= sign * traded
                position[instrument, account] += sign * traded
                lots -= traded
            maker_slot = int64(maker.next)
        if price != 0:
            price = next_above(book, price) if side == BUY else next_below(book, price)
            if (price > limit) if side == BUY else (price < limit):
                price = 0
    for undo in range(count, row):
        traded = fills[undo].lots
        position[instrument, fills[undo].maker] += sign * traded
        position[instrument, account] -= sign * traded
    return lots == 0


@inlined
def match(
    book: np.record,
    slot: int,
    lots: int,
    instrument: int,
    source: int,
    fills: Records,
    count: int,
    position: Positions,
) -> tuple[int, int, bool]:
    """Trade up to ``lots`` of the order in ``slot`` against the book.

    Returns
    -------
    tuple
        Lots left, number of rows now used in ``fills``, and whether self-trade prevention stopped the order.
    """
    taker = book.orders[slot]
    taker_id = taker.id
    side = int64(taker.side)
    account = int64(taker.account)
    sign = 1 - 2 * side
    limit = limit_of(int64(taker.kind), side, int64(taker.price))
    prevention = taker.options & (EXPIRE_MAKER | EXPIRE_TAKER)
    price = best_opposite(book, side, limit)
    while lots > 0 and price != 0:
        level = book.levels[price]
        maker_slot = int64(level.head)
        maker = book.orders[maker_slot]
        maker_account = int64(maker.account)
        if prevention and maker_account == account:
            if prevention & EXPIRE_MAKER:
                drop(book, maker_slot)
            if prevention & EXPIRE_TAKER:
                return lots, count, True
            price = best_opposite(book, side, limit)
            continue
        held = position[instrument, maker_account]
        traded = min(lots, maker.lots)
        gone = traded == maker.lots
        if maker.options & REDUCE_ONLY:
            most = reducible(held, 1 - side)
            gone = gone or traded >= most
            traded = min(traded, most)
        if traded > 0:
            fill = fills[count]
            count += 1
            fill.time = book.time
            fill.price = price
            fill.lots = traded
            fill.maker_id = maker.id
            fill.taker_id = taker_id
            fill.maker_position = held
            fill.taker_position = position[instrument, account]
            fill.maker = maker_account
            fill.taker = account
            fill.instrument = instrument
            fill.side = side
            fill.source = source
            position[instrument, maker_account] -= sign * traded
            position[instrument, account] += sign * traded
            lots -= traded
            book.trades += 1
            book.volume += traded
            book.notional += traded * price
            book.last = price
            book.last_side = side
            book.high = max(book.high, price)
            if price < book.low or book.low == 0:
                book.low = price
        if gone:
            drop(book, maker_slot)
            price = best_opposite(book, side, limit)
        else:
            maker.lots -= traded
            level.lots -= traded
    return lots, count, False


@kernel
def admission(book: np.record, kind: int, side: int, price: int, flags: int, held: int) -> int:
    """Return the status that refuses an order on entry, 0 if it may enter."""
    if flags & REDUCE_ONLY and reducible(held, side) == 0:
        return REJECTED_REDUCE
    if kind == POST_ONLY and best_opposite(book, side, price) != 0:
        return REJECTED_CROSSING
    return 0


@inlined
def enter(
    book: np.record, slot: int, instrument: int, source: int, fills: Records, count: int, position: Positions
) -> tuple[int, int, int]:
    """Let the order in ``slot`` trade, and rest with what is left if its kind rests.

    Returns
    -------
    tuple
        Status (`RESTING` means that the slot is in the book now, anything else that it is not), lots traded, and
        number of rows now used in ``fills``.
    """
    order = book.orders[slot]
    side = int64(order.side)
    kind = int64(order.kind)
    lots = order.lots
    held = position[instrument, order.account]
    refused = admission(book, kind, side, int64(order.price), int64(order.options), held)
    if refused != 0:
        return refused, 0, count
    wanted = min(lots, reducible(held, side)) if order.options & REDUCE_ONLY else lots
    if kind == FOK and not fillable(book, slot, wanted, instrument, fills, count, position):
        return REJECTED_UNFILLABLE, 0, count
    start = count
    left, count, stopped = match(book, slot, wanted, instrument, source, fills, count, position)
    if count > start and book.waiting > 0:
        fire_on_trades(book, fills[start].price, fills[count - 1].price, side)
    if left == 0:
        return FILLED if wanted == lots else EXPIRED, wanted, count
    if stopped or (kind != LIMIT and kind != POST_ONLY):
        return EXPIRED, wanted - left, count
    order.lots = left
    link(book, slot)
    return RESTING, wanted - left, count


@kernel
def has_room(book: np.record, side: int, lots: int, free_rows: int) -> bool:
    """Tell whether ``free_rows`` rows hold every fill that an order can cause."""
    makers = book.asks if side == BUY else book.bids
    return min(lots, makers) <= free_rows


@kernel
def shortage(book: np.record, message: np.record, free_rows: int) -> int:
    """Return what must grow before an order or amendment can be handled, `DONE` if nothing."""
    kind = int64(message.kind)
    side = int64(message.side)
    price = message.price if kind != MARKET else 0
    if kind == AMEND:
        slot = find(book, message.id)
        if slot == NIL:
            return DONE
        side = int64(book.orders[slot].side)
    elif book.free == NIL and book.used + 1 >= len(book.orders):
        return NEEDS_ORDERS
    if len(book.levels) <= price <= PRICE_LIMIT:
        return NEEDS_LEVELS
    return DONE if has_room(book, side, message.lots, free_rows) else NEEDS_FILLS


@kernel
def refusal(book: np.record, message: np.record, accounts: int) -> int:
    """Return the status that refuses a new order for its form, 0 if it is well formed."""
    kind = int64(message.kind)
    if not (0 <= kind <= POST_ONLY and 0 <= message.side <= 1 and message.id > 0):
        return REJECTED_MALFORMED
    if not 0 <= message.account < accounts:
        return REJECTED_MALFORMED
    if kind != MARKET and not 1 <= message.price <= PRICE_LIMIT:
        return REJECTED_PRICE
    if not 0 <= message.trigger <= PRICE_LIMIT:
        return REJECTED_PRICE
    if not 1 <= message.lots <= LOTS_LIMIT:
        return REJECTED_LOTS
    if find(book, message.id) != NIL:
        return REJECTED_DUPLICATE
    if message.expiry != 0 and message.expiry <= message.time:
        return EXPIRED
    return 0


@kernel
def prepare(book: np.record, message: np.record, accounts: int) -> int:
    """Give a new order a slot. Return it if the order may trade now; `NIL` if it waits, just rests or is refused."""
    status = refusal(book, message, accounts)
    if status != 0:
        message.status = status
        return NIL
    slot = take_slot(book)
    order = book.orders[slot]
    order.id = message.id
    order.lots = message.lots
    order.expiry = message.expiry
    order.price = message.price if message.kind != MARKET else 0
    order.account = message.account
    order.trigger = message.trigger
    order.expiry_place = 0
    order.kind = message.kind
    order.side = message.side
    order.options = message["flags"]
    if message.trigger != 0:
        if not breached(book, int64(message["flags"]), message.trigger):
            message.status = WAITING
            wait(book, slot)
            enrol(book, slot)
            return NIL
        message.source = STOP
    kind = int64(message.kind)
    rests = kind == LIMIT or kind == POST_ONLY
    if (
        rests
        and order.options & REDUCE_ONLY == 0
        and best_opposite(book, int64(order.side), message.price) == 0
    ):
        message.status = RESTING
        link(book, slot)
        enrol(book, slot)
        return NIL
    return slot


@kernel
def enrol(book: np.record, slot: int) -> None:
    """Enter a newly open order in the table of ids and, if it expires, in the heap of expiry times."""
    remember(book, slot)
    expiry = book.orders[slot].expiry
    if expiry != 0:
        heap_push(book, EXPIRY, expiry, slot)


@kernel
def amend(book: np.record, message: np.record, held: npt.NDArray[np.int64]) -> int:
    """Change an open order. Return its slot if it has to enter the book anew, `NIL` if all is done.

    ``held`` are the positions of all accounts in the instrument. A refused amendment leaves the order as it was.
    """
    slot = find(book, message.id)
    if slot == NIL:
        message.status = REJECTED_UNKNOWN
        return NIL
    order = book.orders[slot]
    kind = int64(order.kind)
    price = message.price if kind != MARKET else 0
    trigger = message.trigger if message.trigger != 0 else int64(order.trigger)
    waits = order.state == WAITS
    if (kind != MARKET and not 1 <= price <= PRICE_LIMIT) or (waits and not 1 <= trigger <= PRICE_LIMIT):
        message.status = REJECTED_PRICE
        return NIL
    if not 1 <= message.lots <= LOTS_LIMIT:
        message.status = REJECTED_LOTS
        return NIL
    if waits:
        return _amend_waiting(book, slot, message, price, trigger)
    if price == order.price and message.lots <= order.lots:
        message.status = AMENDED
        book.levels[price].lots -= order.lots - message.lots
        order.lots = message.lots
        return NIL
    status = admission(book, kind, int64(order.side), price, int64(order.options), held[order.account])
    if status != 0:
        message.status = status
        return NIL
    unlink(book, slot)
    order.price = price
    order.lots = message.lots
    return slot


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
def settle(
    book: np.record, slot: int, instrument: int, source: int, fills: Records, count: int, position: Positions
) -> tuple[int, int, int, int]:
    """Let the order in ``slot`` (`NIL`: none) enter, then fired ones in the order of their firing.

    Returns
    -------
    tuple
        Status and lots traded of the order in ``slot``; number of rows now used in ``fills``; `DONE`, or
        `NEEDS_FILLS` when fired orders are left because ``fills`` might overflow.
    """
    outcome = PENDING
    traded = 0
    while True:
        if slot == NIL:
            slot = int64(book.fired_head)
            if slot == NIL:
                return outcome, traded, count, DONE
            fired = book.orders[slot]
            if not has_room(book, int64(fired.side), fired.lots, len(fills) - count):
                return outcome, traded, count, NEEDS_FILLS
            book.fired_head = fired.next
            source = STOP
        fresh = book.orders[slot].state == FREE
        status, filled, count = enter(book, slot, instrument, source, fills, count, position)
        if status == RESTING:
            if fresh:
                enrol(book, slot)
        elif fresh:
            give_slot(book, slot)
        else:
            discard(book, slot)
        if outcome == PENDING:
            outcome = status
            traded = filled
        slot = NIL


@kernel
def cancel(book: np.record, message: np.record) -> None:
    """Remove an open order from the book."""
    slot = find(book, message.id)
    if slot == NIL:
        message.status = REJECTED_UNKNOWN
    else:
        message.status = CANCELLED
        drop(book, slot)


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
        First row that is not handled yet, number of rows now used in ``fills``, and `DONE` or what has to grow
        (`NEEDS_FILLS`, `NEEDS_ORDERS`, `NEEDS_LEVELS`) before a further call goes on from that row.
    """
    count, need = settle_all(books, fills, count, position)
    if need != DONE:
        return start, count, need
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
        need = shortage(book, message, len(fills) - count)
        if need != DONE:
            return row, count, need
        if message.kind == AMEND:
            slot = amend(book, message, position[instrument])
        else:
            slot = prepare(book, message, position.shape[1])
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
    """Let the fired orders of all books enter; return the rows now used in ``fills``, and `DONE` or `NEEDS_FILLS`."""
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
        Number of rows now used in ``fills``, and `DONE` or `NEEDS_FILLS`; then fired orders are still on their
        way, and a call of `settle_all` goes on.
    """
    for instrument in range(len(books)):
        book = books[instrument]
        advance(book, time)
        fire_on_mark(book, marks[instrument])
    return settle_all(books, fills, count, position)
