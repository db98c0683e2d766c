"""Bad input to the Python face names field, value and what is allowed; bad rows of a table get a status."""

import numpy as np
import pytest

from abm.book import messages as m
from abm.book.layout import PRICE_LIMIT
from abm.book.orderbook import OrderBooks

BOOKS = {"instruments": 1, "accounts": 2}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"price": -1}, "price is -1; it must be from 1 to"),
        ({"price": 0}, "price is 0"),
        ({"price": 1 << 40}, "price is 1099511627776"),
        ({"lots": 0}, "lots is 0; it must be from 1 to"),
        ({"kind": 5}, "kind is 5; it must be from 0 to 4"),
        ({"side": 2}, "side is 2; it must be from 0 to 1"),
        ({"account": 2}, "account is 2; it must be from 0 to 1"),
        ({"account": -1}, "account is -1"),
        ({"instrument": 1}, "instrument is 1; it must be from 0 to 0"),
        ({"flags": 32}, "flags is 32; it must be from 0 to 31"),
        ({"trigger": -5}, "trigger is -5"),
        ({"expiry": -5}, "expiry is -5"),
        ({"order_id": 0}, "order_id is 0; it must be from 1 to"),
    ],
)
def test_bad_single_orders(changed, words):
    order = {"instrument": 0, "side": m.BUY, "lots": 1, "price": 10} | changed
    with pytest.raises(ValueError, match=words):
        OrderBooks(**BOOKS).submit(**order)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"instruments": 0}, "instruments is 0"),
        ({"accounts": 0}, "accounts is 0"),
        ({"position": np.zeros((2, 1), np.int64)}, r"position has shape \(2, 1\)"),
        ({"position": np.zeros((1, 2))}, "float64; it must be"),
        ({"level_capacity": 1000}, "level_capacity is 1000; it must be a power of two"),
        ({"order_capacity": 32}, "order_capacity is 32"),
    ],
)
def test_bad_set_up(arguments, words):
    with pytest.raises(ValueError, match=words):
        OrderBooks(**(BOOKS | arguments))


def test_bad_arguments_of_other_methods():
    books = OrderBooks(**BOOKS)
    with pytest.raises(ValueError, match="messages has type float64"):
        books.process(np.zeros(3).view(np.recarray))
    with pytest.raises(ValueError, match=r"mark_ticks has shape \(2,\)"):
        books.mark_triggers(np.zeros(2, np.int64), 0)
    with pytest.raises(ValueError, match=r"flags has shape \(5,\)"):
        books.cancel_accounts(np.zeros(5, bool))
    with pytest.raises(ValueError, match=r"fraction is 1\.5"):
        books.depth(0, 1.5)
    with pytest.raises(ValueError, match="lots is 0"):
        books.amend(0, 1, 0, 5)
    with pytest.raises(ValueError, match="ticks_lots is 0"):
        books.impact_price(0, m.BUY, 0)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"price": 0}, m.REJECTED_PRICE),
        ({"price": PRICE_LIMIT + 1}, m.REJECTED_PRICE),
        ({"trigger": -1}, m.REJECTED_PRICE),
        ({"lots": 0}, m.REJECTED_LOTS),
        ({"lots": 1 << 50}, m.REJECTED_LOTS),
        ({"kind": 7}, m.REJECTED_MALFORMED),
        ({"kind": -1}, m.REJECTED_MALFORMED),
        ({"side": 2}, m.REJECTED_MALFORMED),
        ({"account": 2}, m.REJECTED_MALFORMED),
        ({"account": -1}, m.REJECTED_MALFORMED),
        ({"instrument": 1}, m.REJECTED_MALFORMED),
        ({"instrument": -1}, m.REJECTED_MALFORMED),
        ({"id": 0}, m.REJECTED_MALFORMED),
    ],
)
def test_bad_rows_are_rejected_and_the_rest_goes_on(changed, status):
    books = OrderBooks(**BOOKS)
    table = m.message_table(2)
    table.id, table.price, table.lots, table.side = (1, 2), 10, 1, m.SELL
    for name, value in changed.items():
        table[name][0] = value
    books.process(table)
    assert table.status.tolist() == [status, m.RESTING]
    assert (books.books[0].asks, books.books[0].known) == (1, 1)
