"""Trading in price-time priority: what one order does that enters the book, and the stops that it fires."""

import numpy as np
import numpy.typing as npt

from abm.book.identities import give_slot, remember
from abm.book.ladder import link, next_above, next_below
from abm.book.layout import EXPIRY, FREE, NIL, int64
from abm.book.messages import (
    BUY,
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
    REJECTED_REDUCE,
    REJECTED_UNFILLABLE,
    RESTING,
    Records,
)
from abm.book.messages import STOP as _STOP
from abm.book.triggers import discard, drop, fire_on_trades, heap_push
from abm.compiled import inlined, kernel, merged

Positions = npt.NDArray[np.int64]
STOP = int64(_STOP)

# why a kernel stopped: what its caller must enlarge before it goes on
DONE = 0
NEEDS_FILLS = 1
NEEDS_ORDERS = 2
NEEDS_LEVELS = 3

_ANY_PRICE = 1 << 62


@inlined
def reducible(position: int, side: int) -> int:
    """Return how many lots an order on ``side`` can trade before ``position`` is flat."""
    return max(-position, 0) if side == BUY else max(position, 0)


@inlined
def best_opposite(book: np.record, side: int, limit: int) -> int:
    """Return the best price at which an order on ``side`` can trade within ``limit``, 0 if there is none."""
    price = book.ask if side == BUY else book.bid
    return price if (limit - price) * (1 - 2 * side) >= 0 else 0  # in this form no branch depends on the side


@inlined
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

    A dry run of the match: it moves positions as the fills would, because a reduce-only order further back
    may depend on them, notes the moves in the unused rows of ``fills``, and takes them back.
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


@merged
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


@inlined
def admission(book: np.record, kind: int, side: int, price: int, flags: int, held: int) -> int:
    """Return the status that refuses an order on entry, 0 if it may enter."""
    if flags & REDUCE_ONLY and reducible(held, side) == 0:
        return REJECTED_REDUCE
    if kind == POST_ONLY and best_opposite(book, side, price) != 0:
        return REJECTED_CROSSING
    return 0


@merged
def enter(
    book: np.record, slot: int, instrument: int, source: int, fills: Records, count: int, position: Positions
) -> tuple[int, int, int]:
    """Let the order in ``slot`` trade, and rest with what is left if its kind rests.

    Returns
    -------
    tuple
        Status (`RESTING` means that the slot is in the book now, anything else that it is not), lots traded,
        and number of rows now used in ``fills``.
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
    link(book, slot, int64(order.price), side, left)
    return RESTING, wanted - left, count


@inlined
def has_room(book: np.record, side: int, lots: int, free_rows: int) -> bool:
    """Tell whether ``free_rows`` rows hold every fill that an order can cause."""
    makers = book.asks if side == BUY else book.bids
    return lots <= free_rows or makers <= free_rows


@kernel
def enrol(book: np.record, slot: int) -> None:
    """Enter a newly open order in the table of ids and, if it expires, in the heap of expiry times."""
    remember(book, slot)
    expiry = book.orders[slot].expiry
    if expiry != 0:
        heap_push(book, EXPIRY, expiry, slot)


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
