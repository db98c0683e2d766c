"""Admission: what a venue refuses before an order reaches the book, and why."""

import numpy as np
import pytest

from abm.book.messages import (
    BUY,
    CANCEL,
    IOC,
    LIMIT,
    MARKET,
    PENDING,
    REDUCE_ONLY,
    REJECTED_BAND,
    REJECTED_HALT,
    REJECTED_MARGIN,
    SELL,
    message_table,
)
from abm.book.orderbook import OrderBooks
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.ledger import Ledger
from abm.market_view import market_view
from abm.rules.halt import HaltLevel, HaltRule
from abm.rules.index_band import PremiumIndexBand
from abm.rules.price_band import PriceBand
from abm.venues.admission import Admission

ONE, TWO, SPOT = 0, 1, 2
A, B = FIRST_TRADER, FIRST_TRADER + 1
SECOND = 1_000_000_000
USD = 1_000_000
TABLE = instrument_table(
    [
        Instrument("ONE-PERP", "ONE", "perpetual", 1.0, 0.001),
        Instrument("TWO-PERP", "TWO", "perpetual", 1.0, 0.001),
        Instrument("ONE-SPOT", "ONE", "spot", 1.0, 0.001),
    ],
    ["ONE", "TWO"],
)
PRICES = np.array([10_000.0, 2_000.0, 10_000.0])
MARKS = PRICES.astype(np.int64)  # a tick is 1 USD; a lot of ONE is worth 10 USD


class Door:
    """Admission in front of a ledger in which account A has cash and a leverage of 5."""

    def __init__(self, cash_usd=100.0, **rules):
        self.admission = Admission(TABLE, PRICES, **rules)
        self.ledger = Ledger(TABLE, FIRST_TRADER + 2)
        self.ledger.deposit(A, round(cash_usd * USD))
        self.ledger.deposit(B, 10**6 * USD)
        self.ledger.leverage[:, A] = 5
        self.view = market_view(PRICES, np.full(3, 1e-4))
        self.books = OrderBooks(3, position=self.ledger.position)

    def hold(self, instrument, lots, price):
        """Give A a position, bought (or sold short) from B at ``price``."""
        seller, buyer = (B, A) if lots > 0 else (A, B)
        self.ledger.position_transfer(instrument, seller, buyer, abs(lots), price)

    def status(self, lots, price=10_000, *, instrument=ONE, side=BUY, kind=LIMIT, flags=0, trigger=0):
        """Return what becomes of one order of A: `PENDING` if it may enter."""
        row = message_table(1)
        row["id"], row["account"], row["instrument"], row["kind"] = 1, A, instrument, kind
        row["side"], row["lots"], row["price"], row["flags"] = side, lots, price, flags
        row["trigger"] = trigger
        admitted = self.admit(row)
        assert len(admitted) == (row["status"][0] == PENDING)
        return int(row["status"][0])

    def admit(self, rows):
        return self.admission.admit(rows, self.ledger, MARKS, self.books.books)

    def most(self, **order):
        """Return the largest size that is admitted."""
        sizes = [lots for lots in range(1, 600) if self.status(lots, **order) == PENDING]
        assert sizes == list(range(1, len(sizes) + 1))
        return len(sizes)

    def update(self, now_s=1.0, step_s=1.0, **columns):
        for name, values in columns.items():
            self.view[name] = values
        self.admission.update(self.view, round(now_s * SECOND), step_s)


def test_initial_margin_decides_to_the_last_lot():
    # 100 USD at a leverage of 5 carry 500 USD: 50 lots at 10,000
    for side in (BUY, SELL):
        assert Door().most(side=side) == 50
    assert Door().most(side=BUY, price=8_000) == 62
    assert Door().most(kind=MARKET, price=0) == 50  # at the mark
    assert Door(cash_usd=0.0).most() == 0
    door = Door(cash_usd=99.999999)
    assert door.status(50) == REJECTED_MARGIN
    assert door.status(49) == PENDING


def test_a_cross_position_uses_margin_and_brings_its_profit():
    door = Door()
    door.hold(ONE, 20, 9_000)  # margin at the mark: 200 / 5; profit: 20
    assert door.most() == (100 + 20 - 40) * 5 // 10
    assert door.most(instrument=TWO, price=2_000) == (100 + 20 - 40) * 5 // 2
    # the other way: first down to nothing, which is free, then the same beyond
    assert door.most(side=SELL) == 2 * 20 + (100 + 20 - 40) * 5 // 10


def test_a_position_under_water_leaves_no_room_for_more_but_can_be_closed():
    door = Door()
    door.hold(ONE, 40, 12_500)  # loss 100: equity is 0
    assert door.status(1) == REJECTED_MARGIN
    assert door.status(1, instrument=TWO, price=2_000) == REJECTED_MARGIN
    assert door.status(40, side=SELL) == PENDING
    assert door.status(80, side=SELL) == PENDING  # a turn asks for no more margin than is held
    assert door.status(81, side=SELL) == REJECTED_MARGIN


def test_an_isolated_order_draws_on_cash_alone():
    door = Door()
    door.ledger.isolated[ONE, A] = 1
    door.hold(TWO, 100, 1_000)  # a cross profit of 100, less 40 of margin
    assert door.most() == 50
    assert door.most(instrument=TWO, price=2_000) == (100 + 100 - 40) * 5 // 2
    door.hold(ONE, 10, 10_000)  # 20 of cash become isolated margin
    assert door.ledger.cash[0, A] == 80 * USD
    assert door.most() == 40


def test_orders_that_reduce_always_pass():
    door = Door(cash_usd=0.0)
    assert door.status(5, flags=REDUCE_ONLY) == PENDING
    assert door.status(5, kind=CANCEL) == PENDING
    assert door.status(5) == REJECTED_MARGIN


def test_spot_is_bought_with_cash_and_sold_without():
    door = Door()
    assert door.most(instrument=SPOT) == 10
    assert door.most(instrument=SPOT, kind=IOC, price=5_000) == 20
    assert door.status(300, instrument=SPOT, side=SELL) == PENDING


def test_a_market_order_for_spot_needs_its_value_in_cash_too():
    assert Door().most(instrument=SPOT, kind=MARKET, price=0) == 10


def test_holdings_count_as_far_as_the_venue_says():
    door = Door(cash_usd=0.0)
    door.ledger.issue(SPOT, A, 10)
    assert door.status(1) == REJECTED_MARGIN
    door.admission.collateral_value[SPOT] = 9 * USD  # a lot of 10 USD counts as 9
    assert door.most() == 90 * 5 // 10
    door.ledger.isolated[ONE, A] = 1
    assert door.status(1) == REJECTED_MARGIN


def test_without_the_check_anything_goes():
    assert Door(cash_usd=0.0, check_margin=False).status(300) == PENDING


def test_refusals_are_counted_by_status_and_the_rest_goes_on_in_order():
    door = Door()
    rows = message_table(5)
    rows["id"], rows["account"], rows["price"] = np.arange(1, 6), A, 10_000
    rows["lots"] = [1, 51, 2, 300, 50]
    admitted = door.admit(rows)
    assert admitted["id"].tolist() == [1, 3, 5]
    assert rows["status"].tolist() == [PENDING, REJECTED_MARGIN, PENDING, REJECTED_MARGIN, PENDING]
    door.admission.halted[ONE] = True
    door.admit(rows[:1])
    assert door.admission.refused == {REJECTED_MARGIN: 2, REJECTED_HALT: 1}


def test_prices_beyond_the_band_are_refused_and_stops_wait_until_they_fire():
    door = Door(price_band=PriceBand(0.05, 0.05), check_margin=False)
    assert door.status(1, 20_000) == PENDING  # no limits are known before the first step
    door.update()
    assert [door.status(1, price) for price in (10_500, 10_501)] == [PENDING, REJECTED_BAND]
    assert [door.status(1, price, side=SELL) for price in (9_500, 9_499)] == [PENDING, REJECTED_BAND]
    assert [door.status(1, 1), door.status(1, 20_000, side=SELL)] == [PENDING, PENDING]
    assert door.status(1, 0, kind=MARKET) == PENDING
    assert door.status(1, 20_000, trigger=11_000) == PENDING
    assert door.status(1, 20_000, instrument=SPOT) == PENDING
    door.update(mark=2.0 * PRICES)
    assert [door.status(1, price) for price in (21_000, 21_001)] == [PENDING, REJECTED_BAND]


def test_a_band_around_the_index_moves_with_the_average_premium_in_usd():
    door = Door(price_band=PremiumIndexBand(y=0.02, z=0.05), check_margin=False)
    door.update(step_s=1e9, mid=[10_100.0, 2_000.0, 10_000.0])
    assert [door.status(1, price) for price in (10_300, 10_301)] == [PENDING, REJECTED_BAND]


def test_a_halt_stops_its_instrument_for_its_time():
    rule = HaltRule((HaltLevel(0.10, 60.0),))
    door = Door(halt=rule)
    door.update(now_s=1.0)
    assert door.admission.trading
    door.update(now_s=2.0, last=[8_900.0, 2_000.0, 10_000.0])
    assert not door.admission.trading
    assert [door.status(1, side=side) for side in (BUY, SELL)] == [REJECTED_HALT] * 2
    assert door.status(1, kind=CANCEL) == PENDING
    assert door.status(1, 2_000, instrument=TWO) == PENDING
    door.update(now_s=63.0)
    assert door.admission.trading
    assert door.status(1) == PENDING
    assert door.admission.halts == [(2.0, ONE, True), (63.0, ONE, False)]


@pytest.mark.parametrize(("fallen", "stops"), [(ONE, True), (TWO, False)])
def test_a_market_wide_halt_looks_at_the_leader_and_stops_all_perpetuals(fallen, stops):
    door = Door(halt=HaltRule((HaltLevel(0.10, 60.0),)), market_wide=True)
    last = PRICES.copy()
    last[fallen] *= 0.85
    door.update(last=last)
    assert door.admission.halted.tolist() == [stops, stops, False]
