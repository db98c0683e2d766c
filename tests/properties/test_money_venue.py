"""Funding, liquidation, takeover and deleveraging conserve money; breaches agree with liquidation prices."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.book.messages import BUY, FUND, SELL
from abm.book.orderbook import OrderBooks
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER, INSURANCE_FUND
from abm.ledger.invariants import broken_invariants
from abm.ledger.ledger import Ledger
from abm.ledger.valuation import account_equity, cross_columns, unrealised
from abm.rules.adl import AdlRule
from abm.rules.breaches import find_breaches
from abm.rules.funding import pay_funding
from abm.rules.insurance_fund import FundRule
from abm.rules.liquidation_policy import LiquidationPolicy
from abm.rules.liquidation_price import liquidation_ticks
from abm.rules.margin_tiers import MarginTiers, Tier, maintenance_margin, tier_table
from abm.venues.liquidation import LiquidationEngine

TRADERS = 6
PERPETUALS = (0, 1)
INSTRUMENTS = instrument_table(
    [
        Instrument("BTC-PERP", "BTC", "perpetual", 1.0, 0.001),
        Instrument("ALT-PERP", "ALT", "perpetual", 0.01, 1.0),
    ],
    ["BTC", "ALT"],
)
RULES = [
    MarginTiers((Tier(0, 50e3, 0.004, 125), Tier(50e3, 600e3, 0.005, 100), Tier(600e3, 1e9, 0.02, 25))),
    MarginTiers((Tier(0, 10e3, 0.01, 50), Tier(10e3, 1e9, 0.05, 10))),
]
TIERS = tier_table(RULES, 2)

traders = st.integers(FIRST_TRADER, FIRST_TRADER + TRADERS - 1)
openings = st.lists(
    st.tuples(st.sampled_from(PERPETUALS), traders, traders, st.integers(1, 20_000), st.floats(0.8, 1.25)),
    max_size=12,
)
columns = st.lists(st.tuples(st.integers(0, 60_000), st.sampled_from([1, 5, 20, 100]), st.booleans()),
                   min_size=TRADERS, max_size=TRADERS)  # fmt: skip
moves = st.lists(st.tuples(st.floats(0.6, 1.5), st.floats(0.6, 1.5)), min_size=1, max_size=4)
quotes = st.lists(
    st.tuples(
        st.sampled_from(PERPETUALS),
        traders,
        st.sampled_from([BUY, SELL]),
        st.integers(1, 9_000),
        st.floats(0.7, 1.4),
    ),
    max_size=10,
)
START = np.array([10_000, 1_000], np.int64)


def make_ledger(accounts, trades):
    ledger = Ledger(INSTRUMENTS, FIRST_TRADER + TRADERS)
    for account, (dollars, leverage, isolated) in enumerate(accounts, FIRST_TRADER):
        ledger.deposit(account, dollars * 1_000_003)
        ledger.leverage[:, account] = leverage
        ledger.isolated[:, account] = isolated
    for instrument, buyer, seller, lots, factor in trades:
        if buyer != seller:
            ledger.position_transfer(instrument, seller, buyer, lots, max(1, int(START[instrument] * factor)))
    return ledger


def ticks(move):
    return np.maximum(1, np.rint(START * np.array(move))).astype(np.int64)


@settings(deadline=None, max_examples=100)
@given(
    accounts=columns,
    trades=openings,
    rates=st.lists(st.floats(-0.02, 0.02), min_size=2, max_size=2),
    move=moves,
)
def test_funding_conserves_money_and_never_costs_the_fund(accounts, trades, rates, move):
    ledger = make_ledger(accounts, trades)
    for marks in map(ticks, move):
        fund = int(ledger.cash[0, INSURANCE_FUND])
        equity = account_equity(ledger, marks)
        paid = pay_funding(ledger, marks, np.array(rates))
        assert broken_invariants(ledger) == []
        assert 0 <= ledger.cash[0, INSURANCE_FUND] - fund <= 2 * TRADERS * len(PERPETUALS)
        change = account_equity(ledger, marks) - equity
        assert -change[change < 0].sum() <= paid.sum()


@settings(deadline=None, max_examples=100)
@given(accounts=columns, trades=openings, move=moves)
def test_equity_of_all_accounts_sums_to_zero(accounts, trades, move):
    ledger = make_ledger(accounts, trades)
    for marks in map(ticks, move):
        assert account_equity(ledger, marks).sum() == 0


@settings(deadline=None, max_examples=200)
@given(accounts=columns, trades=openings, move=moves)
def test_sweep_agrees_with_the_definition(accounts, trades, move):
    ledger = make_ledger(accounts, trades)
    for marks in map(ticks, move):
        expected = set()
        profit = unrealised(ledger, marks)
        for a in range(FIRST_TRADER, ledger.accounts):
            equity, needed = int(ledger.cash[0, a]), 0
            for i in PERPETUALS:
                value = abs(int(ledger.position[i, a])) * int(marks[i] * INSTRUMENTS[i].tick_lot_value)
                margin = maintenance_margin(TIERS, i, value) if value else 0
                if not ledger.isolated[i, a]:
                    equity, needed = equity + int(profit[i, a]), needed + margin
                elif value and int(ledger.isolated_margin[i, a] + profit[i, a]) < margin:
                    expected.add((a, i))
            if equity < needed:
                expected.add((a, -1))
        found = find_breaches(ledger, marks, TIERS)
        assert set(zip(found.account.tolist(), found.instrument.tolist(), strict=True)) == expected
        assert (found.equity < found.maintenance).all()
        cross = cross_columns(ledger, marks, TIERS)
        for row in found[found.isolated == 0]:
            assert (row.equity, row.maintenance) == tuple(cross[:2, row.account])


@settings(deadline=None, max_examples=200)
@given(accounts=columns, trades=openings, move=st.tuples(st.floats(0.8, 1.2), st.floats(0.8, 1.2)))
def test_liquidation_price_separates_safe_from_breached(accounts, trades, move):
    ledger = make_ledger(accounts, trades)
    marks = ticks(move)
    for i in PERPETUALS:
        limits = liquidation_ticks(ledger, i, marks, RULES[i], TIERS)
        for account in np.flatnonzero(np.isfinite(limits)):
            limit = float(limits[account])
            if not 2 <= limit < 1e6:
                continue
            side = np.sign(ledger.position[i, account])
            wallet = i if ledger.isolated[i, account] else -1
            for away, breached in ((1, False), (-1, True)):
                tested = marks.copy()
                tested[i] = np.ceil(limit) + 1 if side * away > 0 else np.floor(limit) - 1
                found = find_breaches(ledger, tested, TIERS)
                named = (found.account == account) & (found.instrument == wallet)
                assert named.any() == breached, (limit, side, tested)


@settings(deadline=None, max_examples=200)
@given(
    accounts=columns,
    trades=openings,
    resting=quotes,
    move=moves,
    fund=st.integers(0, 200_000),
    sizing=st.sampled_from(["restore", "full"]),
    rank=st.sampled_from(["binance", "bitmex"]),
    allocation=st.sampled_from(["queue", "pro_rata"]),
    adl=st.booleans(),
)
def test_liquidation_conserves_money_and_leaves_no_unreported_breach(
    accounts, trades, resting, move, fund, sizing, rank, allocation, adl
):
    ledger = make_ledger(accounts, trades)
    ledger.deposit(INSURANCE_FUND, fund * 1_000_000)
    books = OrderBooks(2, position=ledger.position)
    for instrument, account, side, lots, factor in resting:
        fills = books.submit(
            instrument, side, lots, max(1, int(START[instrument] * factor)), account=account
        ).fills
        ledger.settle(fills)
    assert broken_invariants(ledger) == []
    engine = LiquidationEngine(
        TIERS,
        LiquidationPolicy((12_500, 10_000), sizing=sizing, max_rounds=20),
        FundRule(),
        AdlRule(rank=rank, allocation=allocation),
    )
    for second, marks in enumerate(map(ticks, move), 1):
        breached = find_breaches(ledger, marks, TIERS)
        before = ledger.position.copy()
        fund_before = account_equity(ledger, marks)[INSURANCE_FUND]
        report = engine.run(second * 10**9, marks, books, ledger, adl_enabled=adl)
        assert broken_invariants(ledger) == []
        after = find_breaches(ledger, marks, TIERS)
        assert np.array_equal(after, report.unresolved)
        assert adl or len(report.unresolved) == 0
        if FUND in report.fills.source:
            continue
        if len(breached) == 0:
            assert np.array_equal(before, ledger.position)
        if report.rounds == 1:
            assert np.isin(report.liquidations.account, breached.account).all()
        if adl and fund_before >= 0:
            assert account_equity(ledger, marks)[INSURANCE_FUND] >= 0


@settings(deadline=None, max_examples=150)
@given(accounts=columns, trades=openings, move=moves)
def test_nobody_above_maintenance_is_liquidated(accounts, trades, move):
    ledger = make_ledger(accounts, trades)
    marks = ticks(move[0])
    assume(len(find_breaches(ledger, marks, TIERS)) == 0)
    books = OrderBooks(2, position=ledger.position)
    engine = LiquidationEngine(TIERS, LiquidationPolicy((12_500, 10_000)), FundRule(), AdlRule())
    cash, position = ledger.cash.copy(), ledger.position.copy()
    report = engine.run(10**9, marks, books, ledger)
    assert report.rounds == 0
    assert np.array_equal(cash, ledger.cash)
    assert np.array_equal(position, ledger.position)
