"""Nothing is lost when a book grows, and the same source does the same with and without the compiler."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from book_invariants import check, content
from book_streams import random_messages

from abm.book import messages as m
from abm.book.layout import level_capacity, order_capacity
from abm.book.orderbook import OrderBooks

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import hashlib, sys
import numpy as np
from book_streams import random_messages
from abm.book.orderbook import OrderBooks
rows, levels, orders = map(int, sys.argv[1:])
books = OrderBooks(2, 4, level_capacity=levels, order_capacity=orders)
table = random_messages(rows, seed=11, ids=1_000)
fills = np.concatenate([books.process(part) for part in np.array_split(table, 5)])
marks = books.mark_triggers(np.array([15, 30]), int(table.time[-1]))
digest = hashlib.sha256(books.position.tobytes())
for part in (fills, marks, table):
    for name in part.dtype.names:
        digest.update(part[name].tobytes())
for instrument in range(2):
    for side in books.snapshot(instrument, 1_000):
        digest.update(side.tobytes())
grown = [books.books.dtype[name].shape[0] > size for name, size in (("levels", levels), ("orders", orders))]
print(len(fills) > rows // 5, *grown)
print(digest.hexdigest())
"""


def run_script(*arguments, compiled):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}
    environment["NUMBA_DISABLE_JIT"] = "0" if compiled else "1"
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


@pytest.fixture(scope="module")
def plain_run():
    return run_script(3_000, 1 << 21, 1 << 20, compiled=False)


def test_same_bytes_without_the_compiler(plain_run):
    assert run_script(3_000, 1 << 21, 1 << 20, compiled=True) == plain_run


def test_same_bytes_when_levels_and_orders_grow(plain_run):
    small = run_script(3_000, 64, 64, compiled=False)
    assert small[0] == "True True True"
    assert small[1] == plain_run[1]


@pytest.mark.slow
def test_same_bytes_when_compiled_books_grow(plain_run):
    assert run_script(3_000, 64, 64, compiled=True) == ["True True True", plain_run[1]]


def test_fill_table_grows_without_losing_a_fill_or_a_fired_stop():
    small, large = OrderBooks(1, 3), OrderBooks(1, 3)
    small._use(m.fill_table(4))
    table = random_messages(4_000, seed=3, instruments=1, accounts=3)
    stops = m.message_table(60)
    stops.id, stops.lots, stops.account = 1_000 + np.arange(60), 3, 1
    stops.kind, stops.side, stops.trigger = m.MARKET, m.SELL, 1 + np.arange(60) // 2
    for books in (small, large):
        books.process(stops)
    mine, yours = table.copy(), table.copy()
    assert np.array_equal(small.process(mine), large.process(yours))
    assert np.array_equal(mine, yours)
    small._use(m.fill_table(4))
    marks = np.array([25])
    assert np.array_equal(small.mark_triggers(marks, 10**6), large.mark_triggers(marks, 10**6))
    assert content(small.books[0]) == content(large.books[0])
    check(small.books[0])


def test_a_sweep_of_more_makers_than_the_fill_table_holds():
    books = OrderBooks(1, 2)
    table = m.message_table(5_000)
    table.id, table.side, table.lots, table.price = (
        1 + np.arange(5_000),
        m.SELL,
        2,
        100 + np.arange(5_000) % 50,
    )
    books.process(table)
    fills = books.submit(0, m.BUY, 10_000, kind=m.MARKET, account=1).fills
    assert (len(fills), fills.lots.sum()) == (5_000, 10_000)
    assert (books.books[0].asks, books.books[0].known) == (0, 0)


def test_capacities_are_as_asked_for():
    books = OrderBooks(3, level_capacity=1 << 21, order_capacity=1 << 20)
    assert (level_capacity(books.books), order_capacity(books.books)) == (1 << 21, 1 << 20)
