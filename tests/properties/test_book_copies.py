"""Copies and pickles are small, quick to make, and behave as the original does."""

import copy
import pickle
import time

import numpy as np
import pytest
from book_streams import random_messages

from abm.book import messages as m
from abm.book.orderbook import OrderBooks


@pytest.fixture
def busy():
    books = OrderBooks(2, accounts=4)
    books.process(random_messages(2_000, seed=5))
    books.mark_triggers(np.array([20, 25]), 5_000)
    return books


MAKERS = {
    "copy": lambda books: books.copy(),
    "deepcopy": copy.deepcopy,
    "pickle": lambda books: pickle.loads(pickle.dumps(books)),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_copy_goes_on_as_the_original_would(busy, make):
    twin = make(busy)
    more = random_messages(3_000, seed=6)
    more.time += 5_000
    table, other = more.copy(), more.copy()
    assert np.array_equal(busy.process(table), twin.process(other))
    assert np.array_equal(table, other)
    assert np.array_equal(busy.position, twin.position)
    for instrument in range(2):
        for mine, yours in zip(busy.snapshot(instrument, 99), twin.snapshot(instrument, 99), strict=True):
            assert np.array_equal(mine, yours)
    assert busy.submit(0, m.BUY, 1, 5, account=1).id == twin.submit(0, m.BUY, 1, 5, account=1).id


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_copy_is_independent(busy, make):
    before = busy.snapshot(0, 99)
    twin = make(busy)
    twin.submit(0, m.SELL, 50, kind=m.MARKET, account=2)
    twin.cancel_accounts(np.ones(4, bool))
    assert all(np.array_equal(old, new) for old, new in zip(before, busy.snapshot(0, 99), strict=True))
    assert len(twin.snapshot(0)[1]) == 0


def test_position_stays_shared_with_its_owner_inside_one_pickle(busy):
    position, books = pickle.loads(pickle.dumps((busy.position, busy)))
    assert books.position is position


def test_only_what_is_used_travels():
    books = OrderBooks(10)
    table = m.message_table(10_000)
    table.id, table.lots, table.kind = 1 + np.arange(10_000), 1, m.LIMIT
    table.price = 1 + np.arange(10_000) * 200
    books.process(table)
    start = time.perf_counter()
    data = pickle.dumps(books)
    pickle.loads(data)
    assert time.perf_counter() - start < 2.0
    assert len(data) < 2_000_000
