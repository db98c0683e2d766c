"""Limit prices, sizes, pace and fees of liquidations, against the venues' own numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.rules.fillable_price import bankruptcy_rating, fillable_price, limit_at_bankruptcy
from abm.rules.liquidation_fee import fund_fee, ramped_liquidation_fee
from abm.rules.liquidation_pace import (
    NEVER,
    block_limits,
    block_remainder,
    in_cooldown,
    share_by_time,
    slice_notional,
)
from abm.rules.liquidation_size import size_that_restores, step_down_size
from abm.rules.margin_tiers import MarginTiers, Tier

FIVE = MarginTiers(tuple(Tier(100.0 * k, 100.0 * (k + 1), 0.01 * (k + 1), 20 // (k + 1)) for k in range(5)))
SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("quote", "size", "oracle", "adjustment", "spread", "others", "expected"),
    [
        # dYdX v4-chain TestGetFillablePrice, maintenance 10 %
        (-4_501, 0.1, 50_000, 1.0, 0.1, (0, 0), 49_999),
        (-4_501, 0.1, 50_000, 2.0, 0.1, (0, 0), 49_998),
        (-4_501, 0.1, 50_000, 1.0, 0.2, (0, 0), 49_998),
        (5_499, -0.1, 50_000, 1.0, 0.1, (0, 0), 50_001),
        (5_499, -0.1, 50_000, 2.0, 0.1, (0, 0), 50_002),
        (-5_000, 0.1, 50_000, 1.0, 0.1, (0, 0), 49_500),
        (5_000, -0.1, 50_000, 1.0, 0.1, (0, 0), 50_500),
        (-5_500, 0.1, 50_000, 1.0, 0.1, (0, 0), 49_500),
        (4_500, -0.1, 50_000, 1.0, 0.1, (0, 0), 50_500),
        (-490, 0.1, 3_000, 1.0, 0.1, (200, 20), 2_976),
        (-4_501, 0.1, 50_000, 4_294.967295, 0.1, (0, 0), 49_500),
        (-4_501, 0.1, 50_000, 1.0, 1e-6, (0, 0), 49_999.99999),
        (-4_501, 0.1, 50_000, 1.0, 1.0, (0, 0), 49_990),
    ],
)
def test_fillable_price_of_dydx(quote, size, oracle, adjustment, spread, others, expected):
    price = fillable_price(quote, size, oracle, 0.1, adjustment, spread, *others)
    assert price == pytest.approx(expected, abs=1e-6)


def test_fillable_price_needs_a_position():
    with pytest.raises(ValueError, match="signed_size is 0; a position to be closed cannot be zero"):
        fillable_price(100.0, 0, 50_000.0, 0.1)


@given(st.floats(-2.0, 2.0), st.sampled_from([1, -1]), st.floats(0.0, 2.0))
def test_fillable_price_stays_within_the_spread(equity, side, spread):
    # one coin at 100, 3 % maintenance; widest at bankruptcy, never on the wrong side of the oracle price
    price = fillable_price(equity - side * 100.0, side, 100.0, 0.03, 1.0, spread)
    away = side * (100.0 - price)
    assert -1e-9 <= away <= 3.0 * spread + 1e-9
    worse = fillable_price(equity - 0.5 - side * 100.0, side, 100.0, 0.03, 1.0, spread)
    assert side * (100.0 - worse) >= away - 1e-9


def test_rating_without_maintenance():
    assert bankruptcy_rating([5.0, -5.0], 0.0).tolist() == [0.0, 1.0]


def test_limit_at_bankruptcy_rounds_for_the_fund():
    limits = limit_at_bankruptcy(np.array([8_000.12, 8_000.12, 8_000.5]), np.array([1, -1, 1]), 0.5)
    assert limits == pytest.approx([8_000.5, 8_000.0, 8_000.5])


@pytest.mark.parametrize(
    ("fee", "fund", "expected"), [(0.0, 0.0, 1.0), (0.01, 0.0, 10 / 9), (0.01, 0.01, 1.25)]
)
def test_size_that_restores_drift(fee, fund, expected):
    # drift-labs/protocol-v2 math/liquidation/tests.rs: 10 dollars short, 10x, price 100
    assert size_that_restores(10.0, 100.0, 0.1, fee, fund) == pytest.approx(expected)


def test_size_that_restores_is_bounded_by_the_position():
    sizes = size_that_restores(
        np.array([10.0, 10.0, 0.0, -5.0]), 100.0, np.array([0.1, 0.01, 0.01, 0.1]), 0.02
    )
    assert sizes == pytest.approx([1.25, np.inf, 0.0, 0.0])
    assert size_that_restores(10.0, 100.0, 0.01, 0.02, position=3.0) == 3.0


@given(st.floats(1.0, 1e3), st.floats(0.02, 0.2), st.floats(0.0, 0.01), st.floats(0.0, 0.009))
def test_restored_margin_is_the_margin_needed(shortage, rate, fee, fund):
    size, price = float(size_that_restores(shortage, 50.0, rate, fee, fund)), 50.0
    assert size * price * (rate - fee - fund) == pytest.approx(shortage)


def test_step_down_of_okx_and_bitmex():
    # tiers end at 100, 200, ... 500; OKX lowers tier 3 and above by two, BitMEX all above tier 1 by one
    notional = np.array([50.0, 150.0, 250.0, 350.0, -450.0])
    cut, whole = step_down_size(notional, FIVE)
    assert cut == pytest.approx([50.0, 150.0, 150.0, 150.0, 150.0])
    assert whole.tolist() == [True, True, False, False, False]
    cut, whole = step_down_size(notional, FIVE, steps=1, whole_up_to=1)
    assert cut == pytest.approx([50.0, 50.0, 50.0, 50.0, 50.0])
    assert whole.tolist() == [True, False, False, False, False]


def test_bad_steps_are_refused():
    with pytest.raises(
        ValueError, match="steps is 3 and whole_up_to 2; give steps >= 1 and whole_up_to >= steps"
    ):
        step_down_size(50.0, FIVE, steps=3)


def test_slices_of_hyperliquid():
    sizes = slice_notional(np.array([150e3, 90e3, 120e3, 100e3, -150e3]), np.array([0, 0, 1, 0, 0]))
    assert sizes == pytest.approx([30e3, 90e3, 120e3, 100e3, 30e3])
    waiting = in_cooldown(60 * SECOND, np.array([31 * SECOND, 30 * SECOND, NEVER]))
    assert waiting.tolist() == [True, False, False]


def test_share_by_time_of_drift():
    # the rule's test: 49 dollars at once; then 10 % and one 150th a slot, of what is left and what was done
    assert share_by_time(49.0, 1) == 1.0
    assert share_by_time(100.0, np.array([0, 15, 150])) == pytest.approx([0.1, 0.2, 1.0])
    assert share_by_time(90.0, 0, freed=10.0) == 0.0
    assert share_by_time(80.0, 30, freed=20.0) == pytest.approx((0.3 * 100 - 20) / 80)
    assert share_by_time(100.0, 0, duration_slots=0.0) == 1.0


def test_block_limits_of_dydx():
    limits = block_limits(np.array([50_000_000_000, 50, 100_000]), 100, 500_000)
    assert [limit.tolist() for limit in limits] == [[100, 50, 100], [25_000_000_000, 50, 50_000]]
    assert block_remainder([1_000, 100], [400, 200]).tolist() == [600, 0]


def test_fee_ramp_of_drift():
    fees = ramped_liquidation_fee(0.02, 0.05, np.array([10, 1_499, 1_500, 10_000, 100_000]))
    assert fees == pytest.approx([0.02, 0.02, 0.0215, 0.03, 0.05])


def test_fund_fee_leaves_room_for_the_cure():
    # 10x, 1 % to the liquidator: nothing is left for the fund when the whole position just cures the shortage
    fees = fund_fee(np.array([0.0, 5.0, 9.0, 20.0]), 1.0, 100.0, 0.1, 0.01, 0.03)
    assert fees == pytest.approx([0.03, 0.03, 0.0, 0.0])
