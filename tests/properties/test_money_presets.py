"""Every preset under random flow, jumps, missing sides, worthless collateral: money, positions, breaches."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.book.messages import BUY, FUND, REDUCE_ONLY, SELL
from abm.book.orderbook import OrderBooks
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER, INSURANCE_FUND
from abm.ledger.invariants import broken_invariants
from abm.ledger.ledger import Ledger
from abm.ledger.valuation import account_equity
from abm.rules.breaches import find_breaches
from abm.rules.collateral import CollateralRatios
from abm.venues.liquidation_report import COLLATERAL
from abm.venues.presets import load_preset, preset_names

TRADERS = 6
ASSETS = ["USDE", "BTC", "ALT"]
USDE, BTC, ALT = range(3)
INSTRUMENTS = instrument_table(
    [
        Instrument("USDE-USD", "USDE", "spot", 0.0001, 1.0, 0, 0),
        Instrument("BTC-PERP", "BTC", "perpetual", 1.0, 0.001),
        Instrument("ALT-PERP", "ALT", "perpetual", 0.01, 1.0),
    ],
    ASSETS,
)
START = np.array([10_000, 10_000, 1_000], np.int64)
FAR = 1e-9  # a factor that brings any price down to one tick


def with_synthetic_dollar(name):
    """Return the preset; the synthetic dollar counts as margin, whether or not the venue takes it."""
    venue = load_preset(name)
    coins = {**venue.collateral.coins, "USDE": CollateralRatios((0.0, 20_000.0), (0.9, 0.5))}
    return dataclasses.replace(venue, collateral=dataclasses.replace(venue.collateral, coins=coins))


VENUES = {name: with_synthetic_dollar(name) for name in preset_names()}

traders = st.integers(FIRST_TRADER, FIRST_TRADER + TRADERS - 1)
accounts = st.lists(
    st.tuples(
        st.integers(0, 60_000), st.integers(0, 30_000), st.sampled_from([1, 5, 20, 100]), st.booleans()
    ),
    min_size=TRADERS,
    max_size=TRADERS,
)
openings = st.lists(
    st.tuples(st.sampled_from((BTC, ALT)), traders, traders, st.integers(1, 30_000), st.floats(0.8, 1.25)),
    max_size=10,
)
quotes = st.lists(
    st.tuples(
        st.sampled_from((USDE, BTC, ALT)), traders, st.sampled_from([BUY, SELL]), st.integers(1, 9_000),
        st.floats(0.7, 1.4),
    ),
    max_size=8,
)  # fmt: skip
factor = st.one_of(st.floats(0.6, 1.5), st.just(FAR))
moves = st.lists(st.tuples(st.one_of(factor, st.just(0.0)), factor, factor), min_size=1, max_size=3)


def ticks(move):
    """Return collateral prices (0 where the coin is worth nothing) and marks."""
    price = np.maximum(1, np.rint(START * np.array(move))).astype(np.int64)
    collateral = np.array([price[USDE] if move[USDE] > 0 else 0, 0, 0], np.int64)
    return collateral, price


class World:
    """One venue with traders, books and its engine."""

    def __init__(self, name, members, trades, resting, fund):
        venue = VENUES[name]
        self.pool = venue.matching.kind == "pool"
        self.ledger = Ledger(INSTRUMENTS, FIRST_TRADER + TRADERS)
        self.books = OrderBooks(3, position=self.ledger.position)
        self.engine = venue.engine(INSTRUMENTS, ASSETS)
        self.ledger.deposit(INSURANCE_FUND, fund * 1_000_000)
        for account, (dollars, coins, leverage, isolated) in enumerate(members, FIRST_TRADER):
            self.ledger.deposit(account, dollars * 1_000_003)
            self.ledger.issue(USDE, account, coins)
            self.ledger.leverage[:, account] = leverage
            self.ledger.isolated[1:, account] = isolated
        for instrument, buyer, seller, lots, away in trades:
            other = INSURANCE_FUND if self.pool else seller
            if buyer != other:
                price = max(1, int(START[instrument] * away))
                self.ledger.position_transfer(instrument, other, buyer, lots, price)
        self.quote(resting)

    def quote(self, resting):
        if self.pool:
            return
        for instrument, account, side, lots, away in resting:
            price = max(1, int(START[instrument] * away))
            flags = REDUCE_ONLY if instrument == USDE and side == SELL else 0  # no holding goes below zero
            report = self.books.submit(instrument, side, lots, price, account=account, flags=flags)
            self.ledger.settle(report.fills)
        assert broken_invariants(self.ledger) == []

    def breaches(self, marks, collateral):
        self.engine.price_collateral(self.ledger, collateral)
        return find_breaches(self.ledger, marks, self.engine.tiers, backing=self.engine.backing)

    def worth_of_fund(self, marks):
        return int(account_equity(self.ledger, marks)[INSURANCE_FUND])

    def run(self, second, marks, collateral):
        return self.engine.run(second * 10**9, marks, self.books, self.ledger, collateral_ticks=collateral)


@pytest.mark.parametrize("name", sorted(VENUES))
@settings(deadline=None, max_examples=40)
@given(members=accounts, trades=openings, resting=quotes, move=moves, fund=st.integers(0, 200_000))
def test_money_positions_and_breaches_on_every_preset(name, members, trades, resting, move, fund):
    world = World(name, members, trades, resting, fund)
    for second, (collateral, marks) in enumerate(map(ticks, move), 1):
        ledger = world.ledger
        breached = world.breaches(marks, collateral)
        before, cash = ledger.position.copy(), ledger.cash[0].copy()
        solvent_fund = world.worth_of_fund(marks) >= 0
        report = world.run(second, marks, collateral)

        assert broken_invariants(ledger) == []
        left = world.breaches(marks, collateral)
        reported = report.unresolved[report.unresolved.account != INSURANCE_FUND]
        assert np.array_equal(left, reported), "every breach is handled or reported"
        if len(breached) == 0 and not world.pool and solvent_fund and FUND not in report.fills.source:
            assert len(report.liquidations) == len(report.deleveraged) == 0
        if not len(report.fills) and report.rounds == 1:
            allowed = np.append(breached.account, INSURANCE_FUND)
            assert np.isin(report.liquidations.account, allowed).all(), "nobody solvent is liquidated"
        if solvent_fund and not world.pool and FUND not in report.fills.source:
            assert world.worth_of_fund(marks) >= 0, "the fund pays no more than it has"
        untouched = np.setdiff1d(
            np.arange(FIRST_TRADER, ledger.accounts),
            np.concatenate(
                [report.liquidations.account, report.deleveraged.account, breached.account,
                 report.fills.maker, report.fills.taker, reported.account]
            ),
        )  # fmt: skip
        assert np.array_equal(before[:, untouched], ledger.position[:, untouched])
        assert np.array_equal(cash[untouched], ledger.cash[0, untouched])
        world.quote(resting)


@pytest.mark.parametrize("name", sorted(VENUES))
@settings(deadline=None, max_examples=15)
@given(members=accounts, fund=st.integers(0, 1_000), move=moves)
def test_without_open_interest_nothing_happens(name, members, fund, move):
    world = World(name, members, [], [], fund)
    for second, (collateral, marks) in enumerate(map(ticks, move), 1):
        equity = account_equity(world.ledger, marks)
        report = world.run(second, marks, collateral)
        assert report.rounds == 0
        assert np.array_equal(equity, account_equity(world.ledger, marks))


@pytest.mark.parametrize("name", sorted(VENUES))
@settings(deadline=None, max_examples=15)
@given(
    coins=st.integers(1, 30_000),
    debt=st.integers(1, 40_000),
    bids=st.integers(0, 40_000),
    bid=st.floats(0.2, 1.2),
)
def test_sold_collateral_pays_the_debt_and_never_more(name, coins, debt, bids, bid):
    world = World(name, [(0, 0, 1, False)] * TRADERS, [], [], 0)
    ledger, owing, buyer = world.ledger, FIRST_TRADER, FIRST_TRADER + 1
    ledger.issue(USDE, owing, coins)
    ledger.deposit(buyer, 10**12)
    ledger.transfer(0, owing, buyer, debt * 1_000_000)
    if bids:
        world.books.submit(USDE, BUY, bids, max(1, round(bid * 10_000)), account=buyer)
    collateral, marks = ticks((1.0, 1.0, 1.0))
    breached = len(world.breaches(marks, collateral)) > 0
    report = world.run(1, marks, collateral)
    assert broken_invariants(ledger) == []
    sold = report.liquidations[report.liquidations.how == COLLATERAL]
    assert breached or len(sold) == 0
    assert ledger.position[USDE, owing] == coins - sold.lots.sum()
    if len(sold):
        bound = np.ceil(10_000 * (1 - world.engine.sale.max_discount))
        assert sold.price.min() >= bound
        # one lot more than needed at most, priced at the bound
        assert (sold.lots.sum() - 1) * bound * 100 < debt * 1_000_000
