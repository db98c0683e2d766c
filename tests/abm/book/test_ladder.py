"""The bitmap pyramid against sorted sets, and the fall of 2025-10-10 from 1.688 to 0.001."""

import bisect

import numpy as np
import pytest

from abm.book import messages as m
from abm.book.ladder import clear_bit, highest_bit, lowest_bit, next_above, next_below, set_bit
from abm.book.layout import new_books
from abm.book.orderbook import OrderBooks


def test_lowest_and_highest_bit():
    rng = np.random.default_rng(1)
    words = [1 << k for k in range(32)] + [int(w) for w in rng.integers(1, 1 << 32, 300)]
    for word in words:
        assert lowest_bit(word) == (word & -word).bit_length() - 1
        assert highest_bit(word) == word.bit_length() - 1


def test_next_price_with_orders():
    rng = np.random.default_rng(2)
    book = new_books(1)[0]
    top = len(book.levels)
    present: list[int] = []
    for _ in range(2_000):
        scale = int(rng.choice([40, 1_200, 40_000, top]))
        price = int(rng.integers(1, scale))
        place = bisect.bisect_left(present, price)
        if place < len(present) and present[place] == price:
            clear_bit(book, price)
            del present[place]
        else:
            set_bit(book, price)
            present.insert(place, price)
        for start in (price, int(rng.integers(0, top)), 0, top - 1):
            after, before = bisect.bisect_right(present, start), bisect.bisect_left(present, start)
            assert next_above(book, start) == (present[after] if after < len(present) else 0)
            assert next_below(book, start) == (present[before - 1] if before else 0)


def test_a_fall_over_a_million_ticks_in_one_order():
    books = OrderBooks(1, accounts=2)
    prices = [1_688_000, 1_000_000, 1_000, 1]
    for price in prices:
        books.submit(0, m.BUY, 1, price)
    books.submit(0, m.SELL, 1, 1_700_000)
    report = books.submit(0, m.SELL, 4, kind=m.MARKET, account=1)
    assert report.fills.price.tolist() == prices
    assert (books.best_bid(0), books.best_ask(0), books.books[0].last) == (None, 1_700_000, 1)


@pytest.mark.parametrize("side", [m.BUY, m.SELL])
def test_a_book_at_both_ends_of_the_ladder(side):
    books = OrderBooks(1)
    ends = (1, len(books.books[0].levels) - 1)
    ids = [books.submit(0, side, 1, price).id for price in ends]
    best = books.best_bid if side == m.BUY else books.best_ask
    assert best(0) == ends[1 - side]
    books.cancel(0, ids[1 - side])
    assert best(0) == ends[side]
    books.cancel(0, ids[side])
    assert best(0) is None
