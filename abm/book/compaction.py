"""The part of a book that is in use: for copies, pickles and moves into larger books."""

from typing import Any

import numpy as np
import numpy.typing as npt

from abm.book.layout import level_capacity, new_books, order_capacity
from abm.book.messages import Records

Arrays = tuple[npt.NDArray[Any], ...]


def pack(books: Records, instrument: int) -> Arrays:
    """Return copies of everything in use in one book: header, price levels with orders, slots, ids, heaps."""
    book = books[instrument]
    header = _header(books, instrument).copy()
    words = np.flatnonzero(book.bits0)
    bits = (book.bits0[words][:, np.newaxis] >> np.arange(32)) & 1
    prices = (words[:, np.newaxis] * 32 + np.arange(32))[bits == 1]
    heaps = [book.heaps[heap, 1 : size + 1].copy() for heap, size in enumerate(book.heap_sizes)]
    used = int(book.used)
    return (
        header,
        prices,
        book.levels[prices],
        book.orders[1 : used + 1].copy(),
        book.ids[: book.mask + 1].copy(),
        *heaps,
    )


def unpack(state: Arrays, books: Records, instrument: int) -> None:
    """Fill an empty book, at least as large as the packed one, with what `pack` returned."""
    book = books[instrument]
    header, prices, levels, orders, ids, *heaps = state
    _header(books, instrument)[:] = header
    book.levels[prices] = levels
    book.orders[1 : len(orders) + 1] = orders
    book.ids[: len(ids)] = ids
    for heap, items in enumerate(heaps):
        book.heaps[heap, 1 : len(items) + 1] = items
    for bitmap in (book.bits0, book.bits1, book.bits2, book.bits3):
        np.bitwise_or.at(bitmap, prices >> 5, 1 << (prices & 31))
        prices = np.unique(prices >> 5)


def resized(books: Records, levels: int, orders: int) -> Records:
    """Return copies of ``books`` with at least these capacities (powers of two), and never less than now."""
    copies = new_books(len(books), max(levels, level_capacity(books)), max(orders, order_capacity(books)))
    for instrument in range(len(books)):
        unpack(pack(books, instrument), copies, instrument)
    return copies


def _header(books: Records, instrument: int) -> npt.NDArray[np.uint8]:
    fields = books.dtype.fields
    assert fields is not None
    return books[instrument : instrument + 1].view(np.ndarray).view(np.uint8)[: fields["bits3"][1]]
