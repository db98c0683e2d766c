"""The book reproduces the mean spread of Smith et al. 2003, Figure 10, within 1.5 %.

Five runs of 300,000 events: the standard error of their mean is 0.3 % to 0.6 % of it, as seen over the seeds;
with four runs of 3,000,000 events it is about 0.15 %, and 0.6 % is asked for.
"""

import numpy as np
import pytest

from experiments.reproduce.smith2003 import FIGURE_10, mean_spread


@pytest.mark.parametrize(("eps", "published"), FIGURE_10.items())
def test_mean_spread(eps, published):
    runs = [mean_spread(eps, 300_000, seed) for seed in range(5)]
    assert np.std(runs, ddof=1) < 0.02 * published
    assert np.mean(runs) == pytest.approx(published, rel=0.015)


@pytest.mark.slow
@pytest.mark.parametrize(("eps", "published"), FIGURE_10.items())
def test_mean_spread_of_long_runs(eps, published):
    runs = [mean_spread(eps, 3_000_000, seed) for seed in range(20, 24)]
    assert np.mean(runs) == pytest.approx(published, rel=0.006)


def test_same_seed_same_spread():
    assert mean_spread(0.1, 20_000, 1) == mean_spread(0.1, 20_000, 1) != mean_spread(0.1, 20_000, 2)


@pytest.mark.parametrize(
    ("arguments", "words"), [((0.0, 20_000, 0), "eps is 0.0"), ((0.1, 100, 0), "events is 100")]
)
def test_values_out_of_range(arguments, words):
    with pytest.raises(ValueError, match=words):
        mean_spread(*arguments)
