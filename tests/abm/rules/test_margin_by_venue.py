"""Profit, tiers, collateral, account ratios and initial margin, against the venues' own numbers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.rules.collateral import (
    CollateralRatios,
    capped_value,
    collateral_quantity,
    haircut_loss,
    margin_balance,
)
from abm.rules.fees import trading_fee
from abm.rules.maintenance_margin import (
    half_initial_rate,
    leverage_tiers,
    next_deduction,
    tier_at,
    tier_maintenance,
    tier_max_leverage,
)
from abm.rules.margin_tiers import MarginTiers, Tier, maintenance_margins, tier_table
from abm.rules.open_interest_margin import scaled_initial_fraction, scaled_initial_margin
from abm.rules.portfolio_margin import STAGES, PortfolioMarginStages, margin_rate, portfolio_margin_ratio
from abm.rules.profit import (
    average_entry,
    inverse_margin,
    inverse_notional,
    inverse_profit,
    linear_notional,
    linear_profit,
    open_position,
)
from abm.rules.tick_size import SPOT_DECIMALS, is_price_allowed, nearest_price

# Bybit help centre, unified account, BTC
BTC_RATIOS = CollateralRatios((0.0, 10.0, 20.0, 30.0, 40.0, 50.0), (0.98, 0.95, 0.9, 0.85, 0.8, 0.0))
DOGE = MarginTiers((Tier(0.0, 10e3, 0.005, 75), Tier(10e3, 60e3, 0.007, 50), Tier(60e3, 750e3, 0.01, 40)))
MILLION = 1_000_000


def test_profit_of_binance_and_bitmex_examples():
    # Portfolio Margin Pro table: short 0.05 BTC 52,000 -> 40,000, long 0.04 BTC 52,350 -> 42,000
    profit = linear_profit(
        np.array([-1, 1]), np.array([0.05, 0.04]), np.array([52e3, 52_350.0]), np.array([40e3, 42e3])
    )
    assert profit == pytest.approx([600.0, -414.0])
    assert inverse_profit(-1, 100_000, 10_000, 11_000) == pytest.approx(-0.90909091, abs=1e-8)


def test_inverse_notional_margin_and_fee():
    # nautilus_trader a95c8042: XBTUSD 100,000
    assert inverse_notional(100_000, 11_000) == pytest.approx(9.09090909, abs=1e-8)
    assert inverse_margin(100_000, 11_493.60, 0.0035) == pytest.approx(0.03045173, abs=1e-8)
    assert inverse_margin(100_000, 11_493.60, 0.01) == pytest.approx(0.08700494, abs=1e-8)
    assert trading_fee(inverse_notional(100_000, 11_450.5), -0.00025) == pytest.approx(-0.00218331, abs=1e-8)
    assert linear_notional(-2.0, 10.0) == 20.0


def test_average_entry_of_inverse_fills_is_the_harmonic_mean():
    assert average_entry([50, 50], [10_000, 15_000], inverse=True) == pytest.approx(12_000.0)
    assert average_entry([50, 50], [10_000, 15_000]) == pytest.approx(12_500.0)


@pytest.mark.parametrize(
    ("sizes", "prices", "left"),
    [
        ([2, 2], [10_500, 10_500], (4, 10_500)),
        ([2, 2, -1], [100, 200, 500], (3, 150)),
        ([2, -3], [100, 200], (-1, 200)),
        ([-1, -1, 0], [100, 300, 7], (-2, 200)),
    ],
)
def test_position_left_by_fills(sizes, prices, left):
    assert open_position(sizes, prices) == pytest.approx(left)


def test_flat_position_has_no_entry():
    held, entry = open_position([2, -2], [100, 200])
    assert held == 0
    assert np.isnan(entry)


@given(st.sampled_from([1, -1]), st.floats(1, 1e6), st.floats(10, 1e5), st.floats(10, 1e5))
def test_inverse_profit_is_the_linear_one_valued_in_coin(side, usd, entry, mark):
    linear = linear_profit(side, usd / entry, entry, mark)
    assert inverse_profit(side, usd, entry, mark) * mark == pytest.approx(float(linear), rel=1e-9, abs=1e-6)


def test_hyperliquid_rates_and_deduction():
    # gitbook "margin tiers": BTC 40x to 150 M, then 20x
    assert half_initial_rate(np.array([50, 40, 20, 3])) == pytest.approx([0.01, 0.0125, 0.025, 1 / 6])
    tiers = leverage_tiers([0.0, 150e6], [40, 20])
    assert tiers.deductions() == pytest.approx([0.0, 1_875_000.0])
    assert tier_maintenance(tiers, 200e6) == pytest.approx(3_125_000.0)
    assert tier_max_leverage(tiers, np.array([150e6, 150e6 + 1])).tolist() == [40, 20]


def test_deduction_of_the_next_tier():
    assert next_deduction(5e6, 0.05, 0.025, 16_300.0) == pytest.approx(141_300.0)


def test_tiers_at_and_beyond_the_table():
    assert tier_at(DOGE, [0.0, 10e3, 10_000.01, 750e3, 9e9]).tolist() == [0, 0, 1, 2, 2]
    assert tier_maintenance(DOGE, np.array([10e3, -10e3])) == pytest.approx([50.0, 50.0])


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=5))
def test_float_and_integer_maintenance_agree(notionals):
    whole = maintenance_margins(tier_table([DOGE], 1), 0, np.array(notionals))
    assert tier_maintenance(DOGE, np.array(notionals) / MILLION) * MILLION == pytest.approx(whole, abs=2.0)


@pytest.mark.parametrize(
    ("notional", "ppm", "interest", "lower", "upper", "expected"),
    [
        # dYdX v4-chain liquidity_tier_test.go
        (500_000, 200_000, 0, 0, 0, 100_000),
        (1, 100_000, 0, 0, 0, 1),
        (123_456, 567_243, 0, 0, 0, 70_030),
        (500_000, 200_000, 1_500_000_000_000, 0, 0, 100_000),
        (500_000, 200_000, 1_500_000_000_000, 1_000_000_000_000, 2_000_000_000_000, 300_000),
        (500_000, 200_000, 80_000_000_000_000, 25_000_000_000_000, 50_000_000_000_000, 500_000),
        (500_000, 200_000, 25_000_000_000_000, 25_000_000_000_000, 50_000_000_000_000, 100_000),
        (500_000, 200_000, 28_123_456_789_123, 25_000_000_000_000, 60_000_000_000_000, 135_697),
    ],
)
def test_initial_margin_grows_with_open_interest(notional, ppm, interest, lower, upper, expected):
    assert scaled_initial_margin(notional, ppm, interest, lower, upper) == expected
    fraction = scaled_initial_fraction(ppm / MILLION, interest, lower, upper)
    assert fraction * notional == pytest.approx(expected, abs=1.0)


def test_effective_fractions():
    # the same file: 20 % base between 1 M and 2 M of open interest
    interest = np.array([0.0, 1e6, 1_234_567.0, 1.5e6, 2e6, 2.5e6])
    assert scaled_initial_fraction(0.2, interest, 1e6, 2e6) == pytest.approx(
        [0.2, 0.2, 0.3876536, 0.6, 1.0, 1.0]
    )


@given(st.integers(0, 10**15), st.integers(0, MILLION), st.integers(0, 10**15))
def test_initial_margin_rounds_up_by_less_than_one(notional, ppm, interest):
    margin = int(scaled_initial_margin(notional, ppm, interest, 0, 0))
    assert 0 <= margin - Fraction(notional * ppm, MILLION) < 1


def test_haircut_is_marginal_and_spares_debts():
    # the article's tiers: 25 BTC count as 23.8
    counted = collateral_quantity(np.array([25.0, 0.0, -3.0, 10.0, 60.0]), BTC_RATIOS)
    assert counted == pytest.approx([23.8, 0.0, -3.0, 9.8, 44.8])
    assert capped_value(np.array([100.0, -100.0]), 0.9) == pytest.approx([90.0, -100.0])


def test_margin_balance_of_several_assets():
    ratios = [CollateralRatios(), BTC_RATIOS]
    held, prices = np.array([[1_000.0, 25.0], [-50_000.0, 1.0]]), np.array([1.0, 100.0])
    assert margin_balance(held, prices, ratios, np.array([-500.0, 0.0])) == pytest.approx(
        [2_880.0, -49_902.0]
    )
    assert haircut_loss(held, prices, ratios) == pytest.approx([120.0, 2.0])


@given(st.floats(-100, 100), st.floats(0, 100))
def test_more_collateral_never_counts_for_less(quantity, more):
    low, high = collateral_quantity(np.array([quantity, quantity + more]), BTC_RATIOS)
    assert low <= high + 1e-9
    assert high <= quantity + more + 1e-9


@pytest.mark.parametrize(
    ("floors", "ratios", "message"),
    [
        ((0.0, 5.0), (0.9,), "floors has 2 entries and ratios 1"),
        ((1.0,), (0.9,), "floors is .*; it must start at 0 and rise"),
        ((0.0, 5.0, 5.0), (0.9, 0.8, 0.7), "must start at 0 and rise"),
        ((0.0,), (1.1,), "each must lie between 0 and 1"),
        ((0.0, 5.0), (0.8, 0.9), "a larger quantity cannot have a higher ratio"),
    ],
)
def test_bad_ratios_are_refused(floors, ratios, message):
    with pytest.raises(ValueError, match=message):
        CollateralRatios(floors, ratios)


def test_portfolio_margin_stages():
    # Binance Portfolio Margin Pro: > 150 %, > 120 %, > 105 %, the rest
    ratio = portfolio_margin_ratio(np.array([1.51, 1.5, 1.21, 1.2, 1.17, 1.05, -1.0]), 1.0)
    words = [STAGES[k] for k in PortfolioMarginStages().stage(ratio)]
    assert words == ["free", "warning", "warning", "reduce-only", "reduce-only", "liquidation", "liquidation"]
    assert portfolio_margin_ratio([10.0, 0.0, -1.0], 0.0).tolist() == [np.inf, np.inf, -np.inf]
    assert margin_rate([50.0, 50.0, 0.0], [100.0, 0.0, 0.0]).tolist() == [0.5, np.inf, 0.0]


def test_bad_stages_are_refused():
    with pytest.raises(ValueError, match=r"warning 1.5, reduce_only 1.6 .* must fall in this order"):
        PortfolioMarginStages(reduce_only=1.6)


def test_prices_of_five_figures():
    # Hyperliquid "tick and lot size": szDecimals 1 and 0; BTC has 5, and spot allows two decimals more
    prices = ["123456", "12345.6", "1234.5", "0.00123", "0.000012", "1234.50", "0", "-1"]
    assert is_price_allowed(prices, 1).tolist() == [True, False, True, True, False, True, False, False]
    assert is_price_allowed(["0.001234", "0.012345"], 0).tolist() == [True, True]
    assert is_price_allowed(["0.001234", "0.012345"], 1).tolist() == [False, False]
    assert is_price_allowed("0.0001234", 1, SPOT_DECIMALS)
    assert is_price_allowed([1234.5, 1234.56], 1).tolist() == [True, False]


@given(st.floats(1e-3, 1e7), st.integers(0, 5))
def test_nearest_price_is_allowed_and_near(price, size_decimals):
    near = nearest_price(price, size_decimals)
    assert near == 0.0 or is_price_allowed(near, size_decimals)
    assert abs(near - price) <= max(0.5e-4 * price, 0.5 * 10.0 ** (size_decimals - 6)) * (1 + 1e-9)
