import math

import numpy as np
import pytest

from abm.measures.co_movement import beta_share, correlation_jump, paired_returns
from abm.measures.fall import find_fall
from abm.measures.legs import split_legs, worst_leg
from abm.measures.price_path import DAY_S, HOUR_S, Floats, PricePath

STEP_S = 300.0
START = 288 * 3


def closes(returns: Floats, step_s: float = STEP_S, begin_s: float = 0.0) -> PricePath:
    time_s = begin_s + np.arange(1.0, len(returns) + 1.0) * step_s
    return PricePath.of_closes(time_s, 100.0 * np.exp(np.cumsum(returns)))


def reference_returns() -> Floats:
    returns = 0.001 * np.random.default_rng(7).standard_normal(288 * 4)
    returns[START : START + 6] = -0.01
    return returns


def test_a_fall_that_is_all_beta_has_share_one():
    reference = reference_returns()
    asset, outside = closes(2.5 * reference), closes(reference)
    fall = find_fall(asset, START * STEP_S)
    share = beta_share(asset, outside, fall, worst_leg(split_legs(asset, fall)))
    assert share is not None
    assert share.beta == pytest.approx(2.5)
    assert share.share == pytest.approx(1.0)
    assert share.share_error == pytest.approx(0.0, abs=1e-9)
    assert share.correlation == pytest.approx(1.0)
    before, during = correlation_jump(asset, outside, fall)
    assert (before, during) == (pytest.approx(1.0), pytest.approx(1.0))


def test_a_fall_while_the_reference_stands_still_has_share_near_zero():
    reference = reference_returns()
    asset = 2.5 * reference
    asset[START : START + 6] = -0.05
    reference[START : START + 6] = 0.0
    path, outside = closes(asset), closes(reference)
    fall = find_fall(path, START * STEP_S)
    share = beta_share(path, outside, fall, worst_leg(split_legs(path, fall)))
    assert share is not None
    assert abs(share.share) < 0.02
    before, during = correlation_jump(path, outside, fall)
    assert before == pytest.approx(1.0)
    assert during < before


def test_a_finer_reference_is_read_at_the_ends_of_the_asset_bars():
    minute = 0.001 * np.random.default_rng(3).standard_normal(1440 * 2)
    outside = closes(minute, 60.0)
    asset = closes(minute.reshape(-1, 5).sum(axis=1), STEP_S)
    pairs = paired_returns(asset, outside)
    np.testing.assert_allclose(pairs.asset, pairs.reference, atol=1e-12)
    assert pairs.sampling_s == STEP_S


def test_returns_across_a_closed_market_are_left_out():
    outside = closes(np.full(100, 0.001))
    open_hours = np.r_[0:40, 70:100]
    closing = PricePath.of_closes(outside.time_s[open_hours], outside.close[open_hours])
    assert len(paired_returns(outside, closing).asset) == 39 + 29


def test_a_daily_reference_is_compared_with_the_worst_day():
    days = 60
    daily = 0.01 * np.random.default_rng(5).standard_normal(days)
    daily[40] = -0.1
    outside = closes(daily, DAY_S)
    hourly = np.repeat(1.5 * daily / 24.0, 24)
    asset = closes(hourly, HOUR_S)
    fall = find_fall(asset, 40 * DAY_S)
    share = beta_share(asset, outside, fall, worst_leg(split_legs(asset, fall)))
    assert share is not None
    assert share.beta == pytest.approx(1.5)
    assert share.reference_return == pytest.approx(-0.1)
    assert share.share == pytest.approx(1.0)
    assert share.pairs == 40


def test_a_reference_that_does_not_cover_the_event_gives_nothing():
    reference = reference_returns()
    asset = closes(reference)
    fall = find_fall(asset, START * STEP_S)
    leg = worst_leg(split_legs(asset, fall))
    elsewhere = closes(reference, begin_s=90 * DAY_S)
    assert beta_share(asset, elsewhere, fall, leg) is None
    assert all(math.isnan(value) for value in correlation_jump(asset, elsewhere, fall))
    still = PricePath.of_closes(asset.time_s, np.full(len(asset.time_s), 50.0))
    assert beta_share(asset, still, fall, leg) is None
