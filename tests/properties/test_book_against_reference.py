"""The compiled book does message by message what the plain one does."""

from itertools import chain

import numpy as np
from book_invariants import check, content
from book_streams import as_row, random_messages
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_book import ReferenceBook

from abm.book import messages as m
from abm.book.messages import message_table
from abm.book.orderbook import OrderBooks

ACCOUNTS = 4
FILL_FIELDS = (
    "time", "price", "lots", "maker_id", "taker_id", "maker_position", "taker_position", "maker", "taker",
    "side", "source",
)  # fmt: skip


def plain_fills(fills):
    return [tuple(int(fill[name]) for name in FILL_FIELDS) for fill in fills]


def plain_content(book):
    def rows(orders):
        return [(o.id, o.price, o.lots, o.account) for o in orders]

    bids = sorted((o for o in book.resting if o.side == m.BUY), key=lambda o: -o.price)
    asks = sorted((o for o in book.resting if o.side == m.SELL), key=lambda o: o.price)
    waiting = [(o.id, o.trigger, o.lots) for o in book.waiting]
    return {"bids": rows(bids), "asks": rows(asks), "waiting": waiting}


def run_side_by_side(table, marks, start):
    """Handle ``table`` in both books, with a mark event before row k for each ``marks[k]``."""
    instruments = len(start)
    books = OrderBooks(instruments, position=np.array(start, np.int64))
    references = [ReferenceBook(list(row)) for row in start]
    total = books.position.sum(axis=1)
    for k in range(len(table)):
        message = table[k]
        if k in marks:
            fills = books.mark_triggers(np.array(marks[k], np.int64), int(message.time))
            expected = [
                ref.set_mark(mark, int(message.time)) for ref, mark in zip(references, marks[k], strict=True)
            ]
            assert plain_fills(fills) == list(chain.from_iterable(expected))
        reference = references[message.instrument]
        status, filled, expected = reference.handle(as_row(message))
        fills = books.process(table[k : k + 1])
        assert m.STATUS_NAMES[int(message.status)] == m.STATUS_NAMES[status]
        assert (int(message.filled), plain_fills(fills)) == (filled, expected)
        assert set(fills.instrument) <= {message.instrument}
        assert books.position[message.instrument].tolist() == reference.position
        assert books.books[message.instrument].last == reference.last
        assert content(books.books[message.instrument]) == plain_content(reference)
    assert (books.position.sum(axis=1) == total).all()
    return books


@st.composite
def tables(draw):
    rows = draw(st.lists(messages(), min_size=1, max_size=50))
    table = message_table(len(rows))
    for k, row in enumerate(rows):
        for name, value in row.items():
            table[name][k] = value
    table.time = np.cumsum(table.time)
    table.expiry += (table.expiry > 0) * table.time
    return table


@st.composite
def messages(draw):
    near = st.integers(8, 14)
    order_id = draw(st.integers(1, 12))
    usual = st.just(order_id % ACCOUNTS)  # so that most cancels and amends are of own orders
    return {
        "time": draw(st.integers(0, 2)),
        "id": order_id,
        "price": draw(st.one_of(near, near, near, st.sampled_from([0, 1, 2, 100, 70_000, 2_000_000]))),
        "lots": draw(st.integers(0, 6)),
        "trigger": draw(st.one_of(st.just(0), st.just(0), st.integers(6, 16))),
        "expiry": draw(st.one_of(st.just(0), st.just(0), st.integers(0, 6))),
        "account": draw(st.one_of(usual, usual, st.integers(0, ACCOUNTS - 1))),
        "instrument": draw(st.integers(0, 1)),
        "kind": draw(
            st.sampled_from([m.LIMIT] * 3 + [m.MARKET, m.IOC, m.FOK, m.POST_ONLY, m.CANCEL, m.AMEND])
        ),
        "side": draw(st.integers(0, 1)),
        "flags": draw(st.one_of(st.just(0), st.integers(0, 31))),
        "source": draw(st.integers(0, 2)),
    }


positions = st.lists(
    st.lists(st.integers(-6, 6), min_size=ACCOUNTS, max_size=ACCOUNTS), min_size=2, max_size=2
)
mark_events = st.dictionaries(
    st.integers(0, 49), st.lists(st.integers(0, 16), min_size=2, max_size=2), max_size=5
)


@settings(max_examples=300, deadline=None)
@given(tables(), mark_events, positions)
def test_compiled_book_equals_plain_book(table, marks, start):
    books = run_side_by_side(table, marks, start)
    for book in books.books:
        check(book)


def test_long_random_streams_equal_plain_book():
    for seed in range(8):
        rng = np.random.default_rng(seed)
        start = rng.integers(-30, 30, (2, ACCOUNTS)).tolist()
        marks = {int(k): rng.integers(0, 45, 2).tolist() for k in rng.integers(0, 1_500, 60)}
        books = run_side_by_side(random_messages(1_500, seed), marks, start)
        for book in books.books:
            check(book)
