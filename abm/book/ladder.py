"""The price ladder: first-in-first-out queues per price, and a bitmap pyramid that finds the next one.

The bitmap has one bit for each price with resting orders, 32 to a word, and above it words that tell which
words below are not zero. The next price is a few operations away, be it one tick or a million ticks off.
"""

import numpy as np

from abm.book.layout import IN_BOOK, NIL, int64
from abm.book.messages import BUY
from abm.compiled import inlined, kernel

_LOWEST = np.array(
    [
        *(0, 1, 28, 2, 29, 14, 24, 3, 30, 22, 20, 15, 25, 17, 4, 8),
        *(31, 27, 13, 23, 21, 19, 16, 7, 26, 12, 18, 6, 11, 5, 10, 9),
    ]
)
_HIGHEST = np.array(
    [
        *(0, 9, 1, 10, 13, 21, 2, 29, 11, 14, 16, 18, 22, 25, 3, 30),
        *(8, 12, 20, 28, 15, 17, 24, 7, 19, 27, 23, 6, 26, 5, 4, 31),
    ]
)
_WORD = 0xFFFFFFFF


@kernel
def lowest_bit(word: int) -> int:
    """Return the number of the lowest bit set in a word of 32 bits that is not zero (de Bruijn product)."""
    return _LOWEST[(((word & -word) * 0x077CB531) & _WORD) >> 27]


@kernel
def highest_bit(word: int) -> int:
    """Return the number of the highest bit set in a word of 32 bits that is not zero."""
    word |= word >> 1
    word |= word >> 2
    word |= word >> 4
    word |= word >> 8
    word |= word >> 16
    return _HIGHEST[((word * 0x07C4ACDD) & _WORD) >> 27]


@kernel
def next_above(book: np.record, price: int) -> int:
    """Return the lowest price above ``price`` that has orders, 0 if there is none."""
    place = price >> 5
    word = book.bits0[place] >> (price & 31) >> 1
    if word:
        return price + 1 + lowest_bit(word)
    word = book.bits1[place >> 5] >> (place & 31) >> 1
    if word:
        place += 1 + lowest_bit(word)
        return (place << 5) + lowest_bit(book.bits0[place])
    place >>= 5
    word = book.bits2[place >> 5] >> (place & 31) >> 1
    if word == 0:
        place >>= 5
        word = book.bits3[place >> 5] >> (place & 31) >> 1
        if word == 0:
            top = (place >> 5) + 1
            while top < len(book.bits3) and book.bits3[top] == 0:
                top += 1
            if top == len(book.bits3):
                return 0
            place = (top << 5) + lowest_bit(book.bits3[top])
        else:
            place += 1 + lowest_bit(word)
        place = (place << 5) + lowest_bit(book.bits2[place])
    else:
        place += 1 + lowest_bit(word)
    place = (place << 5) + lowest_bit(book.bits1[place])
    return (place << 5) + lowest_bit(book.bits0[place])


@kernel
def next_below(book: np.record, price: int) -> int:
    """Return the highest price below ``price`` that has orders, 0 if there is none."""
    place = price >> 5
    word = book.bits0[place] & ((1 << (price & 31)) - 1)
    if word:
        return (place << 5) + highest_bit(word)
    word = book.bits1[place >> 5] & ((1 << (place & 31)) - 1)
    if word:
        place = (place >> 5 << 5) + highest_bit(word)
        return (place << 5) + highest_bit(book.bits0[place])
    place >>= 5
    word = book.bits2[place >> 5] & ((1 << (place & 31)) - 1)
    if word == 0:
        place >>= 5
        word = book.bits3[place >> 5] & ((1 << (place & 31)) - 1)
        top = place >> 5
        while word == 0:
            top -= 1
            if top < 0:
                return 0
            word = book.bits3[top]
        place = (top << 5) + highest_bit(word)
        word = book.bits2[place]
        place = (place << 5) + highest_bit(word)
    else:
        place = (place >> 5 << 5) + highest_bit(word)
    place = (place << 5) + highest_bit(book.bits1[place])
    return (place << 5) + highest_bit(book.bits0[place])


@kernel
def set_bit(book: np.record, price: int) -> None:
    """Note that ``price`` has orders now."""
    place = price >> 5
    before = book.bits0[place]
    book.bits0[place] = before | (1 << (price & 31))
    if before == 0:
        above = place >> 5
        before = book.bits1[above]
        book.bits1[above] = before | (1 << (place & 31))
        if before == 0:
            place, above = above, above >> 5
            before = book.bits2[above]
            book.bits2[above] = before | (1 << (place & 31))
            if before == 0:
                book.bits3[above >> 5] |= 1 << (above & 31)


@kernel
def clear_bit(book: np.record, price: int) -> None:
    """Note that ``price`` has no orders any more."""
    place = price >> 5
    after = book.bits0[place] & ~(1 << (price & 31))
    book.bits0[place] = after
    if after == 0:
        above = place >> 5
        after = book.bits1[above] & ~(1 << (place & 31))
        book.bits1[above] = after
        if after == 0:
            place, above = above, above >> 5
            after = book.bits2[above] & ~(1 << (place & 31))
            book.bits2[above] = after
            if after == 0:
                book.bits3[above >> 5] &= ~(1 << (above & 31))


@inlined
def link(book: np.record, slot: int, price: int, side: int, lots: int) -> None:
    """Put the order in ``slot`` at the end of the queue of its price."""
    order = book.orders[slot]
    level = book.levels[price]
    tail = int64(level.tail)
    order.state = IN_BOOK
    order.prev = tail
    order.next = NIL
    level.tail = slot
    level.lots += lots
    if side == BUY:
        book.bids += 1
    else:
        book.asks += 1
    if tail != NIL:
        book.orders[tail].next = slot
    else:
        level.head = slot
        open_level(book, price, side)


@kernel
def open_level(book: np.record, price: int, side: int) -> None:
    """Note that the first order at ``price`` has come; only then can it be the best."""
    set_bit(book, price)
    if side == BUY:
        book.bid = max(book.bid, price)
    elif price < book.ask or book.ask == 0:
        book.ask = price


@inlined
def unlink(book: np.record, slot: int) -> None:
    """Take the order in ``slot`` out of the queue of its price, with what is left of its size."""
    order = book.orders[slot]
    price = int64(order.price)
    level = book.levels[price]
    before = int64(order.prev)
    behind = int64(order.next)
    level.lots -= order.lots
    if order.side == BUY:
        book.bids -= 1
    else:
        book.asks -= 1
    if behind != NIL:
        book.orders[behind].prev = before
    else:
        level.tail = before
    if before != NIL:
        book.orders[before].next = behind
    else:
        level.head = behind
        if behind == NIL:
            close_level(book, price)


@kernel
def close_level(book: np.record, price: int) -> None:
    """Note that the last order at ``price`` has gone."""
    clear_bit(book, price)
    if price == book.bid:
        book.bid = next_below(book, price)
    elif price == book.ask:
        book.ask = next_above(book, price)
