"""The liquidation engine on real books: orders, takeover, deleveraging, unwinding, and their limits."""

import numpy as np
import pytest

from abm.book.messages import BUY, LIQUIDATION, SELL
from abm.book.orderbook import OrderBooks
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER, INSURANCE_FUND
from abm.ledger.invariants import check
from abm.ledger.ledger import Ledger
from abm.rules.adl import AdlRule
from abm.rules.breaches import breach_dtype, find_breaches
from abm.rules.insurance_fund import FundRule
from abm.rules.liquidation_policy import LiquidationPolicy
from abm.rules.margin_tiers import MarginTiers, Tier, tier_table
from abm.venues.deleveraging import adl_dtype
from abm.venues.liquidation import LiquidationEngine
from abm.venues.liquidation_report import DELEVERAGED, ORDER, TAKEOVER, liquidation_dtype

USD = 1_000_000
SECOND = 1_000_000_000
SPOT, BTC, ALT = 0, 1, 2
LONG, SHORT, MAKER, OTHER = range(FIRST_TRADER, FIRST_TRADER + 4)
INSTRUMENTS = instrument_table(
    [
        Instrument("BTC-USD", "BTC", "spot", 1.0, 0.001, 0, 0),
        Instrument("BTC-PERP", "BTC", "perpetual", 1.0, 0.001, 0, 0),
        Instrument("ALT-PERP", "ALT", "perpetual", 0.01, 1.0, 0, 0),
    ],
    ["BTC", "ALT"],
)
BTC_TIERS = MarginTiers((Tier(0, 50_000, 0.004, 125), Tier(50_000, 600_000, 0.005, 100)))
ALT_TIERS = MarginTiers((Tier(0, 10_000, 0.01, 50), Tier(10_000, 1e6, 0.02, 25)))
TIERS = tier_table([None, BTC_TIERS, ALT_TIERS], 3)


class Market:
    """Books and ledger over shared positions."""

    def __init__(self, fund=0, sizing="full", fee=12_500, rank="binance", allocation="queue", **fund_rule):
        self.ledger = Ledger(INSTRUMENTS, FIRST_TRADER + 4)
        self.books = OrderBooks(3, position=self.ledger.position)
        self.ledger.deposit(INSURANCE_FUND, fund * USD)
        self.engine = LiquidationEngine(
            TIERS,
            LiquidationPolicy((0, fee, fee), sizing=sizing),
            FundRule(**fund_rule),
            AdlRule(rank=rank, allocation=allocation),
        )

    def trade(self, instrument, buyer, seller, lots, price):
        self.ledger.position_transfer(instrument, seller, buyer, lots, price)

    def rest(self, instrument, account, side, lots, price):
        self.ledger.settle(self.books.submit(instrument, side, lots, price, account=account).fills)

    def run(self, marks, now=SECOND, **switches):
        report = self.engine.run(now, np.array([1, *marks], np.int64), self.books, self.ledger, **switches)
        check(self.ledger)
        return report


@pytest.fixture
def isolated_long():
    """Account LONG holds 1 BTC at 10,000 with 50x isolated: bankruptcy price 9,800."""
    market = Market(fund=1_000_000)
    market.ledger.isolated[BTC, LONG] = 1
    market.ledger.leverage[BTC, LONG] = 50
    market.ledger.deposit(LONG, 200 * USD)
    market.ledger.deposit(np.array([SHORT, MAKER, OTHER]), 100_000 * USD)
    market.trade(BTC, LONG, SHORT, 1_000, 10_000)
    return market


def test_nothing_happens_above_maintenance(isolated_long):
    # maintenance 0.4 %: breached below (10,000 - 200) / (1 - 0.004) = 9,839.36
    report = isolated_long.run([9_840, 100])
    assert report.rounds == 0
    assert len(report.liquidations) == len(report.unresolved) == 0


def test_order_fills_above_the_bankruptcy_price_and_pays_the_fund(isolated_long):
    market = isolated_long
    market.rest(BTC, MAKER, BUY, 5_000, 9_830)
    market.rest(BTC, LONG, BUY, 5, 9_000)
    report = market.run([9_839, 100])
    (row,) = report.liquidations
    assert (row.account, row.instrument, row.side, row.how) == (LONG, BTC, SELL, ORDER)
    assert (row.lots, row.price, row.notional) == (1_000, 9_830, 9_830 * USD)
    # 30 USD of margin were left; the fee of 1.25 % (122.9) takes all of it
    assert market.ledger.cash[0, LONG] == 0
    assert market.ledger.cash[0, INSURANCE_FUND] == 1_000_030 * USD
    assert report.fills.source.tolist() == [LIQUIDATION]
    assert market.books.best_bid(BTC) == 9_830  # and the liquidated account's own bid is gone
    assert market.books.snapshot(BTC)[0].tolist() == [[9_830, 4_000]]


def test_a_small_fee_leaves_the_rest_with_the_account(isolated_long):
    market = isolated_long
    market.engine = LiquidationEngine(TIERS, LiquidationPolicy((0, 1_000, 1_000)), FundRule(), AdlRule())
    market.rest(BTC, MAKER, BUY, 5_000, 9_830)
    market.run([9_839, 100])
    assert market.ledger.cash[0, INSURANCE_FUND] == 1_000_000 * USD + 9_830_000
    assert market.ledger.cash[0, LONG] == 30 * USD - 9_830_000


def test_fund_takes_over_what_the_book_does_not_buy(isolated_long):
    market = isolated_long
    market.rest(BTC, MAKER, BUY, 400, 9_800)
    market.rest(BTC, MAKER, BUY, 5_000, 9_799)
    report = market.run([9_700, 100])
    assert report.liquidations.how.tolist() == [ORDER, TAKEOVER]
    assert report.liquidations.lots.tolist() == [400, 600]
    assert market.ledger.position[BTC, INSURANCE_FUND] == 600
    assert market.ledger.entry_value[BTC, INSURANCE_FUND] == 600 * 9_800_000
    assert market.ledger.cash[0, LONG] == 0
    assert market.books.best_bid(BTC) == 9_799


def test_without_a_fund_ranked_shorts_are_deleveraged(isolated_long):
    market = isolated_long
    market.ledger.transfer(0, INSURANCE_FUND, OTHER, 1_000_000 * USD)
    market.trade(BTC, OTHER, MAKER, 300, 9_750)  # OTHER is long, MAKER a less profitable short
    report = market.run([9_700, 100])
    assert report.liquidations.how.tolist() == [DELEVERAGED]
    (row,) = report.deleveraged
    assert (row.account, row.counterparty, row.side, row.lots) == (SHORT, LONG, BUY, 1_000)
    assert (row.price, row.was_in_profit, row.place) == (9_800, 1, 0)
    assert market.ledger.cash[0, SHORT] == 100_200 * USD
    assert market.ledger.cash[0, LONG] == 0
    assert len(report.unresolved) == 0


def test_fund_takes_part_and_adl_the_rest(isolated_long):
    market = isolated_long
    market.ledger.transfer(0, INSURANCE_FUND, OTHER, 995_000 * USD)
    report = market.run([9_700, 100])
    # x lots: 9.7 x <= 5,000 - 0.1 x
    assert market.ledger.position[BTC, INSURANCE_FUND] == 510
    assert report.liquidations.how.tolist() == [TAKEOVER, DELEVERAGED]
    assert report.liquidations.lots.tolist() == [510, 490]


def test_adl_switched_off_the_fund_goes_into_debt(isolated_long):
    market = isolated_long
    market.ledger.transfer(0, INSURANCE_FUND, OTHER, 1_000_000 * USD)
    report = market.run([9_700, 100], adl_enabled=False)
    assert report.liquidations.how.tolist() == [TAKEOVER]
    market.trade(BTC, OTHER, INSURANCE_FUND, 1_000, 9_000)
    assert market.ledger.cash[0, INSURANCE_FUND] == -800 * USD


def test_liquidations_switched_off_nothing_happens(isolated_long):
    report = isolated_long.run([5_000, 100], liquidations_enabled=False)
    assert report.rounds == 0
    assert isolated_long.ledger.position[BTC, LONG] == 1_000


def test_cross_wallet_is_cut_only_as_far_as_needed():
    market = Market(fund=1_000_000, sizing="restore", fee=100)
    market.ledger.deposit(np.array([SHORT, MAKER]), 1_000_000 * USD)
    market.ledger.deposit(LONG, 4_000 * USD)
    market.trade(BTC, LONG, SHORT, 20_000, 10_000)  # 200,000 USD, maintenance 950
    market.rest(BTC, MAKER, BUY, 20_000, 9_845)
    report = market.run([9_845, 100])  # equity 900, maintenance 934.5, fee on all 19.69
    assert report.liquidations.lots.tolist() == [755]
    assert len(report.unresolved) == 0
    assert market.ledger.position[BTC, LONG] == 19_245
    worse = market.run([9_840, 100], now=2 * SECOND)
    assert worse.liquidations.lots.sum() > 1_000


def test_cross_wallet_with_two_legs_ends_at_zero():
    market = Market(fund=10_000_000)
    market.ledger.deposit(np.array([SHORT, MAKER]), 1_000_000 * USD)
    market.ledger.deposit(LONG, 1_000 * USD)
    market.trade(BTC, LONG, SHORT, 5_000, 10_000)
    market.trade(ALT, LONG, SHORT, 30_000, 100)
    report = market.run([9_700, 95])  # loses 1,500 on each leg
    assert set(report.liquidations.how.tolist()) == {TAKEOVER}
    assert market.ledger.position[:, LONG].tolist() == [0, 0, 0]
    assert market.ledger.cash[0, LONG] == 0
    assert len(report.unresolved) == 0
    # the fund paid the hole of 2,000 and nothing more
    profit = market.ledger.cash[0, INSURANCE_FUND] - 10_000_000 * USD
    worth = 5_000 * 9_700 * 1_000 + 30_000 * 95 * 10_000 - market.ledger.entry_value[:, INSURANCE_FUND].sum()
    assert profit + worth == -2_000 * USD


def test_deleveraging_one_leg_of_a_hedge_is_followed_by_another_round():
    market = Market(fund=0)
    ledger = market.ledger
    ledger.deposit(np.array([MAKER, OTHER]), 1_000_000 * USD)
    # SHORT hedges a BTC short with an ALT long and little equity; its BTC leg is deleveraged at 9,800
    ledger.isolated[BTC, LONG], ledger.leverage[BTC, LONG] = 1, 50
    ledger.deposit(LONG, 200 * USD)
    ledger.deposit(SHORT, 60 * USD)
    market.trade(BTC, LONG, SHORT, 1_000, 10_000)
    market.trade(ALT, SHORT, OTHER, 10_000, 100)
    report = market.run([9_700, 98])
    # equity 160 against 136.8; without the BTC leg 60 are left for an ALT long worth 9,800 that needs 98
    assert report.rounds >= 2
    assert report.deleveraged.account.tolist() == [SHORT, OTHER]
    assert ledger.position[:, SHORT].tolist() == [0, 0, 0]
    assert len(report.unresolved) == 0


def test_debt_of_an_empty_wallet_is_paid_by_the_fund(isolated_long):
    market = isolated_long
    market.rest(BTC, MAKER, BUY, 5_000, 9_000)
    market.ledger.settle(market.books.submit(BTC, SELL, 1_000, 9_000, account=LONG).fills)
    assert market.ledger.cash[0, LONG] == -800 * USD
    report = market.run([9_700, 100])
    assert report.bad_debt == 800 * USD
    assert market.ledger.cash[0, LONG] == 0
    assert len(report.unresolved) == 0


def test_what_cannot_be_resolved_is_reported(isolated_long):
    market = isolated_long
    market.ledger.transfer(0, INSURANCE_FUND, OTHER, 1_000_000 * USD)
    market.ledger.transfer(0, SHORT, OTHER, 99_990 * USD)
    market.ledger.move_margin(BTC, LONG, -190 * USD)
    report = market.run([10_000, 100])  # both sides have 10 USD and need 40; nobody else is there
    assert sorted(report.unresolved.account.tolist()) == [LONG, SHORT]
    assert report.rounds == 1
    assert market.ledger.position[BTC].tolist()[FIRST_TRADER:] == [1_000, -1_000, 0, 0]


def test_fund_inventory_is_sold_back_at_a_rate_per_second():
    sold = {}
    for step_s in (1, 5, 20):
        market = Market(fund=1_000_000, unwind_rate_per_s=0.02, unwind_slippage=0.01)
        market.ledger.deposit(np.array([MAKER, SHORT]), 1_000_000 * USD)
        market.trade(BTC, INSURANCE_FUND, SHORT, 10_000, 9_800)
        market.rest(BTC, MAKER, BUY, 50_000, 9_900)
        for now in range(0, 61, step_s):
            market.run([10_000, 100], now=now * SECOND)
        sold[step_s] = 10_000 - market.ledger.position[BTC, INSURANCE_FUND]
    expected = 10_000 * (1 - np.exp(-0.02 * 60))
    assert all(abs(lots - expected) <= 1 for lots in sold.values()), sold


def test_fund_does_not_sell_beyond_its_price_bound():
    market = Market(fund=1_000_000, unwind_rate_per_s=0.02, unwind_slippage=0.01)
    market.ledger.deposit(np.array([MAKER, SHORT]), 1_000_000 * USD)
    market.trade(BTC, INSURANCE_FUND, SHORT, 10_000, 9_800)
    market.rest(BTC, MAKER, BUY, 50_000, 9_899)
    for now in (0, 60):
        market.run([10_000, 100], now=now * SECOND)
    assert market.ledger.position[BTC, INSURANCE_FUND] == 10_000


def test_most_underwater_wallet_is_served_first():
    market = Market(fund=10_000_000)
    ledger = market.ledger
    ledger.deposit(np.array([SHORT, MAKER]), 1_000_000 * USD)
    for account, leverage in ((LONG, 25), (OTHER, 50)):
        ledger.isolated[BTC, account], ledger.leverage[BTC, account] = 1, leverage
        ledger.deposit(account, 10_000 // leverage * USD)
        market.trade(BTC, account, SHORT, 1_000, 10_000)
    market.rest(BTC, MAKER, BUY, 1_000, 9_820)
    report = market.run([9_600, 100])
    assert find_breaches(ledger, np.array([1, 9_600, 100]), TIERS).size == 0
    orders = report.liquidations[report.liquidations.how == ORDER]
    assert orders.account.tolist() == [OTHER]


def test_event_tables_have_no_padding_so_that_their_bytes_are_reproducible():
    for dtype in (breach_dtype, adl_dtype, liquidation_dtype):
        assert dtype.itemsize == sum(dtype[name].itemsize for name in dtype.names)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: LiquidationPolicy((1,), sizing="half"), "sizing"),
        (lambda: LiquidationPolicy((1,), max_rounds=0), "max_rounds"),
        (lambda: LiquidationPolicy((-1,)), "clearance_fee_ppm"),
        (lambda: FundRule(notional_share=-1.0), "notional_share"),
        (lambda: FundRule(unwind_slippage=1.0), "unwind_slippage"),
        (lambda: AdlRule(rank="random"), "rank"),
        (lambda: AdlRule(allocation="fifo"), "allocation"),
    ],
)
def test_bad_rules_name_the_field(call, named):
    with pytest.raises(ValueError, match=named):
        call()
