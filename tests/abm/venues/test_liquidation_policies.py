"""How each venue's policy closes a breached wallet, on real books; collateral and its sale."""

import numpy as np
import pytest

from abm.book.messages import BUY, SELL
from abm.book.orderbook import OrderBooks
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER, INSURANCE_FUND
from abm.ledger.backing import backing_table
from abm.ledger.invariants import check
from abm.ledger.ledger import Ledger
from abm.ledger.valuation import cross_columns
from abm.rules.adl import AdlRule
from abm.rules.insurance_fund import FundRule
from abm.rules.liquidation_policy import LiquidationPolicy
from abm.rules.margin_tiers import MarginTiers, Tier, tier_table
from abm.venues.collateral_sale import CollateralSale
from abm.venues.liquidation import LiquidationEngine
from abm.venues.liquidation_report import BACKSTOP, COLLATERAL, DELEVERAGED, ORDER, POOL, TAKEOVER
from abm.venues.policies import FillablePrice, MarketSlices, PoolOracle, StepDown, Takeover

USD = 1_000_000
SECOND = 1_000_000_000
USDE, PERP, ALT = 0, 1, 2
LONG, SHORT, MAKER, OTHER = range(FIRST_TRADER, FIRST_TRADER + 4)
INSTRUMENTS = instrument_table(
    [
        Instrument("USDE-USD", "USDE", "spot", 0.0001, 1.0, 0, 0),
        Instrument("BTC-PERP", "BTC", "perpetual", 1.0, 0.001, 0, 0),
        Instrument("ALT-PERP", "ALT", "perpetual", 0.01, 1.0, 0, 0),
    ],
    ["USDE", "BTC", "ALT"],
)
FLAT = MarginTiers((Tier(0, 1e9, 0.0125, 40),))
STEPS = MarginTiers(
    (
        Tier(0, 50e3, 0.005, 100),
        Tier(50e3, 100e3, 0.0075, 60),
        Tier(100e3, 200e3, 0.01, 50),
        Tier(200e3, 1e9, 0.05, 10),
    )
)
HAIRCUTS = [((0.0, 0.9), (10_000.0, 0.5)), None, None]


class Market:
    """Books and ledger over shared positions, with the policy under test."""

    def __init__(
        self, rule, *, fund=0, tiers=FLAT, adl=None, share=1e6, haircuts=None, sale=None, at_entry=False
    ):
        self.ledger = Ledger(INSTRUMENTS, FIRST_TRADER + 4)
        self.books = OrderBooks(3, position=self.ledger.position)
        self.ledger.deposit(INSURANCE_FUND, fund * USD)
        self.engine = LiquidationEngine(
            tier_table([None, tiers, tiers], 3),
            LiquidationPolicy((0, 0, 0)),
            FundRule(notional_share=share, unwind_rate_per_s=0.0),
            adl or AdlRule(),
            rule=rule,
            backing=backing_table(INSTRUMENTS, haircuts, [at_entry] * 3),
            sale=sale,
        )

    def open(self, account, lots, price, deposit, *, alone=False, leverage=10, instrument=PERP):
        """Open a long (a short for negative lots) against SHORT (OTHER), who is rich."""
        against = SHORT if lots > 0 else OTHER
        self.ledger.isolated[instrument, account] = alone
        self.ledger.leverage[instrument, account] = leverage
        self.ledger.deposit(account, deposit * USD)
        self.ledger.deposit(against, 1_000_000 * USD)
        buyer, seller = (account, against) if lots > 0 else (against, account)
        self.ledger.position_transfer(instrument, seller, buyer, abs(lots), price)

    def rest(self, side, lots, price, instrument=PERP):
        self.ledger.deposit(MAKER, 1_000_000 * USD)
        if instrument == USDE and side == SELL:
            self.ledger.issue(instrument, MAKER, lots)
        self.ledger.settle(self.books.submit(instrument, side, lots, price, account=MAKER).fills)

    def run(self, mark, now=SECOND, collateral=None, **switches):
        ticks = None if collateral is None else np.array([collateral, 0, 0], np.int64)
        report = self.engine.run(
            now,
            np.array([1, mark, 100], np.int64),
            self.books,
            self.ledger,
            collateral_ticks=ticks,
            **switches,
        )
        check(self.ledger)
        return report

    def cash(self, account):
        return int(self.ledger.cash[0, account]) / USD


def closed(report):
    return list(zip(report.liquidations.how.tolist(), report.liquidations.lots.tolist(), strict=True))


def test_takeover_hands_the_position_to_the_fund_without_an_order():
    market = Market(Takeover(), fund=100_000)
    market.open(LONG, 1_000, 10_000, 200)
    market.rest(BUY, 5_000, 9_900)
    report = market.run(9_900)
    assert closed(report) == [(TAKEOVER, 1_000)]
    assert report.liquidations.price.tolist() == [9_800]
    assert market.ledger.position[PERP, INSURANCE_FUND] == 1_000
    assert market.books.best_bid(PERP) == 9_900
    assert market.cash(LONG) == 0.0


def test_a_fund_in_drawdown_takes_over_nothing():
    rule = AdlRule(trigger="fund-drawdown", price="mark", drawdown_start=-0.30, drawdown_stop=-0.30)
    market = Market(Takeover(), fund=1_000, adl=rule)
    market.open(LONG, 1_000, 10_000, 200)
    market.run(10_000, now=0)
    market.ledger.transfer(0, INSURANCE_FUND, OTHER, 301 * USD)
    report = market.run(9_700, now=3600 * SECOND)
    assert closed(report) == [(DELEVERAGED, 1_000)]
    assert report.deleveraged.price.tolist() == [9_700]
    # closed at the mark the long owes 100, which the fund pays
    assert report.bad_debt == 100 * USD
    assert market.cash(INSURANCE_FUND) == 599.0
    assert market.cash(LONG) == 0.0
    late = market.run(9_700, now=10 * 3600 * SECOND)
    assert late.rounds == 0
    assert not market.engine.rules.drawdown.active  # the old peak has left the window


def test_step_down_cuts_two_tiers_then_stops():
    market = Market(StepDown(tiers=2, whole_up_to=2), fund=1_000_000, tiers=STEPS)
    market.open(LONG, 25_000, 10_000, 8_000)
    market.rest(BUY, 100_000, 9_800)
    report = market.run(9_800)  # equity 3,000, needs 245,000 * 5 % - 8,375 = 3,875
    # tier 4 down to the cap of tier 2: 100,000 / 9.8 = 10,204 lots are kept
    assert closed(report) == [(ORDER, 25_000 - 10_204)]
    assert report.rounds == 1
    assert len(report.unresolved) == 0


def test_low_tiers_are_taken_over_whole():
    market = Market(StepDown(tiers=2, whole_up_to=2), fund=1_000_000, tiers=STEPS)
    market.open(LONG, 5_000, 10_000, 1_200)
    market.rest(BUY, 100_000, 9_800)
    assert closed(market.run(9_800)) == [(TAKEOVER, 5_000)]


def test_fill_or_kill_step_that_fails_leads_to_takeover():
    policy = StepDown(tiers=1, whole_up_to=1, order="fok", unfilled="all")
    market = Market(policy, fund=1_000_000, tiers=STEPS)
    market.open(LONG, 25_000, 10_000, 8_000)
    market.rest(BUY, 100, 9_800)
    assert closed(market.run(9_800)) == [(TAKEOVER, 25_000)]
    market = Market(policy, fund=1_000_000, tiers=STEPS)
    market.open(LONG, 25_000, 10_000, 8_000)
    market.rest(BUY, 50_000, 9_800)
    assert closed(market.run(9_800)) == [(ORDER, 25_000 - 20_408)]


def test_large_positions_go_to_the_book_by_fifths_then_whole():
    market = Market(MarketSlices())
    market.open(LONG, 20_000, 10_000, 4_000)  # 200,000, needs 2,450 at 9,900
    market.rest(BUY, 1_000_000, 9_899)
    assert closed(market.run(9_900)) == [(ORDER, 4_000)]  # equity 2,000 < 2,475, and two thirds are 1,650
    assert market.ledger.position[PERP, LONG] == 16_000
    # 1,996 stand behind 158,400, which need 1,980: safe; at 9,899 no more
    assert len(market.run(9_900, now=2 * SECOND).liquidations) == 0
    assert closed(market.run(9_898, now=3 * SECOND)) == [(ORDER, 16_000)]
    assert market.cash(LONG) == pytest.approx(4_000 - 20 * 101)


def test_after_the_window_slices_start_again():
    market = Market(MarketSlices(full_size_s=30))
    market.open(LONG, 20_000, 10_000, 4_000)
    market.rest(BUY, 1_000_000, 9_890)
    assert closed(market.run(9_900)) == [(ORDER, 4_000)]
    assert closed(market.run(9_899, now=32 * SECOND)) == [(ORDER, 3_200)]


def test_below_two_thirds_of_maintenance_the_vault_takes_everything():
    market = Market(MarketSlices(), fund=1_000)
    market.open(LONG, 20_000, 10_000, 4_000)
    market.open(LONG, 100, 100, 0, instrument=ALT)
    report = market.run(9_880)  # equity 1,600 < 2/3 of 2,470
    assert sorted(closed(report)) == [(BACKSTOP, 100), (BACKSTOP, 20_000)]
    assert market.cash(LONG) == 0.0
    assert market.ledger.position[:, LONG].tolist() == [0, 0, 0]
    assert market.cash(INSURANCE_FUND) == 1_000 + 1_600
    assert market.ledger.entry_value[PERP, INSURANCE_FUND] == 20_000 * 9_880_000


def test_isolated_backstop_leaves_the_cross_wallet_alone():
    market = Market(MarketSlices(), fund=1_000)
    market.open(LONG, 1_000, 10_000, 500, alone=True, leverage=50)  # 200 of margin, 300 left in cash
    report = market.run(9_870)
    assert closed(report) == [(BACKSTOP, 1_000)]
    assert market.cash(LONG) == 300.0
    assert market.cash(INSURANCE_FUND) == 1_070.0


def test_a_vault_that_is_full_leaves_the_wallet_to_the_book():
    market = Market(MarketSlices(), fund=1_000, share=10)
    market.open(LONG, 20_000, 10_000, 4_000)
    market.rest(BUY, 30_000, 9_860)
    assert closed(market.run(9_880)) == [(ORDER, 4_000)]
    assert market.ledger.position[PERP, INSURANCE_FUND] == 0


def test_an_account_below_zero_is_deleveraged_at_the_previous_mark():
    rule = AdlRule(rank="hyperliquid-documented", price="previous-mark", trigger="account-value")
    market = Market(MarketSlices(), fund=1_000, adl=rule)
    market.open(LONG, 20_000, 10_000, 4_000)
    market.run(9_880 + 80)
    report = market.run(9_700, now=2 * SECOND)
    assert closed(report) == [(DELEVERAGED, 20_000)]
    assert report.deleveraged.price.tolist() == [9_960]
    assert market.cash(LONG) == 3_200.0  # solvent at the previous mark: no hole
    assert market.cash(INSURANCE_FUND) == 1_000.0


def test_the_vault_itself_is_deleveraged_below_zero():
    rule = AdlRule(price="previous-mark", trigger="account-value")
    market = Market(MarketSlices(), fund=1_000, adl=rule)
    market.open(LONG, 20_000, 10_000, 4_000)
    market.run(9_880)
    report = market.run(9_500, now=2 * SECOND)
    assert report.liquidations.account.tolist() == [INSURANCE_FUND]
    assert report.deleveraged.account.tolist() == [SHORT]
    assert market.cash(INSURANCE_FUND) == 2_600.0
    assert market.ledger.position[PERP, INSURANCE_FUND] == 0


def test_a_hole_is_paid_as_far_as_the_fund_goes_and_the_rest_is_reported():
    rule = AdlRule(price="mark", trigger="account-value")
    market = Market(MarketSlices(), fund=100, adl=rule)
    market.open(LONG, 1_000, 10_000, 200)
    report = market.run(9_600)
    assert closed(report) == [(DELEVERAGED, 1_000)]
    assert report.bad_debt == 100 * USD
    assert report.uncovered == 100 * USD
    assert market.cash(INSURANCE_FUND) == 0.0
    assert market.cash(LONG) == -100.0
    assert report.unresolved.account.tolist() == [LONG]


def test_an_isolated_position_sold_below_bankruptcy_costs_the_vault_not_the_cross_wallet():
    market = Market(MarketSlices(), fund=1_000)
    market.open(LONG, 1_000, 10_000, 500, alone=True, leverage=50)
    market.rest(BUY, 1_000, 9_750)
    report = market.run(9_915)  # equity 115, needs 124; bankrupt at 9,800
    assert closed(report) == [(ORDER, 1_000)]
    assert market.cash(LONG) == 300.0
    assert report.gaps_paid == 50 * USD
    assert market.cash(INSURANCE_FUND) == 950.0


def test_fillable_price_widens_with_distress():
    market = Market(FillablePrice(), fund=1_000)
    market.open(LONG, 1_000, 10_000, 200)
    # equity 100 of 123.75 needed: ABR 0.19192; 9,900 * (1 - 0.19192 * 1.5 * 0.0125) = 9,864.4
    market.rest(BUY, 1_000, 9_864)
    assert closed(market.run(9_900)) == []
    market.rest(BUY, 1_000, 9_865)
    assert closed(market.run(9_900, now=2 * SECOND)) == [(ORDER, 1_000)]
    # 65 are left above bankruptcy; the fee is at most 1.5 % of 9,865
    assert market.cash(INSURANCE_FUND) == 1_065.0


def test_the_fund_pays_a_fill_below_bankruptcy_only_when_it_can():
    for fund, expected in ((1_000, [(ORDER, 1_000)]), (10, [])):
        market = Market(FillablePrice(), fund=fund)
        market.open(LONG, 1_000, 10_000, 200)
        market.rest(BUY, 1_000, 9_700)
        report = market.run(9_810)  # bankrupt at 9,800, fillable from 9,641
        assert closed(report) == expected
        assert report.gaps_paid == (100 * USD if expected else 0)
        assert market.cash(INSURANCE_FUND) == fund - report.gaps_paid / USD


def test_negative_equity_is_deleveraged_at_once_and_the_fund_is_left_alone():
    market = Market(FillablePrice(), fund=1_000_000, adl=AdlRule(rank="none", allocation="random"))
    market.open(LONG, 1_000, 10_000, 200)
    market.rest(BUY, 1_000, 9_790)
    report = market.run(9_790)
    assert closed(report) == [(DELEVERAGED, 1_000)]
    assert report.deleveraged.price.tolist() == [9_800]
    assert market.cash(LONG) == 0.0
    assert market.cash(INSURANCE_FUND) == 1_000_000.0


def test_block_limits_bound_the_order():
    market = Market(FillablePrice(block_portion=0.1, block_minimum_usd=500.0), fund=1_000)
    market.open(LONG, 1_000, 10_000, 200)
    market.rest(BUY, 10_000, 9_900)
    assert closed(market.run(9_900)) == [(ORDER, 100)]


def test_pool_closes_at_the_mark_and_bears_the_loss():
    market = Market(PoolOracle(), fund=100_000)
    market.ledger.deposit(LONG, 200 * USD)
    market.ledger.position_transfer(PERP, INSURANCE_FUND, LONG, 1_000, 10_000)
    report = market.run(9_700)
    assert closed(report) == [(POOL, 1_000)]
    assert report.bad_debt == 100 * USD
    assert market.cash(INSURANCE_FUND) == 100_200.0
    assert market.ledger.position[PERP].any() == 0


def test_pool_limits_the_profit_of_one_side():
    rule = AdlRule(trigger="pool-pnl", pool_pnl_factor=0.5)
    market = Market(PoolOracle(adl_stop=0.4), fund=10_000, adl=rule)
    for account, price in ((LONG, 10_000), (OTHER, 11_000)):
        market.ledger.deposit(account, 10_000 * USD)
        market.ledger.position_transfer(PERP, INSURANCE_FUND, account, 1_000, price)
    assert len(market.run(12_000).deleveraged) == 0  # 3,000 on a pool of 10,000
    report = market.run(14_000, now=2 * SECOND)
    # 7,000 on 10,000; 5,000 are paid out, since (7 - 5) / (10 - 5) = 0.4: all of one, a third of the other
    assert report.deleveraged.account.tolist() == [LONG, OTHER]
    assert report.deleveraged.lots.tolist() == [1_000, 334]
    assert market.cash(LONG) == 14_000.0
    # the pool was short at 10,500 on average
    assert market.cash(INSURANCE_FUND) == 10_000 - 1_334 * 3.5


def test_collateral_counts_by_marginal_tiers():
    market = Market(Takeover(), haircuts=HAIRCUTS)
    market.ledger.issue(USDE, LONG, 15_000)
    market.engine.price_collateral(market.ledger, np.array([9_000, 0, 0]))
    cross = cross_columns(market.ledger, np.array([1, 1, 1]), market.engine.tiers, market.engine.backing)
    assert cross[0, LONG] == (9_000 * 0.9 + 4_500 * 0.5) * USD
    market.engine.price_collateral(market.ledger, None)
    cross = cross_columns(market.ledger, np.array([1, 1, 1]), market.engine.tiers, market.engine.backing)
    assert cross[0, LONG] == 0


def test_a_broken_peg_breaches_whoever_posted_the_coin():
    market = Market(Takeover(), fund=100_000, haircuts=HAIRCUTS)
    market.open(LONG, 1_000, 10_000, 0)
    market.ledger.issue(USDE, LONG, 200)
    assert market.run(10_000, collateral=10_000).rounds == 0  # 180 count, 125 are needed
    report = market.run(10_000, collateral=6_500)  # 117
    assert closed(report) == [(TAKEOVER, 1_000)]
    assert report.liquidations.price.tolist() == [9_883]
    assert market.cash(LONG) == pytest.approx(-117.0)
    assert market.ledger.position[USDE, LONG] == 200
    assert len(report.unresolved) == 0


def test_collateral_is_sold_no_lower_than_its_bound_and_the_rest_stays():
    market = Market(Takeover(), fund=100_000, haircuts=HAIRCUTS, sale=CollateralSale(max_discount=0.05))
    market.ledger.issue(USDE, LONG, 1_000)
    market.ledger.deposit(OTHER, 950 * USD)
    market.ledger.transfer(0, LONG, OTHER, 950 * USD)
    market.rest(BUY, 300, 9_500, USDE)
    market.rest(BUY, 5_000, 9_499, USDE)
    report = market.run(10_000, collateral=10_000)
    assert closed(report) == [(COLLATERAL, 300)]
    assert market.cash(LONG) == -950 + 285
    assert market.ledger.position[USDE, LONG] == 700
    assert report.unresolved.account.tolist() == [LONG]
    market.rest(BUY, 700, 9_900, USDE)
    report = market.run(10_000, now=2 * SECOND, collateral=10_000)
    assert market.ledger.position[USDE, LONG] == 0
    # 693 against 665 owed: 700 lots at the bound would have brought 665
    assert market.cash(LONG) == pytest.approx(28.0)
    assert len(report.unresolved) == 0


def test_bad_debt_only_when_the_collateral_is_gone():
    market = Market(Takeover(), fund=100_000, haircuts=HAIRCUTS)
    market.ledger.issue(USDE, LONG, 100)
    market.ledger.transfer(0, LONG, OTHER, 200 * USD)
    assert market.run(10_000, collateral=10_000).bad_debt == 0
    market.rest(BUY, 100, 10_000, USDE)
    report = market.run(10_000, now=2 * SECOND, collateral=10_000)
    assert report.bad_debt == 100 * USD
    assert market.cash(LONG) == 0.0


def test_collateral_is_sold_in_slices_one_a_run():
    market = Market(Takeover(), haircuts=HAIRCUTS, sale=CollateralSale(slice_share=0.25))
    market.ledger.issue(USDE, LONG, 1_000)
    market.ledger.transfer(0, LONG, OTHER, 950 * USD)
    market.rest(BUY, 5_000, 9_900, USDE)
    assert closed(market.run(10_000, collateral=10_000)) == [(COLLATERAL, 250)]
    assert closed(market.run(10_000, now=2 * SECOND, collateral=10_000)) == [(COLLATERAL, 188)]


def test_margin_on_entry_value_ignores_the_mark():
    market = Market(Takeover(), fund=100_000, at_entry=True)
    market.open(LONG, 1_000, 10_000, 225)
    assert market.run(9_900).rounds == 0  # 125 left, 1.25 % of 10,000 needed
    assert market.run(9_899, now=2 * SECOND).rounds == 1


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: StepDown(tiers=0), "tiers"),
        (lambda: StepDown(tiers=3, whole_up_to=2), "whole_up_to"),
        (lambda: StepDown(order="market"), "order"),
        (lambda: MarketSlices(slice_share=0.0), "slice_share"),
        (lambda: MarketSlices(backstop_share=1.5), "backstop_share"),
        (lambda: FillablePrice(block_portion=0.0), "block_portion"),
        (lambda: FillablePrice(max_fee=-0.1), "max_fee"),
        (lambda: PoolOracle(adl_stop=1.0), "adl_stop"),
        (lambda: Takeover(max_rounds=0), "max_rounds"),
        (lambda: CollateralSale(max_discount=1.0), "max_discount"),
        (lambda: CollateralSale(slice_share=0.0), "slice_share"),
        (lambda: backing_table(INSTRUMENTS, [None, ((0, 0.9),), None]), "perpetual"),
    ],
)
def test_bad_policies_name_the_field(call, named):
    with pytest.raises(ValueError, match=named):
        call()
