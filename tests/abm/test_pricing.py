"""Pricing at work: index, mark and funding from real books."""

import numpy as np
import pytest

from abm.book.messages import BUY, LIMIT, SELL, message_table
from abm.book.orderbook import OrderBooks
from abm.compiled import for_kernels
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.invariants import check
from abm.ledger.ledger import Ledger
from abm.market_view import market_view, refresh
from abm.venues.presets import load_preset
from abm.venues.pricing import Pricing

PERP, SPOT = 0, 1
A, B = FIRST_TRADER, FIRST_TRADER + 1
SECOND = 1_000_000_000
HOUR = 3600 * SECOND
VENUE = load_preset("binance-usdm-2024-10")


class Desk:
    """A perpetual and its spot pair at 10,000 USD, two accounts, no agents."""

    def __init__(self):
        names = ["BTC-PERP", "BTC-SPOT"]
        items = [
            Instrument(name, "BTC", kind, 1.0, 0.001)
            for name, kind in zip(names, ("perpetual", "spot"), strict=True)
        ]
        self.table = instrument_table(items, ["BTC"])
        self.books = OrderBooks(2, FIRST_TRADER + 2)
        self.ledger = Ledger(self.table, FIRST_TRADER + 2, position=self.books.position)
        self.ledger.deposit(slice(FIRST_TRADER, None), 10**15)
        self.ledger.issue(SPOT, slice(FIRST_TRADER, None), 10**9)
        prices = np.array([10_000.0, 10_000.0])
        self.view = market_view(prices, np.full(2, 1e-4))
        self.pricing = Pricing(VENUE, self.table, ["BTC"], prices)
        self.next_id = 0

    def order(self, instrument, account, side, price, lots):
        self.next_id += 1
        row = message_table(1)
        row["id"], row["account"], row["instrument"] = self.next_id, account, instrument
        row["kind"], row["side"], row["price"], row["lots"] = LIMIT, side, price, lots
        self.ledger.settle(self.books.process(row))

    def quote(self, instrument, mid, half_spread=2, lots=10_000):
        self.order(instrument, A, BUY, mid - half_spread, lots)
        self.order(instrument, A, SELL, mid + half_spread, lots)

    def update(self, now_ns):
        refresh(self.view, for_kernels(self.books.books), for_kernels(self.table), 1.0)
        return self.pricing.update(self.view, for_kernels(self.books.books), now_ns)


def test_index_is_the_spot_mid_and_spot_is_marked_at_its_mid():
    desk = Desk()
    desk.quote(SPOT, 10_050)
    desk.quote(PERP, 10_000)
    marks = desk.update(SECOND)
    assert desk.view["index"].tolist() == [10_050.0, 10_050.0]
    assert desk.view["mark"][SPOT] == 10_050.0
    assert marks[SPOT] == 10_050


def test_mark_is_the_middle_of_last_trade_carried_index_and_index_plus_basis():
    desk = Desk()
    desk.quote(SPOT, 10_000)
    desk.quote(PERP, 10_100)
    desk.order(PERP, B, BUY, 10_102, 10)
    # last 10,102; index plus basis 10,100 (one sample); index carried by 0.01 % for eight hours 10,001
    assert desk.update(SECOND)[PERP] == 10_100
    desk.order(PERP, B, SELL, 10_098, 10)
    assert desk.update(2 * SECOND)[PERP] == 10_098
    # a print far away moves the mark no further than the averaged basis, as it was at the last sample
    desk.books.cancel_accounts(np.ones(desk.ledger.accounts, np.bool_))
    desk.order(PERP, A, SELL, 12_000, 1)
    desk.order(PERP, B, BUY, 12_000, 1)
    assert desk.update(3 * SECOND)[PERP] == 10_100
    assert desk.view["last"][PERP] == 12_000.0


def test_the_book_moves_the_mark_only_through_thirty_samples():
    desk = Desk()
    desk.quote(SPOT, 10_000)
    for k in range(30):
        desk.update((1 + 5 * k) * SECOND)
    desk.quote(PERP, 10_300)
    desk.order(PERP, B, BUY, 10_302, 10)
    marks = [desk.update((151 + 5 * k) * SECOND)[PERP] for k in range(30)]
    # the k-th of thirty samples at a basis of 300: index + 300 k / 30
    assert marks == [10_000 + 10 * (k + 1) for k in range(30)]


def test_funding_is_paid_by_longs_when_the_perpetual_is_dear():
    desk = Desk()
    desk.quote(SPOT, 10_000)
    # impact notional of BTC: 200 x 125 = 25,000 USD; 10,000 lots at 10,100 are 101,000 USD
    desk.quote(PERP, 10_100)
    desk.order(PERP, B, BUY, 10_102, 1_000)
    now = 0
    while now < 8 * HOUR:
        now += HOUR // 4
        desk.update(now)
        before = desk.ledger.cash.copy()
        desk.pricing.pay_funding(desk.ledger, now)
        if now < 8 * HOUR:
            assert np.array_equal(before, desk.ledger.cash)
    # premium 98 / 10,000; rate = premium - 0.05 %, over the cap of 0.3 %
    notional = 1_000 * int(desk.pricing.mark_ticks[PERP]) * 1_000
    paid = round(notional * 0.003)
    assert desk.ledger.cash[0, B] - before[0, B] == -paid
    assert desk.ledger.cash[0, A] - before[0, A] == paid
    desk.update(now + SECOND)
    assert desk.view["funding"][PERP] == pytest.approx(0.003)
    assert desk.pricing.intervals_per_8h == 1.0
    check(desk.ledger)


def test_funding_counts_a_thin_side_as_nothing():
    desk = Desk()
    desk.quote(SPOT, 10_000)
    desk.quote(PERP, 10_100, lots=100)  # 1,010 USD on each side: less than the impact notional
    for now in range(HOUR, 8 * HOUR + 1, HOUR):
        desk.update(now)
        desk.pricing.pay_funding(desk.ledger, now)
    desk.update(8 * HOUR + SECOND)
    assert desk.view["funding"][PERP] == pytest.approx(0.0001)
