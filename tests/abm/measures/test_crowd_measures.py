"""Herding, branching of liquidations, fragility: beside counts by hand and known processes."""

from math import comb

import numpy as np
import pandas as pd
import pytest

from abm.measures.branching import branching_of_liquidations, spread_over_steps
from abm.measures.fragility import fragility_index, reproduction_numbers
from abm.measures.hawkes import simulate_hawkes
from abm.measures.herding_index import expected_imbalance, lsv_herding


@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (7, 0.3), (10, 0.5), (12, 0.0), (9, 1.0), (5, 0.6)])
def test_expected_imbalance_is_the_binomial_sum(n, p):
    by_hand = sum(comb(n, k) * p**k * (1 - p) ** (n - k) * abs(k / n - p) for k in range(n + 1))
    assert expected_imbalance(n, p) == pytest.approx(by_hand, abs=1e-12)


def test_independent_traders_do_not_herd():
    rng = np.random.default_rng(1)
    traders = rng.integers(5, 200, 4000)
    found = lsv_herding(buyers := rng.binomial(traders, 0.4), traders - buyers, 0.4)
    assert found.cells == 4000
    assert abs(found.index) < 3.0 * found.error
    assert found.error < 0.002


def test_a_crowd_on_one_side_herds_and_thin_cells_are_left_out():
    found = lsv_herding([10, 0, 2], [0, 10, 1], 0.5)
    assert found.cells == 2
    assert found.index == pytest.approx(0.5 - 252 / 1024 / 2)  # E|B/10 - 1/2| = C(10, 5) / 2^11
    assert np.isnan(lsv_herding([1], [1], 0.5).index)


def test_events_are_spread_evenly_over_their_step():
    spread = spread_over_steps(np.array([20.0, 10.0, 20.0, 30.0]), np.array([10.0, 20.0, 30.0]))
    assert spread.tolist() == [5.0, 12.5, 17.5, 25.0]


def test_the_branching_ratio_comes_back_from_accounts_that_are_closed_in_slices():
    times = simulate_hawkes(0.05, 0.6, 0.5, 20_000.0, np.random.default_rng(3)) + 100.0
    grid = np.arange(1.0, 20_200.0)
    table = pd.DataFrame({"time_s": np.ceil(times), "account": np.arange(len(times)), "instrument": "A"})
    sliced = pd.concat([table, table.assign(time_s=table["time_s"] + 30.0)], ignore_index=True)
    fit = branching_of_liquidations(sliced, grid, 100.0, 20_100.0)
    assert abs(fit.branching - 0.6) < 3.0 * fit.branching_error
    assert fit.branching_error < 0.05
    assert branching_of_liquidations(table[:9], grid, 100.0, 20_100.0) is None


def test_fragility_is_forced_selling_over_bids():
    forced, bids = np.array([0.0, 30.0, 10.0]), np.array([20.0, 10.0, 0.0])
    assert reproduction_numbers(forced, bids).tolist() == [0.0, 3.0, np.inf]
    assert fragility_index(forced, bids) == pytest.approx(40.0 / 30.0)
    assert fragility_index(forced, 0 * bids) == np.inf
    assert np.isnan(fragility_index(0 * forced, 0 * bids))
