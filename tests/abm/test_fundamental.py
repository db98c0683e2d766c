"""Fundamental values: moments, news, step length."""

import math

import numpy as np
import pytest

from abm.information.fundamental import Fundamentals, ValueProcess
from abm.information.news import News

PRICE = np.array([100.0, 4.0])
SHARE = np.array([0.9, 0.6])


def process(volatility=(1e-4, 2e-4), **more):
    return ValueProcess(PRICE, np.array(volatility), SHARE, **more)


def path(world, steps, step_s):
    logs = [world.log_value.copy()]
    for k in range(steps):
        world.step((k + 1) * step_s, step_s, k)
        logs.append(world.log_value.copy())
    return np.array(logs)


@pytest.mark.parametrize("step_s", [0.5, 1.0, 60.0])
def test_volatility_and_correlation_are_those_asked_for_at_any_step(step_s):
    steps = 20_000
    returns = np.diff(path(Fundamentals(process(fast_size=0.0, slow_size=0.0), (), 3), steps, step_s), axis=0)
    spread = returns.std(axis=0) / math.sqrt(step_s)
    error = 1.0 / math.sqrt(2 * steps)  # relative standard error of a standard deviation
    assert np.abs(spread / [1e-4, 2e-4] - 1.0).max() < 3.5 * error
    rho = SHARE[0] * SHARE[1]
    found = np.corrcoef(returns.T)[0, 1]
    assert abs(found - rho) < 3.5 * (1 - rho**2) / math.sqrt(steps)
    assert np.abs(returns.mean(axis=0)).max() < 3.5 * 2e-4 * math.sqrt(step_s / steps)


def test_volatility_clusters_without_changing_its_mean():
    factors = []
    for seed in range(300):
        world = Fundamentals(process(), (), seed)
        for k in range(5):
            world.step((k + 1) * 4 * 86400.0, 4 * 86400.0, k)  # far apart: independent draws
            factors.append(world.volatility_factor)
    factors = np.array(factors)
    error = factors.std() / math.sqrt(len(factors))
    assert abs(np.mean(factors) - 1.0) < 3.5 * error
    assert np.log(factors).std() == pytest.approx(math.hypot(0.45, 0.35), rel=0.07)


def test_news_arrives_once_in_full_at_any_step_length():
    change = np.array([-0.03, -0.05])
    for duration, step_s in ((0.0, 1.0), (10.0, 1.0), (10.0, 3.0), (10.0, 60.0), (1e-3, 7.0)):
        item = News(20.0, duration, change, equity_log_change=-0.01)
        world = Fundamentals(process(volatility=(1e-12, 1e-12)), (item,), 1)
        logs = path(world, math.ceil(60 / step_s), step_s)
        assert logs[-1] - logs[0] == pytest.approx(change, abs=1e-9)
        assert world.news_log_value == pytest.approx(change)
        assert world.equity_index == pytest.approx(100 * math.exp(-0.01), rel=1e-6)


def test_news_comes_at_a_constant_rate():
    item = News(20.0, 10.0, np.array([-0.1]))
    parts = [item.share_between(t, t + 1) for t in range(40)]
    assert parts == pytest.approx([0.0] * 20 + [0.1] * 10 + [0.0] * 10)
    at_once = News(20.0, 0.0, np.array([-0.1]))
    assert [at_once.share_between(t, t + 1) for t in (18, 19, 20)] == [0.0, 1.0, 0.0]


def test_uncertainty_after_news_halves_with_its_half_life():
    item = News(100.0, 0.0, np.zeros(2), volatility_multiple=5.0, volatility_half_life_s=50.0)
    assert item.excess_volatility(99.0) == 0.0
    assert [item.excess_volatility(100.0 + t) for t in (0, 50, 100)] == pytest.approx([4.0, 2.0, 1.0])
    loud, quiet = Fundamentals(process(), (item,), 1), Fundamentals(process(), (), 1)
    for world in (loud, quiet):
        world.step(150.0, 1.0, 0)
    assert loud.volatility_factor == pytest.approx(3.0 * quiet.volatility_factor)


def test_without_news_the_draws_are_the_same():
    item = News(5.0, 0.0, np.array([-0.03, -0.04]))
    shocked, calm = (path(Fundamentals(process(), news, 9), 10, 1.0) for news in ((item,), ()))
    assert np.array_equal(shocked[:5], calm[:5])
    assert (shocked - calm)[5:] == pytest.approx(np.tile([-0.03, -0.04], (6, 1)))


def test_seeds_differ():
    one, two = (path(Fundamentals(process(), (), seed), 5, 1.0) for seed in (1, 2))
    assert not np.array_equal(one, two)


def test_a_redeemed_coin_keeps_the_ratio_to_its_base_whatever_happens():
    item = News(5.0, 0.0, np.array([-0.03, -0.2]))
    prices, own = np.array([100.0, 108.0]), {"volatility": np.array([1e-3, 1e-2]), "factor_share": SHARE}
    free = path(Fundamentals(ValueProcess(prices, **own), (item,), 9), 10, 1.0)
    tied = path(Fundamentals(ValueProcess(prices, base=np.array([-1, 0]), **own), (item,), 9), 10, 1.0)
    assert np.array_equal(tied[:, 0], free[:, 0])
    assert np.exp(tied[:, 1] - tied[:, 0]) == pytest.approx(1.08, rel=1e-12)
    assert not np.allclose(free[:, 1] - free[:, 0], math.log(1.08))


def test_values_come_back_to_prices_that_are_known():
    """A Brownian bridge over T has variance t (T - t) / T in between: here half an hour of an hour."""
    moved = []
    for seed in range(400):
        world = Fundamentals(process(fast_size=0.0, slow_size=0.0, known_at_s=3600.0), (), seed)
        moved.append(path(world, 70, 60.0)[:, 0] - math.log(PRICE[0]))
    middle, end, after = np.array(moved)[:, [30, 60, 70]].T
    assert np.abs(end).max() < 1e-12
    assert after.std() > 0.0
    expected = 1e-4 * math.sqrt(900.0)
    assert abs(middle.std() - expected) < 3.5 * expected / math.sqrt(2 * 400)
