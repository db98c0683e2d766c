import math

import numpy as np
import pytest

from abm.measures.stylised_facts import (
    aggregate_returns,
    autocorrelation,
    decay_exponent,
    excess_kurtosis,
    hill_index,
    volatility_volume_correlation,
)


def test_excess_kurtosis_in_closed_form():
    assert excess_kurtosis(np.array([1.0, -1.0] * 50)) == pytest.approx(-2.0)
    # value 1 with probability p, else 0: (1 - 6 p (1 - p)) / (p (1 - p))
    p = 0.1
    values = np.array([1.0] * 10 + [0.0] * 90)
    assert excess_kurtosis(values) == pytest.approx((1 - 6 * p * (1 - p)) / (p * (1 - p)))
    assert math.isnan(excess_kurtosis(np.ones(5)))


def test_hill_index_of_exact_pareto_quantiles():
    alpha, n, k = 3.0, 1000, 50
    ranks = np.arange(1.0, n + 1.0)
    values = (ranks / n) ** (-1.0 / alpha)
    values[::2] *= -1.0
    exact = alpha * k / np.sum(np.log((k + 1.0) / ranks[:k]))
    assert hill_index(values, k / n) == pytest.approx(exact)
    # the estimate has a downward term of order log(k) / k at quantiles; it is the index within 5 %
    assert hill_index(values, k / n) == pytest.approx(alpha, rel=0.06)
    assert hill_index(7.0 * values, k / n) == pytest.approx(exact)
    with pytest.raises(ValueError, match="too short"):
        hill_index(values[:20], 0.05)


def test_autocorrelation_in_closed_form():
    n = 100
    np.testing.assert_allclose(
        autocorrelation(np.array([1.0, -1.0] * (n // 2)), 3),
        [-(n - 1) / n, (n - 2) / n, -(n - 3) / n],
        atol=1e-12,
    )
    values = np.random.default_rng(1).standard_normal(257)
    centred = values - values.mean()
    direct = [centred[:-k] @ centred[k:] / (centred @ centred) for k in range(1, 30)]
    np.testing.assert_allclose(autocorrelation(values, 29), direct, atol=1e-12)
    with pytest.raises(ValueError, match="too few"):
        autocorrelation(np.ones(5), 5)


def test_decay_exponent_of_a_power_law():
    lags = np.array([1.0, 2.0, 5.0, 12.0, 288.0])
    assert decay_exponent(0.4 * lags**-0.25, lags) == pytest.approx(0.25)
    assert decay_exponent(np.array([0.5, 0.5, 0.5])) == pytest.approx(0.0)
    assert math.isnan(decay_exponent(np.array([-0.1, 0.2])))


def test_volume_that_is_a_function_of_volatility_correlates_fully():
    returns = np.array([-0.3, 0.1, 0.2, -0.1, 0.4])
    volume = np.exp(5.0 * np.abs(returns))
    volume_with_a_quiet_bar = np.append(volume, 0.0)
    assert volatility_volume_correlation(returns, volume) == pytest.approx(1.0)
    assert volatility_volume_correlation(np.append(returns, 0.0), volume_with_a_quiet_bar) == pytest.approx(
        1.0
    )
    assert volatility_volume_correlation(returns, 1.0 / volume) == pytest.approx(-1.0)


def test_aggregation_adds_blocks_and_drops_the_rest():
    np.testing.assert_allclose(aggregate_returns(np.arange(8.0), 3), [3.0, 12.0])
