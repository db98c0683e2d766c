"""Random streams: the published generator, by name and by index."""

import numpy as np
import pytest
from scipy import stats

from abm.random_streams import exponential, generator, normal, stream_key, uniform

DRAWS = 20_000
KEY = stream_key(7, "test")


def test_the_first_draw_is_that_of_splitmix64():
    # first output of SplitMix64 (Steele, Lea and Flood 2014) from seed 1234567
    assert uniform(np.uint64(1234567), 0, 0, 0) == (6457827717110365317 >> 11) * 2.0**-53


def test_a_draw_depends_on_each_of_its_names():
    base = uniform(KEY, 3, 4, 5)
    others = [
        uniform(stream_key(8, "test"), 3, 4, 5),
        uniform(stream_key(7, "text"), 3, 4, 5),
        uniform(KEY, 4, 4, 5),
        uniform(KEY, 3, 5, 5),
        uniform(KEY, 3, 4, 6),
    ]
    assert base == uniform(stream_key(7, "test"), 3, 4, 5)
    assert len({base, *others}) == 6


def test_generators_for_set_up_are_named_too():
    assert generator(1, "a").random() == generator(1, "a").random()
    assert generator(1, "a").random() != generator(1, "b").random()


@pytest.mark.parametrize("moving", [0, 1, 2])
def test_uniforms_are_uniform_and_free_of_correlation_along_each_index(moving):
    index = np.array([11, 12, 13])
    draws = np.empty(DRAWS)
    for k in range(DRAWS):
        index[moving] = k
        draws[k] = uniform(KEY, *index.tolist())
    assert stats.kstest(draws, "uniform").pvalue > 1e-3
    for lag in (1, 2, 8):
        # correlation of independent draws has standard error 1 / sqrt(n)
        assert abs(np.corrcoef(draws[:-lag], draws[lag:])[0, 1]) < 3.5 / np.sqrt(DRAWS)
    assert draws.min() >= 0.0
    assert draws.max() < 1.0


def test_two_agents_are_not_correlated_over_time():
    one = np.array([uniform(KEY, 1, k, 0) for k in range(DRAWS)])
    two = np.array([uniform(KEY, 2, k, 0) for k in range(DRAWS)])
    assert abs(np.corrcoef(one, two)[0, 1]) < 3.5 / np.sqrt(DRAWS)


def test_normal_and_exponential_draws_have_their_distributions():
    normals = np.array([normal(KEY, 1, k, 0) for k in range(DRAWS)])
    exponentials = np.array([exponential(KEY, 1, k, 2) for k in range(DRAWS)])
    assert stats.kstest(normals, "norm").pvalue > 1e-3
    assert stats.kstest(exponentials, "expon").pvalue > 1e-3
