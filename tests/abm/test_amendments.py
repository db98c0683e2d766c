"""Amendments pass the door by the rules of new orders, unless they only take lots away."""

import numpy as np
import pytest

from abm.book.messages import (
    AMEND,
    AMENDED,
    BUY,
    CANCEL,
    IOC,
    LIMIT,
    MARKET,
    PENDING,
    POST_ONLY,
    REDUCE_ONLY,
    REJECTED_BAND,
    REJECTED_HALT,
    REJECTED_LOTS,
    REJECTED_MARGIN,
    REJECTED_UNKNOWN,
    RESTING,
    SELL,
    WAITING,
    message_table,
)
from abm.book.orderbook import OrderBooks
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.ledger import Ledger
from abm.venues.admission import Admission

TABLE = instrument_table([Instrument("ONE-PERP", "ONE", "perpetual", 1.0, 0.001)], ["ONE"])
PRICES = np.array([10_000.0])
MARKS = PRICES.astype(np.int64)  # a tick is 1 USD, a lot is worth 10 USD
A = FIRST_TRADER
AT, ORDER = 10_000, 7


class Market:
    """A book behind its door; account A has 100 USD and a leverage of 5: enough for 50 lots at 10,000."""

    def __init__(self):
        self.admission = Admission(TABLE, PRICES)
        self.ledger = Ledger(TABLE, A + 2)
        self.ledger.deposit(slice(A, A + 2), 100_000_000)
        self.ledger.leverage[:, A:] = 5
        self.books = OrderBooks(1, position=self.ledger.position)
        self.next_id = ORDER

    def send(self, *messages):
        """Send messages, each a dict, in one step; return what becomes of them."""
        rows = message_table(len(messages))
        for k, message in enumerate(messages):
            for name, value in ({"account": A, "id": ORDER, "price": AT} | message).items():
                rows[name][k] = value
        admitted = self.admission.admit(rows, self.ledger, MARKS, self.books.books)
        passed = rows["status"] == PENDING
        self.books.process(admitted)
        rows["status"][passed] = admitted["status"]
        return [int(status) for status in rows["status"]]

    def amend(self, lots, price=AT, **more):
        return self.send({"kind": AMEND, "lots": lots, "price": price} | more)[0]

    @property
    def open_lots(self):
        return self.books.open_lots(0, ORDER)


def resting(lots=10, **order):
    market = Market()
    assert market.send({"lots": lots} | order)[0] in (RESTING, WAITING)
    return market


def test_more_lots_need_the_margin_of_a_new_order():
    market = resting()
    assert market.amend(51) == REJECTED_MARGIN
    assert market.open_lots == 10
    assert market.amend(50) == RESTING
    assert market.open_lots == 50
    assert market.admission.refused == {REJECTED_MARGIN: 1}


def test_a_higher_price_needs_more_margin():
    market = resting(50)
    assert market.amend(50, AT + 1) == REJECTED_MARGIN
    assert market.amend(40, AT + 1) == RESTING
    assert market.amend(62, 8_000) == RESTING


@pytest.mark.parametrize("account", [A + 1, -1, 10**6])
def test_nobody_amends_or_cancels_the_order_of_another(account):
    market = resting()
    market.ledger.deposit(A + 1, 10**12)
    for lots in (9, 51, 10**9):
        assert market.amend(lots, account=account) == REJECTED_UNKNOWN
    assert market.send({"kind": CANCEL, "account": account}) == [REJECTED_UNKNOWN]
    assert market.open_lots == 10
    both = {"lots": 10, "id": 8}, {"kind": AMEND, "lots": 10**9, "id": 8, "account": account}
    assert market.send(*both) == [RESTING, REJECTED_UNKNOWN]
    assert market.amend(9) == AMENDED


def test_fewer_lots_pass_without_margin_and_in_a_halt():
    market = resting()
    market.ledger.cash[0, A] = 0
    market.admission.halted[0] = True
    assert market.amend(4) not in (REJECTED_MARGIN, REJECTED_HALT)
    assert market.open_lots == 4
    assert market.amend(5) == REJECTED_HALT
    assert market.amend(3, AT - 1) == REJECTED_HALT
    market.admission.halted[0] = False
    assert market.amend(5) == REJECTED_MARGIN


@pytest.mark.parametrize(("side", "inside", "outside"), [(BUY, 10_500, 10_501), (SELL, 9_500, 9_499)])
def test_a_price_may_not_move_out_of_the_band(side, inside, outside):
    market = resting(side=side)
    market.admission.lowest[0], market.admission.highest[0] = 9_500, 10_500
    assert market.amend(10, outside) == REJECTED_BAND
    assert market.amend(10, inside) == RESTING
    market.admission.lowest[0], market.admission.highest[0] = 9_900, 10_100
    assert market.amend(9, inside) not in (REJECTED_BAND, REJECTED_MARGIN)  # stays where it was


def test_orders_that_only_reduce_need_no_margin_but_keep_to_the_band():
    market = Market()
    market.ledger.position_transfer(0, A + 1, A, 30, AT)
    assert market.send({"lots": 10, "side": SELL, "flags": REDUCE_ONLY, "price": 10_100}) == [RESTING]
    market.ledger.cash[0, A] = 0
    market.admission.lowest[0] = 10_000
    assert market.amend(30, 10_050) == RESTING
    assert market.amend(30, 9_999) == REJECTED_BAND


def test_waiting_orders_are_judged_as_waiting_ones():
    stop = {"side": BUY, "trigger": 12_000, "flags": 16}
    market = resting(kind=IOC, **stop)
    market.admission.highest[0] = 10_500
    assert market.amend(40, 12_100) not in (REJECTED_BAND, REJECTED_MARGIN)  # 40 at 12,100 over 5: 96.8
    assert market.amend(42, 12_100) == REJECTED_MARGIN
    market.admission.halted[0] = True
    assert market.amend(40, 12_100, trigger=11_000) == REJECTED_HALT
    assert market.amend(39, 12_100, trigger=12_000) not in (REJECTED_HALT, REJECTED_MARGIN)
    at_any_price = resting(kind=MARKET, **stop)
    assert at_any_price.amend(51, 1) == REJECTED_MARGIN  # at the mark


def test_an_order_of_the_same_step_is_known():
    market = Market()
    new = {"lots": 10, "kind": POST_ONLY}
    assert market.send(new, {"kind": AMEND, "lots": 51}) == [RESTING, REJECTED_MARGIN]
    more = {"kind": AMEND, "lots": 50}
    less = {"kind": AMEND, "lots": 10}
    market.ledger.cash[0, A] = 20_000_000
    # ten lots are what stands in the book before the step; after fewer, they are more again
    assert market.send({"kind": AMEND, "lots": 2}, less)[1] == RESTING
    assert market.send(less, more)[1] == REJECTED_MARGIN
    market.ledger.cash[0, A] = 0
    assert market.send({"kind": AMEND, "lots": 2}, less)[1] == REJECTED_MARGIN


def test_the_book_answers_for_what_is_not_there_or_makes_no_sense():
    market = resting()
    assert market.amend(10**9, id=99) == REJECTED_UNKNOWN
    assert market.amend(0) == REJECTED_LOTS
    assert market.send({"kind": CANCEL}, {"kind": AMEND, "lots": 60})[0] != REJECTED_MARGIN
    assert market.amend(10**9) == REJECTED_UNKNOWN


def test_an_amendment_passes_just_where_a_new_order_would():
    rng = np.random.default_rng(4)
    met = set()
    for _ in range(300):
        market, side = Market(), int(rng.integers(2))
        held, lots = int(rng.integers(-40, 41)), int(rng.integers(1, 120))
        price = int(rng.integers(9_000, 11_000))
        if held:
            buyer, seller = (A, A + 1) if held > 0 else (A + 1, A)
            market.ledger.position_transfer(0, seller, buyer, abs(held), AT)
        first = AT - 2_000 if side == BUY else AT + 2_000
        assert market.send({"lots": 1, "price": first, "side": side}) == [RESTING]
        market.admission.lowest[0], market.admission.highest[0] = 9_500, 10_500
        (fresh,) = market.send({"id": ORDER + 1, "lots": lots, "price": price, "side": side, "kind": LIMIT})
        if fresh == RESTING:
            market.send({"id": ORDER + 1, "kind": CANCEL})
        assert market.amend(lots, price) == fresh
        met.add(fresh)
    assert met == {RESTING, REJECTED_MARGIN, REJECTED_BAND}
