"""Rules one by one: marks, index, funding, halts, bands, tiers, fund capacity, pro-rata ADL, preset files."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.book.messages import BUY, CANCEL, LIMIT, LIQUIDATION, MARKET, SELL, message_table
from abm.instruments import PERPETUAL, Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER, INSURANCE_FUND
from abm.ledger.invariants import check
from abm.ledger.ledger import Ledger
from abm.rules.adl import adl_allocate, adl_pro_rata
from abm.rules.fees import FeeSchedule
from abm.rules.funding import FundingRule, pay_funding
from abm.rules.halt import HaltLevel, HaltRule
from abm.rules.index_price import SingleSource, SpotQuotes, WeightedIndex
from abm.rules.insurance_fund import fund_capacity
from abm.rules.margin_tiers import MarginTiers, Tier, initial_margin, maintenance_margin, tier_table
from abm.rules.mark_price import FairPriceMark, IndexMark, MarkInputs, MedianMark, to_ticks
from abm.rules.price_band import PriceBand
from abm.venues.presets import load_preset, load_venue, preset_names
from abm.venues.venue import binance_like

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
USD = 1_000_000


def seen(now, index=100.0, mid=100.0, last=100.0, rate=0.0, hours=8.0):
    return MarkInputs(now, *(np.array([x]) for x in (index, mid, last, rate)), hours)


def test_mark_does_not_depend_on_the_step_length():
    marks = []
    for step in (1, 5, 30):
        rule = MedianMark()
        state = rule.start(np.array([100.0]))
        for now in range(0, 601, step):
            mid = 90.0 if now > 300 else 100.0
            mark = rule.update(state, seen(now * SECOND, mid=mid, last=mid))
        marks.append(float(mark[0]))
    assert marks == [90.0, 90.0, 90.0]


def test_mark_follows_the_book_only_as_fast_as_its_average():
    rule = MedianMark()
    state = rule.start(np.array([100.0]))
    rule.update(state, seen(0))
    for now in range(5, 150, 5):
        rule.update(state, seen(now * SECOND))
    after = [float(rule.update(state, seen(now * SECOND, mid=70.0, last=70.0))[0]) for now in (150, 155, 225)]
    assert after == pytest.approx([99.0, 98.0, 84.0])  # 1, 2 and 16 of 30 samples at -30


def test_one_print_cannot_move_the_median():
    rule = MedianMark()
    state = rule.start(np.array([100.0]))
    assert rule.update(state, seen(0, last=1.0)) == pytest.approx([100.0])


def test_unknown_prices():
    rule = MedianMark()
    state = rule.start(np.array([100.0]))
    assert rule.update(state, seen(0, index=np.nan, last=50.0)) == pytest.approx([100.0])
    assert rule.update(state, seen(5 * SECOND, mid=np.nan, last=np.nan)) == pytest.approx([100.0])


def test_fair_and_index_marks_ignore_the_book():
    for rule, expected in ((FairPriceMark(), 100.02), (IndexMark(), 100.0)):
        state = rule.start(np.array([100.0]))
        mark = rule.update(state, seen(0, mid=50.0, last=50.0, rate=0.0004, hours=4.0))
        assert mark == pytest.approx([expected])
        assert rule.update(state, seen(1, index=np.nan)) == pytest.approx([expected])


def test_marks_in_ticks_are_never_zero():
    assert to_ticks(np.array([0.0001, 99.96]), np.array([0.1, 0.1])).tolist() == [1, 1000]


def test_index_rules():
    prices = np.array([[100.0, 100.0], [101.0, 110.0], [99.0, 90.0], [np.nan, 100.2]])
    assert WeightedIndex().price(SpotQuotes(prices)) == pytest.approx([100.0, 100.1])
    age = np.array([[0.0], [11.0], [0.0], [0.0]]) * np.ones((1, 2))
    assert WeightedIndex().price(SpotQuotes(prices, age_s=age))[0] == pytest.approx(99.5)
    assert np.isnan(WeightedIndex().price(SpotQuotes(np.full((2, 1), np.nan)))).all()
    assert SingleSource().price(SpotQuotes(prices)) == pytest.approx([100.0, 100.0])


@pytest.mark.parametrize("weights", ["linear", "equal"])
def test_funding_average_does_not_depend_on_the_step_length(weights):
    averages = []
    for step in (1, 5, 60):
        rule = FundingRule(weights=weights)
        state = rule.start(1)
        for now in range(step, 8 * 3600, step):
            bid = 101.0 if now > 4 * 3600 else 100.0
            rule.observe(state, now * SECOND, np.array([100.0]), np.array([bid]), np.array([bid + 1]))
        averages.append(float(rule.average_premium(state)[0]))
    half = 0.0075 if weights == "linear" else 0.005
    assert averages == pytest.approx([half] * 3, rel=0.005)


def test_premium_of_a_book_with_one_side():
    index, none, some = np.array([100.0]), np.array([np.nan]), np.array([99.0])
    zero, maximum = FundingRule(), FundingRule(missing_side="maximum", extreme_premium=0.03)
    assert zero.premium(index, none, some) == pytest.approx([-0.01])
    assert zero.premium(index, some, none) == pytest.approx([0.0])
    assert maximum.premium(index, some, none) == pytest.approx([0.03])
    assert maximum.premium(index, none, some) == pytest.approx([-0.03])
    assert maximum.premium(index, none, none) == pytest.approx([0.0])


def test_funding_falls_due_once_an_interval():
    rule = FundingRule()
    state = rule.start(1)
    rule.observe(state, 10 * SECOND, np.array([100.0]), np.array([102.0]), np.array([103.0]))
    assert rule.due(state, 8 * HOUR - 1, 0.003) == 0
    assert rule.hours_to_funding(state, 6 * HOUR) == 2.0
    assert rule.due(state, 8 * HOUR, 0.003) == 1
    assert state.rate == pytest.approx([0.003])
    assert rule.average_premium(state) == pytest.approx([0.0])
    assert rule.due(state, 32 * HOUR, 0.003) == 3


def one_perpetual():
    instruments = instrument_table([Instrument("BTC-PERP", "BTC", "perpetual", 1.0, 0.001)], ["BTC"])
    ledger = Ledger(instruments, FIRST_TRADER + 3)
    ledger.deposit(slice(FIRST_TRADER, None), 1_000 * USD)
    return ledger


def test_longs_pay_shorts_where_the_rate_is_positive():
    # Hyperliquid's example read as one payment: 10 BTC at 10,000 and 0.95 % / 8: 118.75
    ledger = one_perpetual()
    ledger.position_transfer(0, FIRST_TRADER, FIRST_TRADER + 1, 10_000, 10_000)
    paid = pay_funding(ledger, np.array([10_000]), np.array([0.0095 / 8]))
    assert paid.tolist() == [118_750_000]
    assert ledger.cash[0, FIRST_TRADER + 1] == 1_000 * USD - 118_750_000
    assert ledger.cash[0, FIRST_TRADER] == 1_000 * USD + 118_750_000
    pay_funding(ledger, np.array([10_000]), np.array([-0.0095 / 8]))
    assert ledger.cash[0, FIRST_TRADER] == 1_000 * USD
    check(ledger)


def test_funding_without_cash_is_paid_from_isolated_margin():
    ledger = one_perpetual()
    long = FIRST_TRADER + 1
    ledger.isolated[0, long], ledger.leverage[0, long] = 1, 10
    ledger.position_transfer(0, FIRST_TRADER, long, 1_000, 10_000)
    assert (ledger.cash[0, long], ledger.isolated_margin[0, long]) == (0, 1_000 * USD)
    pay_funding(ledger, np.array([10_000]), np.array([0.01]))
    assert (ledger.cash[0, long], ledger.isolated_margin[0, long]) == (0, 900 * USD)
    check(ledger)


def test_funding_remainder_goes_to_the_fund():
    ledger = one_perpetual()
    ledger.position_transfer(0, FIRST_TRADER, FIRST_TRADER + 1, 1, 10_000)
    ledger.position_transfer(0, FIRST_TRADER, FIRST_TRADER + 2, 2, 10_000)
    pay_funding(ledger, np.array([10_001]), np.array([0.000_100_03]))  # 1,000.4 and 2,000.8 are owed
    assert ledger.cash[0, FIRST_TRADER + 1] == 1_000 * USD - 1_001
    assert ledger.cash[0, FIRST_TRADER + 2] == 1_000 * USD - 2_001
    assert ledger.cash[0, FIRST_TRADER] == 1_000 * USD + 3_001
    assert ledger.cash[0, INSURANCE_FUND] == 1
    check(ledger)


def test_halt_levels_act_once_a_session():
    rule = HaltRule((HaltLevel(0.07, 900.0), HaltLevel(0.20, 86_400.0)))
    state = rule.start(100.0)
    assert not rule.is_halted(state, 0, 93.5)
    assert rule.is_halted(state, SECOND, 92.9)
    assert rule.is_halted(state, 900 * SECOND, 95.0)
    assert not rule.is_halted(state, 902 * SECOND, 92.0)
    assert rule.is_halted(state, 903 * SECOND, 79.0)
    assert rule.is_halted(state, 24 * HOUR, 79.0)  # still within the halt of a day
    assert not rule.is_halted(state, 24 * HOUR + 904 * SECOND, 79.0)
    assert rule.is_halted(state, 25 * HOUR, 73.0)  # from the new reference of 79
    assert not HaltRule().is_halted(HaltRule().start(100.0), SECOND, 1.0)


def test_price_band_spares_cancels_market_and_liquidation_orders():
    table = message_table(6)
    table.side = [BUY, BUY, SELL, SELL, BUY, BUY]
    table.price = [105, 106, 95, 94, 500, 500]
    table.kind = [LIMIT, LIMIT, LIMIT, LIMIT, MARKET, LIMIT]
    table.source[5] = LIQUIDATION
    assert PriceBand().outside(table, np.array([100])).tolist() == [False, True, False, True, False, False]
    table.kind = CANCEL
    assert not PriceBand().outside(table, np.array([100])).any()


def test_fee_schedule_is_written_into_instruments():
    instruments = instrument_table(
        [Instrument("A", "A", "perpetual", 1.0, 1.0), Instrument("B", "A", "spot", 1.0, 1.0)], ["A"]
    )
    FeeSchedule(-10, 30).apply(instruments, PERPETUAL)
    assert instruments.maker_fee.tolist() == [-10, 200]
    assert instruments.taker_fee.tolist() == [30, 500]


def test_initial_margin_uses_the_lower_of_chosen_and_allowed_leverage():
    table = tier_table([MarginTiers((Tier(0, 50e3, 0.004, 125), Tier(50e3, 600e3, 0.005, 100)))], 1)
    assert initial_margin(table, 0, 50_000 * USD, 125) == 400 * USD
    assert initial_margin(table, 0, 60_000 * USD, 125) == 600 * USD
    assert initial_margin(table, 0, 60_000 * USD, 3) == 20_000 * USD
    assert initial_margin(table, 0, 60_000 * USD, 0) == 60_000 * USD


def test_tables_of_unequal_length_do_not_leak_into_each_other():
    long = MarginTiers((Tier(0, 10, 0.01, 50), Tier(10, 20, 0.02, 25), Tier(20, 30, 0.5, 1)))
    table = tier_table([None, long, MarginTiers((Tier(0, 10, 0.1, 5),))], 3)
    assert [maintenance_margin(table, i, 40 * USD) for i in range(3)] == [0, 10_300_000, 4 * USD]


@settings(deadline=None)
@given(st.integers(0, 10**15))
def test_maintenance_is_continuous_and_rising(notional):
    tiers = load_preset("binance-usdm-2024-10").terms("ATOM").tiers
    table = tier_table([tiers], 1)
    now, above = (maintenance_margin(table, 0, notional + extra) for extra in (0, 1_000))
    assert 0 <= above - now <= 501


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ((), "at least one tier"),
        ((Tier(5, 10, 0.01, 50),), "tier 1: floor 5 leaves a gap; it must be 0"),
        ((Tier(0, 10, 0.01, 50), Tier(11, 20, 0.02, 25)), "tier 2: floor 11 leaves a gap; it must be 10"),
        ((Tier(0, 10, 0.01, 50), Tier(9, 20, 0.02, 25)), "tier 2: floor 9 overlaps"),
        ((Tier(0, 0, 0.01, 50),), "tier 1: cap 0 must be above"),
        ((Tier(0, 10, 0.01, 0),), "tier 1: max_leverage 0"),
        ((Tier(0, 10, 0.02, 25), Tier(10, 20, 0.01, 25)), "tier 2: maintenance_rate 0.01"),
        ((Tier(0, 10, 0.03, 50),), "tier 1: maintenance_rate 0.03 exceeds the initial margin rate 0.02"),
    ],
)
def test_bad_tiers_are_named(tiers, message):
    with pytest.raises(ValueError, match=message):
        MarginTiers(tiers)


@settings(deadline=None)
@given(
    equity=st.integers(-(10**12), 10**14),
    others=st.integers(0, 10**14),
    held=st.integers(-(10**5), 10**5),
    direction=st.sampled_from([1, -1]),
    mark=st.integers(1_000, 10**8),
    price=st.integers(1_000, 10**8),
    share=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    wanted=st.integers(1, 10**5),
)
def test_fund_capacity_keeps_the_fund_solvent_and_within_its_share(
    equity, others, held, direction, mark, price, share, wanted
):
    lots = min(wanted, fund_capacity(equity, others, held, direction, mark, price, share))
    assert lots >= 0
    after = held + direction * lots
    worth = equity + direction * lots * (mark - price)
    assert lots == 0 or worth >= 0
    if abs(after) > abs(held) or held * after < 0:
        assert others + abs(after) * mark <= share * worth * (1 + 1e-9)


@settings(deadline=None)
@given(st.integers(0, 500), st.lists(st.integers(0, 100), min_size=1, max_size=9))
def test_allocations_place_what_can_be_placed(lots, available):
    offered = np.array(available, np.int64)
    for allocate in (adl_allocate, adl_pro_rata):
        taken = allocate(lots, offered)
        assert taken.sum() == min(lots, offered.sum())
        assert (taken >= 0).all()
        assert (taken <= offered).all()
    share = adl_pro_rata(lots, offered) - min(1.0, lots / max(1, offered.sum())) * offered
    assert np.abs(share).max() < 1.0 + 1e-9


def test_presets_load_and_build_an_engine():
    assert "binance-usdm-2024-10" in preset_names()
    instruments = instrument_table(
        [
            Instrument("BTC-PERP", "BTC", "perpetual", 1.0, 0.001),
            Instrument("X-PERP", "X", "perpetual", 1.0, 1.0),
            Instrument("BTC-USD", "BTC", "spot", 1.0, 0.001),
        ],
        ["BTC", "X"],
    )
    venue = load_preset("binance-usdm-2024-10")
    assert venue.clearance_ppm(instruments, ["BTC", "X"]).tolist() == [12_500, 10_000, 0]
    assert venue.funding_caps(instruments, ["BTC", "X"]).tolist() == [0.003, 0.02, 0.0]
    assert venue.impact_notionals(instruments, ["BTC", "X"]).tolist() == [25_000, 15_000, 0]
    assert venue.engine(instruments, ["BTC", "X"]).tiers.shape == (3, 12)
    assert binance_like(name="mine").name == "mine"
    with pytest.raises(ValueError, match="other_assets is 'Q'"):
        binance_like(other_assets="Q")


def test_documented_default_agrees_with_the_preset():
    preset, default = load_preset("binance-usdm-2024-10"), binance_like()
    assert default.assets["BTC"].tiers.tiers == preset.assets["BTC"].tiers.tiers[:6]
    assert default.assets["ALT"].tiers.tiers == preset.assets["ATOM"].tiers.tiers[:6]
    for item in dataclasses.fields(default):
        if item.name not in ("name", "assets", "other_assets"):
            assert getattr(default, item.name) == getattr(preset, item.name), item.name


GOOD = """
name = "mine"
other_assets = "A"
[assets.A]
tiers = [[0, 10, 0.01, 50]]
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not valid TOML"),
        ("name = 'x'", "v.toml: other_assets is missing"),
        (GOOD + "[fundd]", "unknown key 'fundd'; did you mean 'fund'"),
        (
            GOOD + "[fund]\nnotional_shar = 1.0",
            "v.toml: fund: unknown key 'notional_shar'; did you mean 'notional_share'",
        ),
        (
            GOOD + "[fund]\nnotional_share = -1.0",
            "v.toml: fund: notional_share is -1.0; it must be zero or more",
        ),
        (
            GOOD + "[fund]\nnotional_share = 'all'",
            "v.toml: fund.notional_share is 'all'; it must be of type float",
        ),
        (GOOD + "[fees]\nmaker_ppm = 0.5", "v.toml: fees.maker_ppm is 0.5; it must be of type int"),
        (GOOD + "[mark]\nrule = 'mean'", "v.toml: mark.rule is 'mean'; allowed: median, fair, index"),
        (GOOD + "[halt]\nlevels = [{ fall = 2.0, duration_s = 1.0 }]", r"halt.levels\[0\]: fall is 2.0"),
        (GOOD + "[halt]\nlevels = [{ fall = 0.1 }]", r"halt.levels\[0\].duration_s is missing"),
        (GOOD.replace("0.01", "0.03"), "assets.A.tiers: tier 1: maintenance_rate 0.03 exceeds"),
        (GOOD.replace("0.01", "'x'"), "assets.A.tiers: tier 1 is"),
        (GOOD.replace(", 50", ""), r"assets.A.tiers must be a list of \[floor"),
        (GOOD.replace('"A"', '"B"'), "other_assets is 'B'; it must be one of the listed assets: A"),
        (GOOD.replace("[assets.A]", "[assets.A]\nfunding_cap = 2.0"), "assets.A: funding_cap is 2.0"),
    ],
)
def test_bad_venue_files_are_refused_by_name(tmp_path, text, message):
    path = tmp_path / "v.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_venue(path)


def test_good_venue_file_and_unknown_preset(tmp_path):
    path = tmp_path / "v.toml"
    path.write_text(GOOD + "[fund]\nnotional_share = 2\n[halt]\nlevels = [{ fall = 0.1, duration_s = 60.0 }]")
    venue = load_venue(path)
    assert venue.fund.notional_share == 2.0
    assert venue.halt.levels == (HaltLevel(0.1, 60.0),)
    with pytest.raises(ValueError, match="unknown name 'binance'; did you mean 'binance-usdm-2024-10'"):
        load_preset("binance")
