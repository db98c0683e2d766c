"""From order id to slot: an open-addressing table inside the book record, and the slots' free list."""

import numpy as np

from abm.book.layout import FREE, NIL, int64
from abm.compiled import inlined, kernel

_LOW = 0x7FFFFFFF
_SMALLEST = 63


@inlined
def tag_of(order_id: int) -> int:
    """Return 31 bits that identify an id, but for rare collisions; the low ones are its home in the table.

    Consecutive ids live five places apart: they share cache lines but leave gaps, so searches stay short. Ids
    whose parts count up in high bits are spread by the second product.
    """
    low = (order_id & _LOW) ^ (((order_id >> 31) * 0x5BD1E995) & _LOW)
    return ((low * 0x4F1BBCDD) >> 28) & _LOW


@inlined
def locate(book: np.record, order_id: int) -> int:
    """Return the place of an open order in the table of ids, or the free place where a search for it ends."""
    tag = tag_of(order_id)
    mask = int64(book.mask)
    place = tag & mask
    while True:
        entry = book.ids[place]
        slot = int64(entry.slot)
        if slot == NIL or (entry.tag == tag and book.orders[slot].id == order_id):
            return place
        place = (place + 1) & mask


@kernel
def find(book: np.record, order_id: int) -> int:
    """Return the slot of the open order ``order_id``, `NIL` if there is none."""
    return int64(book.ids[locate(book, order_id)].slot)


@inlined
def reserve(book: np.record) -> None:
    """Make sure that one more id fits: the table doubles when it is a quarter full."""
    if 4 * int64(book.known) >= int64(book.mask):
        _widen(book)


@inlined
def remember_at(book: np.record, place: int, order_id: int, slot: int) -> None:
    """Enter an id at the free place where `locate` found it missing, after `reserve`."""
    entry = book.ids[place]
    entry.tag = tag_of(order_id)
    entry.slot = slot
    book.known += 1


@kernel
def remember(book: np.record, slot: int) -> None:
    """Enter the id of the order in ``slot``, after `reserve`."""
    order_id = book.orders[slot].id
    remember_at(book, locate(book, order_id), order_id, slot)


@kernel
def _widen(book: np.record) -> None:
    """Double the part of the table that is in use, and enter all open orders again."""
    before = int64(book.mask)
    for place in range(before + 1):
        book.ids[place].slot = NIL
    book.mask = max(2 * before + 1, _SMALLEST)
    book.known = 0
    for slot in range(1, int64(book.used) + 1):
        if book.orders[slot].state != FREE:
            remember(book, slot)


@inlined
def forget_at(book: np.record, hole: int) -> None:
    """Remove the id at a place; later entries move up, so that no gap hides them."""
    mask = int64(book.mask)
    place = (hole + 1) & mask
    while True:
        entry = book.ids[place]
        slot = int64(entry.slot)
        if slot == NIL:
            break
        tag = int64(entry.tag)
        if ((place - tag) & mask) >= ((place - hole) & mask):
            gap = book.ids[hole]
            gap.tag = tag
            gap.slot = slot
            hole = place
        place = (place + 1) & mask
    book.ids[hole].slot = NIL
    book.known -= 1


@kernel
def forget(book: np.record, slot: int) -> None:
    """Remove the id of the order in ``slot``."""
    forget_at(book, locate(book, book.orders[slot].id))


@inlined
def take_slot(book: np.record) -> int:
    """Return a free slot, `NIL` if the book has none left."""
    slot = int64(book.free)
    if slot != NIL:
        book.free = book.orders[slot].next
        return slot
    slot = int64(book.used) + 1
    if slot == len(book.orders):
        return NIL
    book.used = slot
    return slot


@inlined
def give_slot(book: np.record, slot: int) -> None:
    """Put ``slot`` back on the free list."""
    order = book.orders[slot]
    order.state = FREE
    order.next = book.free
    book.free = slot
