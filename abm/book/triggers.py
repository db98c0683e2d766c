"""Orders that wait for a price, and orders that expire: binary heaps of slots inside the book record.

Four heaps hold stop and take-profit orders (falling or rising, watching the last trade or the mark); the
order whose trigger is reached first is on top, first come first served among equals. A fifth is for expiry.
"""

import numpy as np

from abm.book.identities import forget, give_slot
from abm.book.ladder import unlink
from abm.book.layout import (
    EXPIRY,
    FALLING_LAST,
    FALLING_MARK,
    FIRED,
    IN_BOOK,
    NIL,
    RISING_LAST,
    RISING_MARK,
    WAITS,
    int64,
)
from abm.book.messages import SELL, TRIGGER_ON_MARK, TRIGGER_RISING
from abm.compiled import inlined, kernel


@kernel
def _set(book: np.record, heap: int, place: int, key: int, slot: int) -> None:
    item = book.heaps[heap, place]
    item.key = key
    item.slot = slot
    order = book.orders[slot]
    if heap == EXPIRY:
        order.expiry_place = place
    else:
        order.trigger_place = place


@kernel
def _sift(book: np.record, heap: int, place: int, key: int, slot: int) -> None:
    """Find the place for an item, starting from a free place: first upwards, then downwards."""
    sequence = book.orders[slot].sequence
    start = place
    while place > 1:
        above = book.heaps[heap, place >> 1]
        if above.key < key or (above.key == key and book.orders[above.slot].sequence < sequence):
            break
        _set(book, heap, place, above.key, int64(above.slot))
        place >>= 1
    size = book.heap_sizes[heap]
    while place == start and 2 * start <= size:
        child = 2 * place
        below = book.heaps[heap, child]
        if child < size:
            other = book.heaps[heap, child + 1]
            if other.key < below.key or (
                other.key == below.key and book.orders[other.slot].sequence < book.orders[below.slot].sequence
            ):
                child += 1
                below = other
        if key < below.key or (key == below.key and sequence < book.orders[below.slot].sequence):
            break
        _set(book, heap, place, below.key, int64(below.slot))
        place = start = child
    _set(book, heap, place, key, slot)


@kernel
def heap_push(book: np.record, heap: int, key: int, slot: int) -> None:
    """Add the order in ``slot`` to a heap; the smallest key is on top, the smallest sequence among equals."""
    book.heap_sizes[heap] += 1
    _sift(book, heap, int64(book.heap_sizes[heap]), key, slot)


@kernel
def heap_remove(book: np.record, heap: int, place: int) -> None:
    """Take the item at ``place`` out of a heap."""
    size = int64(book.heap_sizes[heap])
    book.heap_sizes[heap] = size - 1
    if place != size:
        item = book.heaps[heap, size]
        _sift(book, heap, place, int64(item.key), int64(item.slot))


@kernel
def trigger_heap(flags: int) -> int:
    """Return the heap that an order with ``flags`` waits in."""
    return (flags & (TRIGGER_ON_MARK | TRIGGER_RISING)) >> 3


@kernel
def breached(book: np.record, flags: int, trigger: int) -> bool:
    """Tell whether the price that ``trigger`` watches is there already; one not seen yet breaches nothing."""
    price = book.mark if flags & TRIGGER_ON_MARK else book.last
    if price == 0:
        return False
    if flags & TRIGGER_RISING:
        return price >= trigger
    return price <= trigger


@kernel
def wait(book: np.record, slot: int) -> None:
    """Let the order in ``slot`` wait for its trigger."""
    order = book.orders[slot]
    order.state = WAITS
    book.sequence += 1
    order.sequence = book.sequence
    book.waiting += 1
    heap = trigger_heap(int64(order.options))
    key = int64(order.trigger)
    heap_push(book, heap, key if heap >= RISING_LAST else -key, slot)


@kernel
def stop_waiting(book: np.record, slot: int) -> None:
    """Take the order in ``slot`` out of its trigger heap."""
    order = book.orders[slot]
    heap_remove(book, trigger_heap(int64(order.options)), int64(order.trigger_place))
    book.waiting -= 1


@inlined
def stop_expiring(book: np.record, slot: int) -> None:
    """Take the order in ``slot`` out of the heap of expiry times, if it is there."""
    order = book.orders[slot]
    if order.expiry_place != 0:
        heap_remove(book, EXPIRY, int64(order.expiry_place))
        order.expiry_place = 0


@inlined
def discard(book: np.record, slot: int) -> None:
    """End the order in ``slot``, which is neither in a queue nor waiting: forget its id, free its slot."""
    stop_expiring(book, slot)
    forget(book, slot)
    give_slot(book, slot)


@inlined
def withdraw(book: np.record, slot: int) -> None:
    """Take the open order in ``slot`` out of its queue or heap."""
    if book.orders[slot].state == IN_BOOK:
        unlink(book, slot)
    else:
        stop_waiting(book, slot)


@kernel
def drop(book: np.record, slot: int) -> None:
    """Cancel the open order in ``slot``."""
    withdraw(book, slot)
    discard(book, slot)


@kernel
def _drop_expired(book: np.record) -> None:
    while book.heap_sizes[EXPIRY] > 0 and book.heaps[EXPIRY, 1].key <= book.time:
        drop(book, int64(book.heaps[EXPIRY, 1].slot))


@inlined
def advance(book: np.record, time: int) -> None:
    """Set the book's time and drop what is due to expire."""
    book.time = time
    if book.heap_sizes[EXPIRY] > 0:
        _drop_expired(book)


@kernel
def _fire(book: np.record, heap: int, key: int) -> None:
    """Move every waiting order of a heap up to ``key`` to the end of the fired ones."""
    while book.heap_sizes[heap] > 0 and book.heaps[heap, 1].key <= key:
        slot = int64(book.heaps[heap, 1].slot)
        stop_waiting(book, slot)
        order = book.orders[slot]
        order.state = FIRED
        order.next = NIL
        if book.fired_head == NIL:
            book.fired_head = slot
        else:
            book.orders[book.fired_tail].next = slot
        book.fired_tail = slot


@kernel
def fire_on_trades(book: np.record, first: int, final: int, side: int) -> None:
    """Fire what the trades of one taker on ``side`` reached, from the price of the first to the final one."""
    if book.heap_sizes[FALLING_LAST] == 0 and book.heap_sizes[RISING_LAST] == 0:
        return
    if side == SELL:
        _fire(book, RISING_LAST, first)
        _fire(book, FALLING_LAST, -final)
    else:
        _fire(book, FALLING_LAST, -first)
        _fire(book, RISING_LAST, final)


@kernel
def fire_on_mark(book: np.record, mark: int) -> None:
    """Set the mark price and fire what it reached; falling triggers come first."""
    book.mark = mark
    if mark > 0:
        _fire(book, FALLING_MARK, -mark)
        _fire(book, RISING_MARK, mark)
