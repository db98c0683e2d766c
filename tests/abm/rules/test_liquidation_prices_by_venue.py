"""Liquidation and bankruptcy prices: the venues' own numbers, and what must hold for any position."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.rules.bankruptcy_price import (
    account_bankruptcy_price,
    bankruptcy_value,
    inverse_bankruptcy_price,
    isolated_bankruptcy_price,
)
from abm.rules.liquidation_price import liquidation_price, price_in_tier
from abm.rules.liquidation_price_inverse import (
    inverse_cross_bankruptcy_price,
    inverse_cross_price,
    inverse_price_at_maintenance,
    inverse_price_with_closing_fee,
    inverse_price_with_entry_maintenance,
    round_towards_entry,
)
from abm.rules.liquidation_price_linear import (
    price_from_account_value,
    price_from_equity,
    price_with_closing_fee,
    price_with_entry_maintenance,
)
from abm.rules.maintenance_margin import leverage_tiers, tier_maintenance
from abm.rules.margin_tiers import MarginTiers, Tier
from abm.rules.profit import inverse_margin, inverse_profit, linear_profit

BTC = MarginTiers(
    tuple(
        Tier(*row)
        for row in (
            (0.0, 50e3, 0.004, 125),
            (50e3, 600e3, 0.005, 100),
            (600e3, 3e6, 0.0065, 75),
            (3e6, 12e6, 0.01, 50),
            (12e6, 70e6, 0.02, 25),
            (70e6, 100e6, 0.025, 20),
            (100e6, 230e6, 0.05, 10),
        )
    )
)
SIDES = st.sampled_from([1, -1])
SIZES = st.floats(1e-3, 3_000.0)
PRICES = st.floats(1.0, 1e5)
LEVERAGES = st.floats(1.1, 20.0)


@pytest.mark.parametrize(
    ("side", "entry", "size", "collateral", "max_leverage", "expected"),
    [
        # freqtrade 3b1fb5af test_hyperliquid.py: liquidation prices that the venue returned, and HIP-3 cases
        (1, 2458.5, 0.015, 36.864593, 50, 0.86915825),
        (1, 63287.0, 0.00039, 24.673292, 50, 22.37166537),
        (1, 145.83, 0.33, 24.045107, 20, 74.83696193),
        (1, 0.11586, 437.0, 25.29769, 20, 0.05945697),
        (-1, 2642.8, 0.019, 25.091876, 50, 3924.18322043),
        (-1, 68595.0, 0.00069, 23.64871, 50, 101849.99354283),
        (1, 173.06, 0.6, 20.735658, 20, 142.05186667),
        (-1, 2552.0, 0.0327, 20.833393, 50, 3157.53150453),
        (1, 66930.0, 0.0015, 20.043862, 50, 54108.51043771),
        (-1, 178.29, 0.11, 19.605036, 20, 347.82205322),
        (-1, 163.11, 0.48, 15.650731, 20, 190.94213618),
        (1, 250.0, 0.5, 25.0, 10, 210.5263157894737),
        (-1, 190.0, 0.5, 9.5, 10, 199.04761904761904),
        (1, 350.0, 1.0, 50.0, 10, 315.7894736842105),
    ],
)
def test_hyperliquid_returned_prices(side, entry, size, collateral, max_leverage, expected):
    price = price_from_account_value(collateral, size, entry, side, leverage_tiers([0.0], [max_leverage]))
    assert price == pytest.approx(expected, rel=1e-4)


def test_hyperliquid_formula_as_documented():
    # price - side * available / size / (1 - l * side), with tiers of BTC: 40x to 150 M, then 20x
    tiers = leverage_tiers([0.0, 150e6], [40, 20])
    size, price, value, rate = 2_000.0, 100_000.0, 20e6, 0.025
    available = value - tier_maintenance(tiers, size * price)
    documented = price - available / size / (1 - rate)
    found = price_from_account_value(value, size, price, 1, tiers)
    assert found * size > 150e6
    assert found == pytest.approx(documented)


def test_cross_position_of_binance_with_two_longs():
    # freqtrade test_binance.py: the BTC leg of the account whose ETH leg ends at 1,153.26
    maintenance = 3683.979 * 1335.18 * 0.1 - 135_365.0
    profit = 3683.979 * (1335.18 - 1456.84)
    price = price_in_tier(1_535_443.01, 109.488, 32481.98, 1, 0.025, 16_300.0, maintenance, profit)
    assert price == pytest.approx(26_316.89, abs=0.005)


@pytest.mark.parametrize(
    ("side", "entry", "leverage", "rate", "expected"),
    [(1, 20_000.0, 50, 0.005, 19_700.0), (1, 10.0, 5, 0.01, 8.1), (-1, 10.0, 10, 0.01, 10.9)],
)
def test_bybit_of_2024(side, entry, leverage, rate, expected):
    assert price_with_entry_maintenance(1.0, entry, side, leverage, rate) == pytest.approx(expected)


def test_bybit_extra_margin_moves_the_price_by_its_share():
    prices = price_with_entry_maintenance(2.0, 20_000.0, 1, 50, 0.005, 0.0, np.array([0.0, 1_000.0]))
    assert prices == pytest.approx([19_700.0, 19_200.0])


def test_bybit_inverse_cross_example():
    # help.bybit.com 360039261334
    position = 0.5, 10_000.0, 8_000.0, 1
    assert inverse_cross_bankruptcy_price(*position, 0.00075) == pytest.approx(5_718.57, abs=0.005)
    price = inverse_cross_price(*position, 0.005, 0.00075)
    assert price == pytest.approx(5_739.08, abs=0.005)
    assert round_towards_entry(price, 1, 0.5) == 5_739.5
    assert round_towards_entry(price, -1, 0.5) == 5_739.0


def test_inverse_short_within_its_margin_is_never_liquidated():
    assert np.isnan(inverse_price_at_maintenance(1.0, 50_000.0, 50_000.0, -1, 0.005))
    assert np.isnan(inverse_cross_price(2.0, 10_000.0, 8_000.0, -1, 0.005, 0.00075))
    assert inverse_price_at_maintenance(1.0, 50_000.0, 50_000.0, 1, 0.0) == pytest.approx(25_000.0)


def test_coin_margined_formula_of_the_public_thread():
    # LP = Q (1 + s r) / (s WB + Q / EP): equity equals maintenance margin there
    price = inverse_price_at_maintenance(0.1, 10_000.0, 50_000.0, 1, 0.005)
    assert 0.1 + inverse_profit(1, 10_000.0, 50_000.0, price) == pytest.approx(
        float(inverse_margin(10_000.0, price, 0.005))
    )


def test_dydx_prices():
    # v4-documentation 3e475b73: short 3 at 3,000 with equity 1,000; and 500 at 1 with 100 posted
    assert price_from_equity(1_000.0, -3.0, 3_000.0, 0.05) == pytest.approx(3_174.60, abs=0.005)
    assert account_bankruptcy_price(100.0 + 500.0, -500.0) == pytest.approx(1.2)
    assert account_bankruptcy_price(100.0 - 500.0, 500.0) == pytest.approx(0.8)


DOLLAR = 1_000_000


@pytest.mark.parametrize(
    ("quote", "size", "change", "price", "others", "expected"),
    [
        # dYdX v4-chain TestGetBankruptcyPriceInQuoteQuantums: BTC at 50,000, ETH at 3,000, maintenance 10 %
        (-4_501 * DOLLAR, 10_000_000, -10_000_000, 500, (0, 0), 4_501 * DOLLAR),
        (5_000 * DOLLAR, -10_000_000, 5_000_000, 500, (0, 0), -2_500 * DOLLAR),
        (-5_100 * DOLLAR, 10_000_000, -10_000_000, 500, (0, 0), 5_100 * DOLLAR),
        (4_900 * DOLLAR, -10_000_000, 10_000_000, 500, (0, 0), -4_900 * DOLLAR),
        (-490 * DOLLAR, 100_000_000, -100_000_000, 3, (200 * DOLLAR, 20 * DOLLAR), 294 * DOLLAR),
        (510 * DOLLAR, -100_000_000, 100_000_000, 3, (-200 * DOLLAR, 20 * DOLLAR), -306 * DOLLAR),
        (110 * DOLLAR, -100_000_000, 100_000_000, 3, (200 * DOLLAR, 20 * DOLLAR), -306 * DOLLAR),
        (-13 * DOLLAR, 100_000_000, -21_347, 500, (0, 0), 2_776),
        (13 * DOLLAR, -100_000_000, 21_347, 500, (0, 0), -2_775),
        (DOLLAR, 100_000_000, -100_000_000, 500, (0, 0), -DOLLAR),
    ],
)
def test_dydx_bankruptcy_value(quote, size, change, price, others, expected):
    assert bankruptcy_value(change, size, price, quote, 0.1, *others) == expected


@pytest.mark.parametrize("change", [0, 10_000_000, -100_000_001])
def test_bankruptcy_value_refuses_changes_that_do_not_reduce(change):
    with pytest.raises(
        ValueError, match=f"size_change is {change}; it must reduce the position of 100000000"
    ):
        bankruptcy_value(change, 100_000_000, 500, -4_501 * DOLLAR, 0.1)


def test_bankruptcy_prices_of_bybit():
    assert isolated_bankruptcy_price(10_000.0, 50, 1) == pytest.approx(9_800.0)
    assert inverse_bankruptcy_price(7_890.08, 50, 1) == pytest.approx(7_735.3725, abs=1e-4)
    assert inverse_bankruptcy_price(10.0, 5, -1) == pytest.approx(12.5)
    assert np.isinf(inverse_bankruptcy_price(10.0, 1, -1))


@given(SIDES, SIZES, PRICES, st.floats(0.5, 20.0))
def test_equity_equals_the_maintenance_of_the_tier_at_that_price(side, size, entry, leverage):
    margin = size * entry / leverage
    price = float(liquidation_price(margin, size, entry, side, BTC))
    for found in (price, float(price_from_account_value(margin, size, entry, side, BTC))):
        if np.isnan(found):
            assert side > 0
            assert margin >= size * entry
        else:
            equity = margin + linear_profit(side, size, entry, found)
            assert equity == pytest.approx(float(tier_maintenance(BTC, size * found)), rel=1e-6, abs=1e-6)


@given(SIDES, SIZES, PRICES, LEVERAGES, st.floats(0.001, 0.04), st.floats(0.0, 0.001))
def test_the_three_rules_keep_their_order(side, size, entry, leverage, rate, fee):
    # bankruptcy is the farthest from entry, then maintenance alone, then maintenance and fee
    margin = size * entry / leverage
    binance = price_in_tier(margin, size, entry, side, rate, 0.0)
    okx = price_with_closing_fee(margin, size, entry, side, rate, fee)
    bankrupt = isolated_bankruptcy_price(entry, leverage, side)
    slack = 1e-9 * entry
    assert side * bankrupt <= side * binance + slack
    assert side * binance <= side * okx + slack


@given(SIDES, SIZES, PRICES, LEVERAGES, st.floats(0.001, 0.04))
def test_more_margin_moves_the_price_away(side, size, entry, leverage, rate):
    margins = size * entry / leverage * np.array([1.0, 1.05, 1.09])
    for prices in (
        price_with_closing_fee(margins, size, entry, side, rate, 0.0005),
        liquidation_price(margins, size, entry, side, BTC),
        price_from_equity(margins, side * size, entry, rate),
        price_with_entry_maintenance(size, entry, side, leverage, rate, 0.0, margins - margins[0]),
    ):
        assert np.all(np.diff(-side * prices) > 0)


@given(SIZES, PRICES, LEVERAGES, st.floats(0.001, 0.04))
def test_long_and_short_mirror_at_entry_maintenance(size, entry, leverage, rate):
    long, short = (price_with_entry_maintenance(size, entry, side, leverage, rate) for side in (1, -1))
    assert long + short == pytest.approx(2 * entry)


@given(SIDES, st.floats(10.0, 1e6), PRICES, LEVERAGES, st.floats(0.001, 0.04))
def test_inverse_equity_equals_maintenance(side, usd, entry, leverage, rate):
    margin = usd / entry / leverage
    price = inverse_price_at_maintenance(margin, usd, entry, side, rate)
    assert price == pytest.approx(float(inverse_price_with_closing_fee(usd, entry, side, leverage, rate)))
    equity = margin + inverse_profit(side, usd, entry, price)
    assert equity == pytest.approx(float(inverse_margin(usd, price, rate)), rel=1e-6, abs=1e-12)
    fixed = inverse_price_with_entry_maintenance(usd, entry, side, leverage, rate)
    assert margin + inverse_profit(side, usd, entry, fixed) == pytest.approx(
        float(inverse_margin(usd, entry, rate)), rel=1e-6, abs=1e-12
    )


@given(st.integers(1, 10**9), st.data())
def test_slices_never_take_more_than_the_equity(size, data):
    # whatever is closed at its bankruptcy value, the account keeps its share: rounding is for the fund
    price, quote = 500, data.draw(st.integers(-600 * size, 0))
    part = data.draw(st.integers(1, size))
    value = int(bankruptcy_value(-part, size, price, quote, 0.1))
    left = quote + value + (size - part) * price
    equity = quote + size * price
    assert left * size >= equity * (size - part) - size * 2
    if part == size:
        assert left == 0
