import numpy as np
import pytest
from scipy import stats

from experiments.statistics import estimate_median, quantile_bands


def test_interval_agrees_with_scipy_percentile_bootstrap():
    values = np.random.default_rng(3).lognormal(size=25)
    ours = estimate_median(values)
    theirs = stats.bootstrap(
        (values,), np.median, n_resamples=20_000, method="percentile", rng=np.random.default_rng(5)
    ).confidence_interval
    assert ours.median == np.median(values)
    assert ours.low == pytest.approx(theirs.low, rel=0.08)
    assert ours.high == pytest.approx(theirs.high, rel=0.08)


def test_interval_covers_the_true_median_about_as_often_as_it_says():
    draw = np.random.default_rng(8)
    inside = 0
    for _ in range(300):
        estimate = estimate_median(draw.standard_normal(20))
        inside += estimate.low <= 0.0 <= estimate.high
    assert 0.90 <= inside / 300 <= 0.99


def test_same_values_give_the_same_interval():
    assert estimate_median([3.0, 1.0, 2.0]) == estimate_median([3.0, 1.0, 2.0])


def test_undefined_values_are_left_out_and_counted():
    estimate = estimate_median([1.0, np.nan, 3.0])
    assert (estimate.median, estimate.count) == (2.0, 2)


def test_censored_values_take_part():
    estimate = estimate_median([1.0, 2.0, np.inf])
    assert estimate.median == 2.0
    assert estimate.high == np.inf
    assert estimate_median([1.0, np.inf, np.inf]).median == np.inf


def test_one_value_has_no_interval_and_none_has_no_median():
    single = estimate_median([4.0])
    assert single.median == 4.0
    assert np.isnan(single.low)
    assert np.isnan(estimate_median([]).median)


def test_bands_are_numpy_quantiles_where_all_is_defined():
    stack = np.random.default_rng(1).standard_normal((7, 30))
    assert np.allclose(quantile_bands(stack), np.quantile(stack, [0.05, 0.5, 0.95], axis=0))


def test_bands_leave_out_what_is_not_a_number():
    stack = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    bands = quantile_bands(stack, (0.5,))
    assert bands[0, 0] == 2.0
    assert np.isnan(bands[0, 1])


def test_seeds_between_always_and_never_have_an_interval_without_a_warning():
    estimate = estimate_median([-np.inf, -1.0, 2.0, np.inf])
    assert estimate.median == 0.5
    assert (estimate.low, estimate.high) == (-np.inf, np.inf)
