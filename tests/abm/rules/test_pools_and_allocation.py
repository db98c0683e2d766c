"""Impact of pools, skew prices, pro-rata and iceberg allocation, bands between index and mark."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.book.messages import BUY, CANCEL, LIMIT, LIQUIDATION, SELL, message_table
from abm.rules.iceberg import iceberg_fills, share_hidden
from abm.rules.index_band import MarkIndexBand, PremiumIndexBand, bybit_band, okx_band, okx_first_band
from abm.rules.pool_impact import capped_impact, pool_fill, price_impact
from abm.rules.price_band import PriceBand, fill_in_band, last_price_band, outside_limits
from abm.rules.pro_rata import pro_rata, pro_rata_then_time
from abm.rules.skew_price import skew_fill_price

LOTS = st.lists(st.integers(0, 500), min_size=1, max_size=8)
USD = st.floats(1, 1e6)


def test_gmx_impact():
    # README: balanced to 50,000, exponent 2, factor 0.01 / 50,000: -500 USD; back again +500
    assert price_impact(0, 50_000, 2, 0.01 / 50_000) == pytest.approx(-500)
    assert price_impact(50_000, 0, 2, 0.01 / 50_000) == pytest.approx(500)
    # half the factor for improvements: 250 back; the larger side changes from 20,000 short to 30,000 long
    assert price_impact(50_000, 0, 2, 1e-7, 2e-7) == pytest.approx(250)
    assert price_impact(-20_000, 30_000, 2, 1e-7, 2e-7) == pytest.approx(40 - 180)
    assert price_impact([10_000, 20_000], [20_000, 10_000], 2, 1e-7, 2e-7) == pytest.approx([-60, 30])
    assert capped_impact([500, -500, 500], [0.05, 0.05, 0.0], 5_000).tolist() == [250, -500, 0]
    with pytest.raises(ValueError, match=r"negative_factor is -1"):
        price_impact(0, 1, 2, 1e-7, -1)


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(1, 3), st.floats(0, 1e-7), st.floats(1, 3))
def test_no_round_trip_earns_impact(start, after, exponent, factor, times):
    there = price_impact(start, after, exponent, factor, factor * times)
    back = price_impact(after, start, exponent, factor, factor * times)
    assert there + back <= 1e-9 * (abs(there) + abs(back)) + 1e-9


def test_gmx_fills():
    fill = pool_fill(50_000, 5_000, -0.001)
    assert fill == pytest.approx((9.99, 0.01, -50.0, 5005.005005005005))
    short = pool_fill(50_000, 5_000, -0.001, -1)
    assert short == pytest.approx((10.01, 0.01, -50.0, 4995.004995004995))
    for bad, match in (((0, 5, 0), "size_usd is 0"), ((1, 0, 0), "oracle is 0"), ((1, 1, 1), "impact is 1")):
        with pytest.raises(ValueError, match=match):
            pool_fill(*bad)


@settings(deadline=None)
@given(USD, USD, st.floats(-0.5, 0.5), st.sampled_from([1, -1]))
def test_the_impact_pool_gets_what_the_trader_loses(size, oracle, impact, side):
    fill = pool_fill(size, oracle, impact, side)
    pnl = side * (fill.tokens * oracle - size)
    assert pnl == pytest.approx(fill.pending_pnl, abs=1e-6 * size)
    assert fill.pool_tokens * oracle == pytest.approx(-fill.pending_pnl, abs=1e-6 * size)
    assert fill.entry * fill.tokens == pytest.approx(size)


def test_skew_prices():
    assert skew_fill_price(1_000, 0, 10, 1_000) == pytest.approx(1_005)
    assert skew_fill_price(1_000, 100, -200, 1_000) == pytest.approx(1_000)
    with pytest.raises(ValueError, match=r"scale is 0"):
        skew_fill_price(1, 0, 1, 0)


def test_cme_allocation():
    orders = [5, 9, 57, 4, 28, 300]
    assert pro_rata(orders, 50, 2).tolist() == [0, 0, 7, 0, 3, 37]
    assert pro_rata_then_time(orders, 50, 2).tolist() == [3, 0, 7, 0, 3, 37]
    assert pro_rata([1, 9], 100, 2).tolist() == [0, 9]
    assert pro_rata_then_time([1, 9], 100, 2).tolist() == [1, 9]
    assert pro_rata([0, 0], 5).tolist() == [0, 0]
    for bad, match in ((([-1], 1, 0), "orders is -1"), (([1], -1, 0), "aggressor is -1")):
        with pytest.raises(ValueError, match=match):
            pro_rata(*bad)


@settings(deadline=None)
@given(LOTS, st.integers(0, 3_000), st.integers(0, 20))
def test_allocation_fills_what_there_is_and_no_order_beyond_its_size(orders, aggressor, least):
    for filled in (pro_rata_then_time(orders, aggressor, least), share_hidden(orders, aggressor)):
        assert filled.sum() == min(aggressor, sum(orders))
        assert (filled <= orders).all()
        assert (filled >= 0).all()
    step = pro_rata(orders, aggressor, least)
    assert ((step == 0) | (step >= least)).all()


def test_vega_icebergs():
    assert share_hidden([200, 100, 100], 300).tolist() == [150, 75, 75]
    assert share_hidden([200, 100, 100], 600).tolist() == [200, 100, 100]  # 0014-ORDT-038: 200 go on
    assert share_hidden([7, 3, 3], 5).tolist() == [3, 1, 1]  # 2.7, 1.2, 1.2: both odd lots to the earliest
    assert iceberg_fills([5, 5, 5], [195, 95, 95], 10).tolist() == [5, 5, 0]
    assert iceberg_fills([5, 5, 5], [200, 100, 100], 315).tolist() == [155, 80, 80]
    with pytest.raises(ValueError, match=r"hidden has shape \(1,\)"):
        iceberg_fills([1, 2], [1], 1)
    with pytest.raises(ValueError, match=r"displayed is \[-1\]"):
        iceberg_fills([-1], [1], 1)


def test_bybit_bands():
    assert bybit_band(100, 99, 0.02, 0.05) == (pytest.approx(97.02), pytest.approx(100.98))
    assert bybit_band(110, 99, 0.02, 0.05)[1] == pytest.approx(103.95)  # index beyond the hard bound
    assert bybit_band(90, 99, 0.02, 0.05)[0] == pytest.approx(94.05)
    assert bybit_band(100, 99, 0.02, 0.05, 0.5, 2.0) == (pytest.approx(97.02), pytest.approx(101.98))
    assert bybit_band(np.nan, 99, 0.02, 0.05, 0.5, np.nan) == (pytest.approx(97.02), pytest.approx(100.98))
    assert last_price_band(10_000, 0.05) == (9_500, 10_500)
    assert fill_in_band(10_500, 11_000, 100, 70) == (10_500, 70, 30)
    assert fill_in_band(10_500, 10_400, 100, 70) == (10_500, 70, 0)  # inside: the rest may stay


def test_okx_bands():
    assert okx_band(50_000, 0.02, 0.05, -300) == (pytest.approx(48_700), pytest.approx(50_700))
    assert okx_band(50_000, 0.02, 0.05, 3_000) == (pytest.approx(50_000), pytest.approx(52_500))
    assert okx_band(50_000, 0.02, 0.05, -3_000) == (pytest.approx(47_500), pytest.approx(50_000))
    assert okx_first_band(50_000, 0.02) == (pytest.approx(49_000), pytest.approx(51_000))
    for rule, match in (
        (lambda: PremiumIndexBand(0.05, 0.02), "z is 0.02"),
        (lambda: MarkIndexBand(2), "x is 2"),
    ):
        with pytest.raises(ValueError, match=match):
            rule()
    with pytest.raises(ValueError, match="alpha is -1"):
        MarkIndexBand(alpha=-1)


@settings(deadline=None)
@given(USD, USD, st.floats(-1e5, 1e5))
def test_bands_lie_within_their_hard_bounds(index, mark, premium):
    one = [np.array([value]) for value in (index, mark, premium)]
    for rule, centre, hard in (
        (MarkIndexBand(alpha=1.0), mark, 0.05),
        (PremiumIndexBand(), index, 0.05),
        (PriceBand(), mark, 0.05),
    ):
        lowest, highest = rule.limits(*one)
        assert centre * (1 - hard) * (1 - 1e-9) <= lowest <= highest <= centre * (1 + hard) * (1 + 1e-9)


def test_limits_refuse_new_orders_only():
    table = message_table(6)
    table.side = [BUY, BUY, SELL, SELL, BUY, BUY]
    table.price = [105, 106, 95, 94, 500, 500]
    table.kind = [LIMIT, LIMIT, LIMIT, LIMIT, CANCEL, LIMIT]
    table.source[5] = LIQUIDATION
    limits = np.array([95.0]), np.array([105.0])
    assert outside_limits(table, *limits).tolist() == [False, True, False, True, False, False]
    assert not outside_limits(table, np.array([np.nan]), np.array([np.nan])).any()
