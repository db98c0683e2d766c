"""The memory of an order book: one record with nested arrays, so that a kernel reaches everything by pointer.

All books of a market share one dtype and live in one record array. Slot 0 is nobody (`NIL`), therefore zeroed
memory is an empty book, and the operating system commits only the pages that orders have touched.
"""

import contextlib
import mmap
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records

if TYPE_CHECKING:

    def int64(value: Any) -> int:
        """Widen a narrow field, so that kernels are compiled for one integer type only."""
else:
    from numpy import int64

NIL = int64(0)
LEVEL_CAPACITY = 1 << 21
ORDER_CAPACITY = 1 << 20
_CACHE_LINE = 64
PRICE_LIMIT = (1 << 28) - 1
"""Highest price in ticks that any book accepts; the ladder grows up to here."""
LOTS_LIMIT = 1 << 40
"""Largest size of one order in lots, so that price times size stays far inside int64."""

# state of an order slot
FREE = 0
IN_BOOK = 1
WAITS = 2
FIRED = 3

# heaps: waiting orders by (flags & (TRIGGER_ON_MARK | TRIGGER_RISING)) >> 3, then all orders that expire;
# typed, since Numba would compile callees once more for each plain constant
FALLING_LAST = int64(0)
FALLING_MARK = int64(1)
RISING_LAST = int64(2)
RISING_MARK = int64(3)
EXPIRY = int64(4)

level_dtype = np.dtype([("head", "u4"), ("tail", "u4"), ("lots", "i8")], align=True)

order_dtype = np.dtype(
    [
        ("id", "i8"),
        ("lots", "i8"),  # still open
        ("expiry", "i8"),  # ns; 0 = never
        ("sequence", "i8"),  # first come, first served among equal triggers
        ("price", "u4"),
        ("next", "u4"),  # slot behind in the queue of its level, in the free list or among fired orders
        ("prev", "u4"),
        ("account", "u4"),
        ("trigger", "u4"),
        ("trigger_place", "u4"),  # place in its trigger heap, from 1
        ("expiry_place", "u4"),  # place in the expiry heap, 0 = not there
        ("kind", "i1"),
        ("side", "i1"),
        ("options", "i1"),  # the message's flags
        ("state", "i1"),
    ],
    align=True,
)

heap_dtype = np.dtype([("key", "i8"), ("slot", "u4")], align=True)
entry_dtype = np.dtype([("tag", "u4"), ("slot", "u4")], align=True)


@lru_cache
def book_dtype(
    level_capacity: int = LEVEL_CAPACITY, order_capacity: int = ORDER_CAPACITY
) -> np.dtype[np.void]:
    """Return the dtype of a book for prices below ``level_capacity`` ticks and ``order_capacity - 1`` orders.

    Both capacities are powers of two. Each pair is a dtype of its own, for which kernels compile once.
    """
    levels, orders = level_capacity, order_capacity
    return np.dtype(
        [
            ("time", "i8"),  # ns, of the newest message
            ("bid", "i8"),  # best bid in ticks, 0 = no bid
            ("ask", "i8"),  # best ask in ticks, 0 = no ask
            ("bids", "i8"),  # resting orders on either side
            ("asks", "i8"),
            ("waiting", "i8"),  # orders that wait for a trigger
            ("last", "i8"),  # price of the last trade in ticks, 0 = none yet
            ("last_side", "i8"),  # its taker's side
            ("mark", "i8"),  # mark price in ticks as of the latest mark event, 0 = none yet
            ("trades", "i8"),  # since the start, like the two below
            ("volume", "i8"),  # lots
            ("notional", "i8"),  # ticks x lots
            ("low", "i8"),  # trade prices since `reset_range`, 0 = no trade since
            ("high", "i8"),
            ("free", "u4"),  # first slot of the free list
            ("used", "u4"),  # highest slot ever used
            ("sequence", "i8"),
            ("known", "u4"),  # ids in the table
            ("mask", "u4"),  # size of the hot part of the table of ids, minus 1
            ("fired_head", "u4"),  # triggered orders on their way into the book
            ("fired_tail", "u4"),
            ("heap_sizes", "i8", (5,)),
            ("bits3", "i8", (max(levels >> 20, 1),)),
            ("bits2", "i8", (max(levels >> 15, 1),)),
            ("bits1", "i8", (max(levels >> 10, 1),)),
            ("bits0", "i8", (max(levels >> 5, 1),)),
            ("levels", level_dtype, (levels,)),
            ("orders", order_dtype, (orders,)),
            ("ids", entry_dtype, (4 * orders,)),
            ("heaps", heap_dtype, (5, orders)),
        ],
        align=True,
    )


def new_books(
    instruments: int, level_capacity: int = LEVEL_CAPACITY, order_capacity: int = ORDER_CAPACITY
) -> Records:
    """Return ``instruments`` empty books, each starting on a cache line."""
    dtype = book_dtype(level_capacity, order_capacity)
    memory = _untouched(dtype.itemsize * instruments + _CACHE_LINE)
    start = -memory.ctypes.data % _CACHE_LINE
    return memory[start : start + dtype.itemsize * instruments].view(dtype).view(np.recarray)


def _untouched(size: int) -> npt.NDArray[np.uint8]:
    """Return zeroed memory in small pages: NumPy asks for huge ones, of which a book would touch a dozen."""
    if not hasattr(mmap, "MADV_NOHUGEPAGE"):
        return np.zeros(size, np.uint8)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without huge pages
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, np.uint8)


def level_capacity(books: Records) -> int:
    """Return the number of price levels of each book."""
    return books.dtype["levels"].shape[0]


def order_capacity(books: Records) -> int:
    """Return the number of order slots of each book."""
    return books.dtype["orders"].shape[0]
