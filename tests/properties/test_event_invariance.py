"""What an event is must not depend on the unit of price or on when the clock was started."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.measures.fall import find_fall
from abm.measures.legs import split_legs
from abm.measures.price_path import DAY_S, PricePath
from abm.measures.recovery import recovery_share, recovery_time
from experiments.diagnostics.event import Event, measure_event

STEP_S = 300.0
CALM_BARS, CRASH_BARS, AFTER_BARS = 288 * 3, 24, 288 * 4


def random_event(seed: int, drop: float, give_back: float) -> PricePath:
    generator = np.random.default_rng(seed)
    noise = 0.001 * generator.standard_normal(CALM_BARS + CRASH_BARS + AFTER_BARS)
    noise[CALM_BARS : CALM_BARS + CRASH_BARS] -= drop / CRASH_BARS
    noise[CALM_BARS + CRASH_BARS : CALM_BARS + 2 * CRASH_BARS] += give_back * drop / CRASH_BARS
    close = 100.0 * np.exp(np.cumsum(noise))
    wick = np.exp(0.001 * np.abs(generator.standard_normal(len(close))))
    volume = generator.exponential(1e6, len(close))
    return PricePath(np.arange(1.0, len(close) + 1.0) * STEP_S, close / wick, close * wick, close, volume)


def moved(path: PricePath, scale: float, shift_s: float) -> PricePath:
    return PricePath(
        path.time_s + shift_s, path.low * scale, path.high * scale, path.close * scale, path.notional
    )


def numbers(event: Event) -> dict[str, float]:
    return {name: value for name, (value, _) in event.metrics().items()}


events = st.builds(
    random_event, st.integers(0, 10_000), st.floats(0.05, 0.7), st.floats(0.0, 1.0, allow_nan=False)
)


@settings(max_examples=25, deadline=None)
@given(events, st.floats(1e-4, 1e4), st.integers(-20_000, 20_000))
def test_metrics_do_not_depend_on_the_unit_of_price_nor_on_the_date(path, scale, days):
    start_s = CALM_BARS * STEP_S
    original = measure_event(path, start_s)
    again = measure_event(moved(path, scale, days * DAY_S), start_s + days * DAY_S)
    assert numbers(again) == pytest.approx(numbers(original), rel=1e-6, nan_ok=True)
    assert [leg.low_s - days * DAY_S for leg in again.legs] == [leg.low_s for leg in original.legs]


@settings(max_examples=50, deadline=None)
@given(events)
def test_legs_are_in_order_within_the_fall_and_make_new_lows(path):
    fall = find_fall(path, CALM_BARS * STEP_S)
    legs = split_legs(path, fall)
    assert legs
    assert fall.start_s <= legs[0].start_s
    assert legs[-1].low_price == fall.low_price or legs[-1].low_s < fall.low_s
    for earlier, later in pairwise(legs):
        assert earlier.low_s <= later.start_s
        assert later.low_price < earlier.low_price
    for leg in legs:
        assert leg.start_s < leg.low_s <= fall.low_s
        assert 0.0 < leg.fall < 1.0


@settings(max_examples=50, deadline=None)
@given(events, st.floats(0.05, 1.0), st.floats(0.0, 2 * DAY_S))
def test_a_sustained_recovery_is_never_earlier_than_the_first_touch(path, share, hold_s):
    fall = find_fall(path, CALM_BARS * STEP_S)
    touch, kept = recovery_time(path, fall, share), recovery_time(path, fall, share, hold_s)
    if not np.isnan(kept.after_s):
        assert kept.after_s >= touch.after_s
        assert recovery_share(path, fall, kept.after_s) >= share
        assert kept.held_s <= hold_s
    if not np.isnan(touch.after_s):
        assert recovery_share(path, fall, touch.after_s) >= share
