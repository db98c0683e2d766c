import math

import numpy as np
import pytest
from shapes import minutes, swings, v_shape

from abm.measures.fall import Fall, find_fall
from abm.measures.legs import Leg
from abm.measures.price_path import DAY_S, HOUR_S, PricePath
from abm.measures.sampling import grid, last_known, log_returns, sums
from abm.measures.volatility import (
    calm_window,
    crash_to_calm_volatility,
    fall_in_calm_deviations,
    hour_volume_spike,
    volatility_ratio,
    volume_spike,
)


def fall_at(start_s: float, low_s: float) -> Fall:
    return Fall(start_s, 100.0, 0, low_s, 80.0, 1, low_s - start_s)


def test_volatility_ratio_of_alternating_returns():
    # sample deviations of n alternating returns of size a are a * sqrt(n / (n - 1))
    path = swings(calm=0.001, wild=0.004, days_calm=10, days_wild=6)
    fall, calm = fall_at(10 * DAY_S, 10 * DAY_S), (0.0, 8 * DAY_S)
    late, early = math.sqrt(24 / 23), math.sqrt(190 / 189)  # the first close has no return before it
    value = volatility_ratio(path, fall, 2 * DAY_S, calm)
    n = len(log_returns(path, *calm, HOUR_S))
    assert n == 191
    assert value == pytest.approx(4.0 * late / early, rel=1e-3)


def test_volatility_ratio_needs_the_hours_after_and_before():
    path = swings(calm=0.001, wild=0.004, days_calm=10, days_wild=2)
    fall = fall_at(10 * DAY_S, 10 * DAY_S)
    assert math.isnan(volatility_ratio(path, fall, 3 * DAY_S, (0.0, 8 * DAY_S)))
    assert math.isnan(volatility_ratio(path, fall, DAY_S, (0.0, 4 * HOUR_S)))


def test_trailing_hours_are_those_complete_at_the_time_asked_for():
    # a single jump at hour 241 (the first after the low): within the day after the low, not within the next
    closes = np.full(24 * 16, 100.0)
    closes[1 : 24 * 10 : 2] = 100.1
    closes[240:] = 110.0
    path = PricePath.of_closes(np.arange(1.0, len(closes) + 1.0) * HOUR_S, closes)
    fall, calm = fall_at(10 * DAY_S, 10 * DAY_S), (0.0, 9 * DAY_S)
    assert volatility_ratio(path, fall, DAY_S, calm) > 10.0
    assert volatility_ratio(path, fall, 2 * DAY_S, calm) == 0.0


def test_crash_to_calm_is_the_ratio_of_five_minute_deviations():
    n = 12 * 24 * 4
    size = np.full(n, 0.001)
    crash = 12 * 24 * 3
    size[crash : crash + 18] = 0.02
    closes = 100.0 * np.exp(np.cumsum(size * np.where(np.arange(n) % 2 == 0, 1.0, -1.0)))
    path = PricePath.of_closes(np.arange(1.0, n + 1.0) * 300.0, closes)
    start_s = crash * 300.0
    leg = Leg(start_s, 100.0, start_s + 1800.0, 80.0)
    value = crash_to_calm_volatility(path, fall_at(start_s, start_s + 1800.0), leg, (0.0, 3 * DAY_S))
    assert value == pytest.approx(20.0 * math.sqrt(18 / 17), rel=2e-3)


def test_calm_is_whole_days_before_the_day_of_the_event():
    path = swings(0.001, 0.001, 40, 0)
    assert calm_window(path, 35 * DAY_S + 3 * HOUR_S) == (5 * DAY_S, 35 * DAY_S)
    assert calm_window(path, 35 * DAY_S, days=3.0) == (32 * DAY_S, 35 * DAY_S)


def test_days_already_in_a_drawdown_are_not_calm():
    knots = [(0, 100), (10 * 1440, 100), (10 * 1440 + 60, 85), (13 * 1440, 85), (13 * 1440 + 30, 60)]
    path = minutes([(float(x), float(y)) for x, y in [*knots, (14 * 1440, 60)]])
    assert calm_window(path, 13 * DAY_S) == (0.0, 10 * DAY_S)
    # a drawdown older than a week is the new level
    long = minutes([(float(x), float(y)) for x, y in [*knots[:3], (20 * 1440, 85), (21 * 1440, 60)]])
    assert calm_window(long, 20 * DAY_S)[1] == 20 * DAY_S


def test_a_short_run_is_calm_up_to_the_event():
    path = minutes([(0.0, 100.0), (60.0, 100.0), (90.0, 80.0)])
    assert calm_window(path, 3600.0) == (0.0, 3600.0)


def test_volume_spike_over_the_calm_median_and_the_mean_hour():
    prices, start_s = v_shape()
    volume = np.full(len(prices.time_s), 10.0)
    hit = int(np.searchsorted(prices.time_s, start_s + 20 * 60.0, side="right"))  # minutes 21 to 25
    volume[hit : hit + 5] = 70.0
    path = PricePath(prices.time_s, prices.low, prices.high, prices.close, volume)
    fall = find_fall(path, start_s)
    calm = calm_window(path, start_s)
    assert volume_spike(path, fall, calm) == pytest.approx(7.0)
    assert hour_volume_spike(path, fall, calm) == pytest.approx((55 * 10 + 5 * 70) / 600)
    assert math.isnan(volume_spike(prices, fall, calm))


def test_an_event_is_large_only_against_its_calm():
    path = swings(0.001, 0.001, 20, 2)
    fall = Fall(10 * DAY_S, 100.0, 239, 10 * DAY_S + 4 * HOUR_S, 90.0, 243, 3 * HOUR_S)
    expected = math.log(100 / 90) / (0.001 * 2.0)
    assert fall_in_calm_deviations(path, fall, (0.0, 10 * DAY_S)) == pytest.approx(expected, rel=5e-3)


def test_last_known_value_is_never_from_the_future_nor_too_old():
    time_s, values = np.array([10.0, 20.0, 50.0]), np.array([1.0, 2.0, 5.0])
    at_s = np.array([9.0, 10.0, 19.9, 20.0, 49.0, 50.0, 99.0])
    np.testing.assert_array_equal(last_known(time_s, values, at_s), [np.nan, 1.0, 1.0, 2.0, 2.0, 5.0, 5.0])
    young = last_known(time_s, values, at_s, max_age_s=10.0)
    np.testing.assert_array_equal(young, [np.nan, 1.0, 1.0, 2.0, np.nan, 5.0, np.nan])


def test_a_gap_adds_no_zero_returns():
    time_s = np.array([60.0, 120.0, 180.0, 600.0, 660.0])
    path = PricePath.of_closes(time_s, np.array([100.0, 101.0, 102.0, 110.0, 111.0]))
    returns = log_returns(path, 0.0, 660.0, 60.0)
    np.testing.assert_allclose(returns, np.log([101 / 100, 102 / 101, 111 / 110]))


def test_grid_times_survive_the_rounding_of_summed_steps():
    time_s = np.cumsum(np.full(3000, 0.1))  # 300 s in steps whose sums are not exact
    path = PricePath(time_s, *[np.ones(3000)] * 3, notional=np.ones(3000))
    np.testing.assert_allclose(sums(path, 0.0, 300.0, 60.0), 600.0)
    assert len(grid(0.0, 300.0, 60.0)) == 6
