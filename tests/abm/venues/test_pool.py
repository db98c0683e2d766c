"""A pool as counterparty: prices by impact, limits, orders that may not rest, ADL, funding, conservation."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.book.messages import (
    BUY,
    EXPIRED,
    FILLED,
    FOK,
    IOC,
    LIMIT,
    MARKET,
    POST_ONLY,
    REDUCE_ONLY,
    REJECTED_LOTS,
    REJECTED_REDUCE,
    SELL,
    TRIGGER_ON_MARK,
    message_table,
)
from abm.book.orderbook import OrderBooks
from abm.compiled import for_kernels
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER, INSURANCE_FUND
from abm.ledger.invariants import check
from abm.ledger.ledger import Ledger
from abm.market_view import market_view
from abm.rules.adl_triggers import pool_pnl_to_close
from abm.rules.fees import FeeSchedule
from abm.rules.funding_imbalance import AdaptiveFunding
from abm.rules.pool_impact import pool_fill, price_impact
from abm.venues.pool import LiquidityPool, pool_of, schedule
from abm.venues.pool_funding import PoolFunding
from abm.venues.presets import load_preset
from abm.venues.terms import PoolTerms

USD = 1_000_000
A, B, C = FIRST_TRADER, FIRST_TRADER + 1, FIRST_TRADER + 2
TERMS = PoolTerms(positive_factor=6e-11, negative_factor=12e-11)
STEEP = PoolTerms(
    positive_factor=5e-10, negative_factor=1e-9, max_open_interest_over_pool=0.5, reserve_factor=2.0
)


def table(perpetuals=1):
    names = ["BTC", "ETH"][:perpetuals]
    return instrument_table([Instrument(f"{n}-PERP", n, "perpetual", 0.1, 0.001, 0, 0) for n in names], names)


class Market:
    """A pool with its books, at an oracle that the test sets."""

    def __init__(self, capital=10e6, terms=STEEP, perpetuals=1, oracle=5_000.0, traders=8, **rules):
        self.instruments = table(perpetuals)
        self.books = OrderBooks(perpetuals, FIRST_TRADER + traders)
        self.ledger = Ledger(self.instruments, FIRST_TRADER + traders, position=self.books.position)
        self.ledger.deposit(INSURANCE_FUND, int(capital * USD))
        for account in range(FIRST_TRADER, FIRST_TRADER + traders):
            self.ledger.deposit(account, 10_000_000 * USD)
        self.pool = LiquidityPool(terms, self.instruments, FIRST_TRADER + traders, **rules)
        self.oracle = np.full(perpetuals, oracle)
        self.sent = 0

    def order(self, account, side, lots, kind=MARKET, price=0, flags=0, trigger=0, instrument=0):
        self.sent += 1
        row = (0, self.sent, price, lots, trigger, 0, 0, account, instrument, kind, side, flags, 0, 0)
        return np.array([row], message_table(0).dtype)

    def step(self, *orders):
        """Quote, let the orders in, match and settle; return the orders as they were let in, and fills."""
        self.pool.quote(self.books, self.ledger, self.oracle)
        messages = for_kernels(np.concatenate(orders) if orders else message_table(0))
        admitted = self.pool.screen(messages, self.ledger)
        fills = self.books.process(admitted)
        self.ledger.settle(fills)
        self.pool.collect(fills)
        check(self.ledger)
        return messages, fills

    def equity(self):
        held = self.ledger.position[:, INSURANCE_FUND] * self.oracle * self.instruments["lot"]
        entered = self.ledger.entry_value[:, INSURANCE_FUND] / USD
        return float(self.ledger.cash[0, INSURANCE_FUND] / USD + (held - entered).sum())

    def sides(self):
        return self.pool.state(self.ledger, self.oracle).usd


def average(fills):
    return float((fills["price"] * fills["lots"]).sum() / fills["lots"].sum()) * 0.1


# prices


@pytest.mark.parametrize("imbalance", [0.0, 3e6, -3e6])
@pytest.mark.parametrize(("side", "way"), [(1, 1), (0, -1)])
def test_slices_cost_what_the_formula_says(imbalance, side, way):
    one, terms = np.ones(1), replace(STEEP, max_impact=0.5)
    lots = np.array([[10**6, 10**6]])
    quotes = schedule(terms, 5_000.0 * one, 1e-4 * one, 1e-3 * one, imbalance * one, 1e9 * one, lots)
    usd = quotes.lots[0, side] * 5.0
    assert usd.sum() == 5e6
    assert (usd[2:] >= 1.49 * usd[1:-1]).all()
    # a price is oracle / (1 + impact) for a buyer, oracle / (1 - impact) for a seller
    impact = way * (5_000.0 / (quotes.ticks[0, side] * 1e-4) - 1.0)
    credited = np.cumsum(impact * usd)
    expected = price_impact(imbalance, imbalance + way * np.cumsum(usd), 2.0, 5e-10, 1e-9)
    assert credited == pytest.approx(expected, abs=0.5)
    assert (credited <= expected + 1e-6).all()


def test_one_slice_has_the_entry_price_of_the_rule():
    one = np.ones(1)
    terms = replace(STEEP, slices=1)
    lots = np.array([[10_000, 10_000]])
    quotes = schedule(terms, 5_000.0 * one, 1e-6 * one, 1e-3 * one, 0.0 * one, 0.0 * one, lots)
    # 50,000 USD at 1e-9 x 50,000^2 = 2.5 USD: -0.005 %
    for side, way in ((1, 1), (0, -1)):
        entry = float(pool_fill(50_000.0, 5_000.0, -2.5 / 50_000.0, way).entry)
        assert quotes.ticks[0, side, 0] * 1e-6 == pytest.approx(entry, abs=2e-6)


def test_better_balance_is_credited_only_from_the_impact_pool():
    one = np.ones(1)
    lots = np.array([[200_000, 200_000]])
    arguments = (STEEP, 5_000.0 * one, 1e-3 * one, 1e-3 * one, 3e6 * one)
    for held in (0.0, 100.0, 1e9):
        quotes = schedule(*arguments, held * one, lots)
        credit = float((quotes.lots[0, 0] * (quotes.ticks[0, 0] * 1e-3 - 5_000.0)).sum() * 1e-3)
        full = float(price_impact(3e6, 2e6, 2.0, 5e-10, 1e-9))
        assert credit == pytest.approx(min(held, full), rel=4e-3, abs=1.0)
        assert quotes.ticks[0, 1, 0] > quotes.ticks[0, 0, 0]
        assert (np.diff(quotes.ticks[0, 0]) <= 0).all()
        assert (np.diff(quotes.ticks[0, 1]) >= 0).all()


def test_impact_is_capped():
    one = np.ones(1)
    quotes = schedule(STEEP, 5e3 * one, 0.1 * one, 1e-3 * one, 8e6 * one, 0.0 * one, np.array([[0, 10**6]]))
    assert quotes.ticks[0, 1].max() * 0.1 == pytest.approx(5_000.0 / 0.995, abs=0.1)


def test_impact_is_collected_and_paid_back():
    market = Market()
    _, fills = market.step(market.order(A, BUY, 200_000))
    paid = (average(fills) - 5_000.0) * 200.0
    assert market.pool.impact_pool[0] == pytest.approx(paid)
    assert paid == pytest.approx(1e-9 * 1e6**2, rel=0.05)
    _, fills = market.step(market.order(B, SELL, 200_000))
    credited = (average(fills) - 5_000.0) * 200.0
    assert 0.0 < credited < 0.55 * paid
    assert market.pool.impact_pool[0] == pytest.approx(paid - credited)
    assert market.ledger.position[0, INSURANCE_FUND] == 0


# limits


def test_no_side_grows_beyond_its_room():
    market = Market()
    messages, fills = market.step(market.order(A, BUY, 800_000), market.order(B, BUY, 800_000))
    assert messages["lots"].tolist() == [800_000, 200_000]  # half of 10 million is a million lots
    assert fills["lots"].sum() == 1_000_000
    messages, fills = market.step(market.order(C, BUY, 10), market.order(C, SELL, 10))
    assert messages["status"][0] == REJECTED_LOTS
    assert fills["side"].tolist() == [SELL]
    assert market.pool.refused == 1
    # a short that closes needs no room
    messages, _ = market.step(market.order(C, BUY, 10, flags=REDUCE_ONLY))
    assert messages["status"].tolist() == [FILLED]


def test_a_fill_or_kill_order_is_not_cut():
    market = Market()
    messages, fills = market.step(market.order(A, BUY, 1_000_001, kind=FOK, price=60_000))
    assert messages["status"].tolist() == [REJECTED_LOTS]
    assert len(fills) == 0


def test_what_one_account_sends_twice_counts_twice():
    market = Market()
    market.step(market.order(A, BUY, 900_000))
    market.step(
        market.order(A, SELL, 900_000, kind=IOC, price=60_000),  # does not trade
        market.order(A, BUY, 900_000),
    )
    assert market.sides()[0].tolist() == pytest.approx([5e6, 0.0])


def test_the_reserve_is_shared_by_markets():
    market = Market(terms=replace(STEEP, reserve_factor=1.0), perpetuals=2)
    for _ in range(40):
        market.step(market.order(A, BUY, 10**6), market.order(A, BUY, 10**6, instrument=1))
    assert market.sides()[:, 0].sum() == pytest.approx(5e6, rel=1e-3)


def test_a_pool_without_money_quotes_nothing():
    market = Market(capital=0.0)
    market.step()
    assert market.books.best_bid(0) is None
    assert market.books.best_ask(0) is None


# orders


@pytest.mark.parametrize("kind", [LIMIT, POST_ONLY])
def test_nothing_of_a_trader_rests(kind):
    market = Market()
    messages, fills = market.step(
        market.order(A, BUY, 1_000, kind=kind, price=49_000),
        market.order(A, BUY, 1_000, kind=kind, price=51_000),
    )
    assert messages["status"].tolist() == [EXPIRED, FILLED]
    assert set(fills["maker"].tolist()) == {INSURANCE_FUND}
    market.books.cancel_accounts(market.pool._mine)
    assert market.books.best_bid(0) is None


def test_waiting_orders_watch_the_oracle_and_must_reduce():
    market = Market()
    market.step(market.order(A, BUY, 1_000))
    messages, fills = market.step(
        market.order(A, SELL, 1_000, kind=IOC, price=40_000, trigger=45_000),
        market.order(A, SELL, 1_000, kind=IOC, price=40_000, trigger=45_000, flags=REDUCE_ONLY),
    )
    assert messages["status"][0] == REJECTED_REDUCE
    assert len(fills) == 0
    assert messages["flags"][1] == REDUCE_ONLY | TRIGGER_ON_MARK
    market.oracle[:] = 4_400.0
    market.pool.quote(market.books, market.ledger, market.oracle)
    fills = market.books.mark_triggers(np.array([44_000]), 10**9)
    market.ledger.settle(fills)
    check(market.ledger)
    assert market.ledger.position[0, A] == 0
    assert average(fills) == pytest.approx(4_400.0, rel=1e-4)  # at the new oracle, not at its trigger


def test_old_quotes_are_taken_back():
    market = Market()
    for price in (5_000.0, 4_000.0, 6_000.0):
        market.oracle[:] = price
        market.step()
        bids, asks = market.books.snapshot(0, 1_000)
        assert bids[:, 1].sum() == asks[:, 1].sum() == int(10e6 * 0.5 / (price * 0.001))
        assert bids[0, 0] * 0.1 == pytest.approx(price, rel=1e-4)
        assert bids[0, 0] < asks[0, 0]


def test_the_view_shows_the_quotes_of_the_present_oracle():
    market = Market(funding=PoolFunding(AdaptiveFunding(increase=1e-6), 1.0, 1))
    market.step(market.order(A, BUY, 10_000), market.order(B, SELL, 5_000))
    view = market_view(np.array([5_000.0]), np.array([1e-4]))
    market.oracle[:] = 4_000.0
    market.pool.quote(market.books, market.ledger, market.oracle)
    market.pool.pay_funding(market.ledger, np.array([40_000]), 10**9)
    market.pool.show(view, market.ledger, market.books)
    assert view["mid"][0] == pytest.approx(4_000.0, rel=1e-4)
    assert np.exp(view["log_mid"][0]) == pytest.approx(view["mid"][0])
    assert view["funding"][0] > 0.0
    market.ledger.withdraw(INSURANCE_FUND, int(market.ledger.cash[0, INSURANCE_FUND]))
    market.ledger.withdraw(A, 10**12)
    market.pool.quote(market.books, market.ledger, market.oracle)


# funding


def test_the_larger_side_pays_the_smaller_one_and_the_pool_nothing():
    market = Market(funding=PoolFunding(AdaptiveFunding(increase=1e-8), 1.0, 1))
    market.step(market.order(A, BUY, 30_000), market.order(B, BUY, 10_000), market.order(C, SELL, 10_000))
    before = market.ledger.cash[0].copy()
    hour = 3_600 * 10**9
    marks = np.array([50_000])
    market.pool.pay_funding(market.ledger, marks, hour // 2)
    assert (market.ledger.cash[0] == before).all()
    market.pool.pay_funding(market.ledger, marks, hour)
    moved = (market.ledger.cash[0] - before) / USD
    # imbalance over open interest 0.6; rate 0.6e-8 x 1,800 s in the first half, twice that in the second
    due = 0.6e-8 * 1_800 * 1_800 * (1 + 2) * 200_000.0
    assert moved[C] == pytest.approx(due, rel=1e-6)
    assert moved[A] == pytest.approx(-0.75 * due, rel=1e-6)
    assert moved[B] == pytest.approx(-0.25 * due, rel=1e-6)
    assert 0 <= market.ledger.cash[0, INSURANCE_FUND] - before[INSURANCE_FUND] <= 3
    check(market.ledger)


def test_nothing_is_due_without_another_side():
    market = Market(funding=PoolFunding(AdaptiveFunding(increase=1e-3, highest=0.01), 1.0, 1))
    market.step(market.order(A, BUY, 30_000))
    before = market.ledger.cash[0].copy()
    market.pool.pay_funding(market.ledger, np.array([50_000]), 3_600 * 10**9)
    assert (market.ledger.cash[0] == before).all()


def test_an_isolated_position_without_cash_pays_from_its_margin():
    market = Market(funding=PoolFunding(AdaptiveFunding(increase=1e-8), 1.0, 1))
    market.ledger.isolated[0, A] = 1
    market.ledger.leverage[0, A] = 5
    market.step(market.order(A, BUY, 30_000), market.order(C, SELL, 10_000))
    market.ledger.withdraw(A, int(market.ledger.cash[0, A]))
    margin = int(market.ledger.isolated_margin[0, A])
    market.pool.pay_funding(market.ledger, np.array([50_000]), 3_600 * 10**9)
    assert market.ledger.cash[0, A] == 0
    assert market.ledger.isolated_margin[0, A] < margin
    check(market.ledger)


# liquidation and ADL, by the rules of the preset


def gmx(**changes):
    return replace(load_preset("gmx-v2"), **changes)


def engine(market, venue):
    return venue.engine(market.instruments, ["BTC", "ETH"])


def liquidate(market, rules, now=10**9):
    ticks = np.rint(market.oracle / market.instruments["tick"]).astype(np.int64)
    report = rules.run(now, ticks, market.books, market.ledger)
    check(market.ledger)
    return report


def test_liquidation_is_at_the_oracle_whatever_the_size():
    market, rules = Market(), engine(Market(), gmx())
    market.ledger.isolated[0, A] = 1
    market.ledger.leverage[0, A] = 20
    market.step(market.order(A, BUY, 900_000))
    margin = int(market.ledger.isolated_margin[0, A])
    market.oracle[:] = 4_790.0
    report = liquidate(market, rules)
    assert report.liquidations.price.tolist() == [47_900]
    assert report.liquidations.lots.tolist() == [900_000]
    assert market.ledger.position.any() == 0
    # all of the margin is the pool's, the fee out of it
    lost = 10_000_000.0 - market.ledger.cash[0, A] / USD
    assert market.equity() == pytest.approx(10e6 + lost, abs=1e-5)
    assert 0.9 * margin / USD < lost <= margin / USD


def winners(perpetuals=1):
    """Return a market where two accounts hold half of what a pool of 10 million takes on one side."""
    market = Market(perpetuals=perpetuals)
    for i in range(perpetuals):
        market.step(market.order(A, BUY, 250_000, instrument=i), market.order(B, BUY, 250_000, instrument=i))
    return market


def test_winners_are_deleveraged_above_the_factor_only():
    market = winners()
    rules = engine(market, gmx(adl=replace(gmx().adl, pool_pnl_factor=0.3), liquidation=replace(
        gmx().liquidation, adl_stop=0.2)))  # fmt: skip
    market.oracle[:] = 10_900.0
    assert len(liquidate(market, rules).deleveraged) == 0  # 2.95 million on 10
    market.oracle[:] = 11_500.0
    report = liquidate(market, rules, 2 * 10**9)
    assert set(report.deleveraged.price.tolist()) == {115_000}
    state = market.pool.state(market.ledger, market.oracle)
    assert state.pending[0, 0] / state.value == pytest.approx(0.2, abs=1e-3)
    assert market.ledger.position[0, A] + market.ledger.position[0, B] > 0


def test_while_profits_are_above_the_factor_that_side_waits_for_adl():
    market = Market(profit_limit=0.3)
    market.step(market.order(A, BUY, 500_000), market.order(B, SELL, 100_000))
    market.oracle[:] = 14_000.0
    messages, _ = market.step(
        market.order(A, SELL, 500_000, flags=REDUCE_ONLY), market.order(B, BUY, 100_000, flags=REDUCE_ONLY)
    )
    assert messages["status"].tolist() == [EXPIRED, FILLED]


@pytest.mark.parametrize("perpetuals", [1, 2])
@pytest.mark.parametrize("price", [30_000.0, 100_000.0])
def test_a_jump_beyond_the_pool_is_paid_in_proportion(perpetuals, price):
    market = winners(perpetuals)
    cash = market.ledger.cash[0].copy()
    rules = engine(market, gmx())
    market.oracle[:] = price
    assert market.equity() < 0.0
    report = liquidate(market, rules)
    assert market.equity() >= 0.0
    assert market.equity() < 1_000.0
    assert market.ledger.position.any() == 0
    assert len(report.deleveraged) == 2 * perpetuals
    gained = market.ledger.cash[0, [A, B]] - cash[[A, B]]
    assert gained.sum() == pytest.approx(cash[INSURANCE_FUND], rel=1e-3)
    assert gained[0] == pytest.approx(gained[1], rel=2e-3)


def test_shorts_too_are_paid_in_proportion():
    market = Market(terms=replace(STEEP, max_open_interest_over_pool=2.0, reserve_factor=9.0))
    market.step(market.order(A, SELL, 3_000_000))
    rules = engine(market, gmx())
    market.oracle[:] = 100.0
    liquidate(market, rules)
    assert 0.0 <= market.equity() < 1_000.0


def test_how_much_is_closed_when_claims_are_cut():
    # all of it when the claims are worth more than the pool
    assert pool_pnl_to_close(20.0, 10.0, 0.5, 0.5) == 20.0
    # (9 - x) / (10 - 0.8 x) = 0.5
    x = pool_pnl_to_close(9.0, 10.0, 0.5, 0.8)
    assert (9.0 - x) / (10.0 - 0.8 * x) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"claim is 1.5; it must be from 0 to 1"):
        pool_pnl_to_close(9.0, 10.0, 0.5, 1.5)


# rules that do not go together


def test_the_preset_makes_a_pool():
    pool = pool_of(gmx(), table(2), 20)
    assert pool is not None
    assert pool.profit_limit == 0.9
    assert pool.funding is not None
    assert pool_of(load_preset("binance-usdm-2024-10"), table(), 20) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mark": load_preset("binance-usdm-2024-10").mark}, r"mark is .* must be oracle or index"),
        ({"liquidation": load_preset("binance-usdm-2024-10").liquidation}, r"liquidation is .* must be pool"),
        ({"fund": replace(gmx().fund, unwind_rate_per_s=0.1)}, r"fund.unwind_rate_per_s is 0.1"),
        ({"fees": FeeSchedule(100, 500)}, r"fees.maker_ppm is 100"),
    ],
)
def test_rules_that_do_not_go_with_a_pool(changes, message):
    with pytest.raises(ValueError, match=message):
        pool_of(gmx(**changes), table(), 20)


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("positive_factor", 1.0, "at most negative_factor"),
        ("max_impact", 1.0, "below 1"),
        ("slices", 0, "from 1 to 40"),
        ("reserve_factor", -1.0, "zero or more"),
    ],
)
def test_terms_out_of_range(field, value, allowed):
    with pytest.raises(ValueError, match=rf"{field} is {value}; it must be .*{allowed}"):
        replace(TERMS, **{field: value})


# anything at all

orders = st.tuples(
    st.integers(A, A + 5), st.sampled_from([BUY, SELL]), st.integers(1, 2_000_000),
    st.sampled_from([LIMIT, MARKET, IOC, FOK, POST_ONLY]), st.integers(-300, 300),
    st.sampled_from([0, 0, REDUCE_ONLY]), st.integers(0, 1),
)  # fmt: skip
steps = st.lists(st.tuples(st.floats(0.7, 1.4), st.lists(orders, max_size=6)), min_size=1, max_size=6)


@settings(deadline=None, max_examples=60)
@given(steps=steps, leverage=st.sampled_from([2, 20, 50]))
def test_limits_hold_and_money_is_conserved(steps, leverage):
    terms = replace(STEEP, reserve_factor=1.2)
    funding = PoolFunding(AdaptiveFunding(increase=1e-9, highest=1e-6), 0.001, 2)
    market = Market(terms=terms, perpetuals=2, traders=6, funding=funding, profit_limit=0.9)
    market.ledger.isolated[:, A : A + 3] = 1
    market.ledger.leverage[:, A:] = leverage
    rules = engine(market, gmx())
    for number, (move, batch) in enumerate(steps, 1):
        held = market.sides()
        sent = [
            market.order(a, side, lots, kind, max(1, round(market.oracle[i] * 10) + off), flags, 0, i)
            for a, side, lots, kind, off, flags, i in batch
        ]
        before = market.pool.state(market.ledger, market.oracle)
        market.step(*sent)
        after = market.sides()
        value = max(0.0, before.value)
        grown = after > held + 1.0
        assert (after[grown] <= 0.5 * value + 10.0).all()
        assert (after.sum(axis=0) <= np.maximum(held.sum(axis=0), 0.6 * value) + 10.0).all()
        market.oracle *= move
        liquidate(market, rules, number * 10**9)
        market.pool.pay_funding(market.ledger, np.rint(market.oracle * 10).astype(np.int64), number * 10**10)
        check(market.ledger)
