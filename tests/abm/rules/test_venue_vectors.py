"""Worked cases from venues' own documents and test suites, as far as a Binance-like venue has them.

Inputs and expected values are those of the sources named in each row.
"""

import numpy as np
import pytest

from abm.rules.adl import adl_allocate, adl_order, adl_score, adl_score_bitmex
from abm.rules.bankruptcy_price import isolated_bankruptcy_price
from abm.rules.funding import FundingRule, impact_notional, impact_price
from abm.rules.index_price import SpotQuotes, WeightedIndex
from abm.rules.liquidation_price import liquidation_price, price_in_tier
from abm.rules.margin_tiers import MarginTiers, Tier, maintenance_margin, tier_index, tier_table
from abm.rules.mark_price import MarkInputs, MedianMark, funding_basis_price
from abm.venues.presets import load_preset

USD = 1_000_000
BINANCE = load_preset("binance-usdm-2024-10")


@pytest.mark.parametrize(
    ("asset", "notional", "maintenance", "leverage"),
    [
        ("BTC", 1_000_000, 5_550.0, 75),
        ("ETH", 60_000_000, 1_118_550.0, 20),
        ("SOL", 5_000_000, 96_620.0, 20),
    ],
)
def test_maintenance_on_the_real_brackets(asset, notional, maintenance, leverage):
    table = tier_table([BINANCE.terms(asset).tiers], 1)
    assert maintenance_margin(table, 0, notional * USD) == maintenance * USD
    assert table[0, tier_index(table, 0, notional * USD)].max_leverage == leverage


def test_pepe_brackets():
    # 1000PEPEUSDT, 2024-10-24: 250,000 needs 2,680
    tiers = MarginTiers(
        (
            Tier(0, 20e3, 0.0065, 75),
            Tier(20e3, 200e3, 0.01, 50),
            Tier(200e3, 300e3, 0.015, 40),
            Tier(300e3, 1.5e6, 0.02, 25),
        )
    )
    assert tiers.deductions() == pytest.approx([0, 70, 1_070, 2_570])
    assert maintenance_margin(tier_table([tiers], 1), 0, 250_000 * USD) == 2_680 * USD


@pytest.mark.parametrize(
    ("asset", "deductions"),
    [
        ("BTC", [0, 50, 950, 11_450, 131_450, 481_450, 2_981_450, 14_481_450, 26_481_450, 41_481_450]),
        ("ETH", [0, 50, 950, 11_450, 131_450, 381_450, 2_006_450, 9_506_450, 17_506_450, 27_506_450]),
        ("DOGE", [0, 20, 170, 7_670, 11_670, 51_670, 451_670, 851_670, 3_351_670, 13_351_670]),
        ("ATOM", [0, 40, 290, 690, 1_690, 16_690, 116_690, 216_690, 841_690, 3_841_690]),
    ],
)
def test_deduction_recursion_gives_the_published_amounts(asset, deductions):
    tiers = BINANCE.terms(asset).tiers
    assert tiers.deductions()[:10] == pytest.approx(deductions, abs=1e-4)
    assert tier_table([tiers], 1)["deduction"][0, :10].tolist() == [d * USD for d in deductions]


def test_legacy_level_five_deduction():
    # Binance help centre, about 2020: 5,000,000 x (5 % - 2.5 %) + 16,300 = 141,300
    bounds = (0, 50e3, 250e3, 1e6, 5e6, 20e6)
    rates = ((0.004, 125), (0.005, 100), (0.01, 50), (0.025, 20), (0.05, 10))
    tiers = MarginTiers(
        tuple(Tier(low, high, *rate) for low, high, rate in zip(bounds, bounds[1:], rates, strict=False))
    )
    assert tiers.deductions()[3:] == pytest.approx([16_300, 141_300])


@pytest.mark.parametrize(
    ("inputs", "expected", "tolerance"),
    [
        # Binance help centre: BTC short beside an ETH long in the same wallet
        ((10.72, 0.005, 9451.53, -1, 0.004, 0.0, 1.3, 0.47), 11_383.99, 0.01),
        # freqtrade c9ae5e1e test_binance.py, from Binance's calculation example
        ((1_535_443.01, 3683.979, 1456.84, 1, 0.1, 135_365.0), 1_114.78, 0.005),
        # freqtrade test_exchange.py, unit cases
        ((2.0, 1, 10, -1, 0.01, 0.01), 11.89108910891089, 1e-9),
        ((2.0, 1, 10, 1, 0.01, 0.01), 8.070707070707071, 1e-9),
    ],
)
def test_liquidation_price_formula(inputs, expected, tolerance):
    assert price_in_tier(*inputs) == pytest.approx(expected, abs=tolerance)


def test_liquidation_price_of_one_of_two_cross_longs():
    btc_maintenance = 109.488 * 31_967.27 * 0.025 - 16_300
    btc_profit = 109.488 * (31_967.27 - 32_481.98)
    price = price_in_tier(1_535_443.01, 3683.979, 1456.84, 1, 0.1, 135_365.0, btc_maintenance, btc_profit)
    assert price == pytest.approx(1_153.26, abs=0.005)


def test_liquidation_price_uses_the_tier_at_that_price():
    # 10 BTC long at 60,000, 5x: notional 600,000 lies in tier 2 or 3, at the liquidation price in tier 2
    tiers = BINANCE.terms("BTC").tiers
    price = liquidation_price(120_000.0, 10.0, 60_000.0, 1, tiers)
    assert price == pytest.approx((120_000 + 50 - 600_000) / (10 * 0.005 - 10))
    assert np.isnan(liquidation_price(700_000.0, 10.0, 60_000.0, 1, tiers))


def test_bankruptcy_price():
    assert isolated_bankruptcy_price(10_000.0, 50, 1) == pytest.approx(9_800.0)
    assert isolated_bankruptcy_price(10_000.0, 50, -1) == pytest.approx(10_200.0)


def test_funding_rate_inside_the_band_is_the_interest_rate():
    rule = FundingRule()
    assert rule.rate(np.array([-0.0004, 0.0, 0.0003, 0.0006]), 0.02) == pytest.approx([0.0001] * 4)
    assert rule.rate(np.array([0.01]), 0.02) == pytest.approx([0.0095])
    assert rule.rate(np.array([0.01, -0.01]), 0.003) == pytest.approx([0.003, -0.003])


def test_funding_rate_of_a_four_hour_symbol():
    assert FundingRule(interval_hours=4.0).rate(np.array([0.002]), 0.02) == pytest.approx([0.00075])


def test_funding_caps_of_majors():
    # 0.75 x lowest maintenance rate: BTC and ETH 0.3 %
    for asset in ("BTC", "ETH", "SOL"):
        terms = BINANCE.terms(asset)
        assert terms.funding_cap == pytest.approx(0.75 * terms.tiers.tiers[0].maintenance_rate)


def test_impact_notional_and_price():
    assert [impact_notional(x) for x in (20, 125)] == [4_000, 25_000]
    levels = np.array([50_000.0, 50_001.0]), np.array([1.0, 1.0])
    assert impact_price(*levels, 100_001) == pytest.approx(50_000.5, abs=1e-6)
    assert np.isnan(impact_price(*levels, 300_000))


@pytest.mark.parametrize(
    ("bids", "asks", "index", "expected_ppm"),
    [
        # dYdX v4 TestGetPremiumPrice, impact notional 5,000
        ([(9_999, 0.1), (9_998, 1)], [(10_001, 1)], 9_000.0, 110_911),
        ([(9_999, 1)], [(10_001, 1)], 10_000.0, 0),
        ([(9_999, 1)], [(10_001, 1)], 10_001.9, -89),
    ],
)
def test_premium_from_the_book(bids, asks, index, expected_ppm):
    bid, ask = (impact_price(*np.array(levels, float).T, 5_000.0) for levels in (bids, asks))
    premium = FundingRule().premium(np.array([index]), np.array([bid]), np.array([ask]))
    assert int(premium[0] * 1e6) == expected_ppm


def test_funding_basis_mark():
    assert funding_basis_price(np.array([10_000.0]), np.array([0.0003]), 4.0, 8.0) == pytest.approx(
        [10_001.5]
    )


def test_median_mark():
    rule = MedianMark()
    state = rule.start(np.array([60_000.0]))
    for now, basis, last in ((0, -30.0, 60_000.0), (5_000_000_000, -90.0, 58_500.0)):
        marks = rule.update(
            state,
            MarkInputs(
                now,
                np.array([60_000.0]),
                np.array([60_000.0 + basis]),
                np.array([last]),
                np.array([1e-4]),
                2.0,
            ),
        )
    assert marks == pytest.approx([59_940.0])


def test_index_drops_one_outlier():
    quotes = SpotQuotes(np.array([[100], [100.2], [99.8], [92.0]]), np.array([[0.4], [0.3], [0.2], [0.1]]))
    assert WeightedIndex().price(quotes) == pytest.approx([100.02222222222223])


def test_adl_queue():
    # BitMEX example: shorts of 20 take 10 from account 2 (score 6) and 10 of the 20 of account 5 (score 5)
    accounts, lots = np.array([1, 2, 3, 4, 5, 6]), np.array([10, 10, 20, 30, 20, 10])
    order = adl_order(np.array([3.0, 6.0, 1.0, 4.0, 5.0, 2.0]))
    taken = adl_allocate(20, lots[order])
    assert dict(zip(accounts[order][taken > 0].tolist(), taken[taken > 0].tolist(), strict=True)) == {
        2: 10,
        5: 10,
    }


def test_adl_scores():
    one = np.ones(1)
    assert adl_score(500 * one, 1_000 * one, 60 * one) == pytest.approx([0.02])
    assert adl_score(500 * one, -600 * one, 60 * one) == pytest.approx([0.0])
    assert adl_score_bitmex(1, 100 * one, 120 * one, 90 * one) == pytest.approx([0.8])
