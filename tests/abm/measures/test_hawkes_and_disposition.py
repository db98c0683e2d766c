"""Branching ratios and the disposition effect; recovery over many paths is in the conformance tests."""

import numpy as np
import pytest

from abm.measures.disposition import Disposition, count_positions, sale_chance
from abm.measures.hawkes import fano_factor, fit_hawkes, log_likelihood, simulate_hawkes


def test_likelihood_by_the_double_sum():
    times, end, base, branching, decay = np.array([0.5, 1.1, 1.2, 4.0]), 5.0, 0.4, 0.6, 1.5
    rate = [base + sum(branching * decay * np.exp(-decay * (t - s)) for s in times if s < t) for t in times]
    compensator = base * end + branching * (1 - np.exp(-decay * (end - times))).sum()
    expected = np.log(rate).sum() - compensator
    assert log_likelihood(times, end, base, branching, decay) == pytest.approx(expected)


def test_fit_is_a_maximum_and_says_how_sure_it_is():
    times = simulate_hawkes(0.5, 0.5, 2.0, 4000.0, np.random.default_rng(1))
    fit = fit_hawkes(times[::-1], 4000.0)
    assert abs(fit.branching - 0.5) < 4 * fit.branching_error < 0.2
    assert abs(fit.base_per_s - 0.5) < 4 * fit.base_error < 0.2
    assert abs(fit.decay_per_s - 2.0) < 4 * fit.decay_error < 1.0
    assert fit.events == len(times)
    for factor in (0.97, 1.03):
        for place in range(3):
            moved = np.array([fit.base_per_s, fit.branching, fit.decay_per_s])
            moved[place] *= factor
            assert log_likelihood(times, 4000.0, *moved) < fit.log_likelihood


def test_events_without_memory_have_no_branching():
    times = np.random.default_rng(2).uniform(0, 5000.0, 5000)
    assert fit_hawkes(times, 5000.0).branching < 0.06
    assert fano_factor(times, 5000.0, 10.0) == pytest.approx(1.0, abs=4 * np.sqrt(2 / 500))


def test_units_of_time_do_not_matter():
    times = simulate_hawkes(0.5, 0.5, 2.0, 2000.0, np.random.default_rng(3))
    seconds, milliseconds = fit_hawkes(times, 2000.0), fit_hawkes(times * 1000, 2_000_000.0)
    assert milliseconds.branching == pytest.approx(seconds.branching, rel=1e-3)
    assert milliseconds.decay_per_s * 1000 == pytest.approx(seconds.decay_per_s, rel=1e-3)


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(ValueError, match="9 events; at least 10"):
        fit_hawkes(np.arange(9), 10.0)
    with pytest.raises(ValueError, match=r"from 0 to 5.0 s"):
        fit_hawkes(np.arange(20), 5.0)
    with pytest.raises(ValueError, match=r"branching is 1.0"):
        simulate_hawkes(1.0, 1.0, 1.0, 10.0, np.random.default_rng(1))


def test_only_accounts_that_sell_are_counted():
    profit = np.array([[1.0, -1.0, 2.0, 0.0], [1.0, -1.0, 1.0, 1.0], [-1.0, -2.0, 3.0, 3.0]])
    sold = np.array([[True, False, False, False], [False] * 4, [True, False, False, True]])
    held = np.array([[True] * 4, [True] * 4, [True, True, True, False]])
    counts = count_positions(profit, sold, held)
    assert counts == Disposition(1, 2, 1, 2)
    assert counts + counts == Disposition(2, 4, 2, 4)
    assert counts.pgr == counts.plr == pytest.approx(1 / 3)
    assert counts.ratio == 1.0
    nobody = Disposition(0, 0, 0, 0)
    assert np.isnan([nobody.pgr, nobody.ratio, nobody.ratio_error]).all()


def test_odean_counts_and_their_error():
    table = Disposition(13_883, 79_658, 11_930, 110_348)
    assert (table.pgr, table.plr, table.ratio) == pytest.approx((0.14842, 0.09756, 1.5212), abs=5e-5)
    assert table.ratio_error == pytest.approx(0.018, abs=0.001)
    assert sale_chance([1.0, 0.0, -1.0], 0.5, 0.1) == pytest.approx(1 - np.exp([-0.5, -0.1, -0.1]))
