"""From order id to slot: an open-addressing table inside the book record, and the slots' free list."""

import numpy as np

from abm.book.layout import FREE, NIL, int64
from abm.compiled import kernel

_LOW = 0x7FFFFFFF
_SMALLEST = 63


@kernel
def tag_of(order_id: int) -> int:
    """Return 31 bits that identify an id, but for rare collisions; the low ones are its home in the table.

    Consecutive ids live five places apart: they share cache lines, but leave gaps, which keeps searches short. Ids
    whose parts count up in high bits are spread by the second product.
    """
    low = (order_id & _LOW) ^ (((order_id >> 31) * 0x5BD1E995) & _LOW)
    return ((low * 0x4F1BBCDD) >> 28) & _LOW


@kernel
def find(book: np.record, order_id: int) -> int:
    """Return the slot of the open order ``order_id``, `NIL` if there is none."""
    tag = tag_of(order_id)
    mask = int64(book.mask)
    place = tag & mask
    while True:
        entry = book.ids[place]
        slot = int64(entry.slot)
        if slot == NIL:
            return NIL
        if entry.tag == tag and book.orders[slot].id == order_id:
            return slot
        place = (place + 1) & mask


@kernel
def _put(book: np.record, slot: int) -> None:
    tag = tag_of(book.orders[slot].id)
    mask = int64(book.mask)
    place = tag & mask
    while book.ids[place].slot != NIL:
        place = (place + 1) & mask
    entry = book.ids[place]
    entry.tag = tag
    entry.slot = slot


@kernel
def _widen(book: np.record) -> None:
    before = int64(book.mask)
    for place in range(before + 1):
        book.ids[place].slot = NIL
    book.mask = max(2 * before + 1, _SMALLEST)
    known = 0
    for slot in range(1, int64(book.used) + 1):
        if book.orders[slot].state != FREE:
            _put(book, slot)
            known += 1
    book.known = known


@kernel
def remember(book: np.record, slot: int) -> None:
    """Enter the id of the open order in ``slot``; the table doubles before it is half full."""
    if 2 * (int64(book.known) + 1) > int64(book.mask):
        _widen(book)
    else:
        _put(book, slot)
        book.known += 1


@kernel
def forget(book: np.record, slot: int) -> None:
    """Remove the id of the order in ``slot``; later entries move up, so that no gap hides them."""
    mask = int64(book.mask)
    hole = tag_of(book.orders[slot].id) & mask
    while book.ids[hole].slot != slot:
        hole = (hole + 1) & mask
    place = (hole + 1) & mask
    while book.ids[place].slot != NIL:
        entry = book.ids[place]
        home = int64(entry.tag) & mask
        if ((place - home) & mask) >= ((place - hole) & mask):
            gap = book.ids[hole]
            gap.tag = entry.tag
            gap.slot = entry.slot
            hole = place
        place = (place + 1) & mask
    book.ids[hole].slot = NIL
    book.known -= 1


@kernel
def take_slot(book: np.record) -> int:
    """Return a free slot; the caller has made sure that there is one."""
    slot = int64(book.free)
    if slot != NIL:
        book.free = book.orders[slot].next
        return slot
    slot = int64(book.used) + 1
    book.used = slot
    return slot


@kernel
def give_slot(book: np.record, slot: int) -> None:
    """Put ``slot`` back on the free list."""
    order = book.orders[slot]
    order.state = FREE
    order.next = book.free
    book.free = slot
