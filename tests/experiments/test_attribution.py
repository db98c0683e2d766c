"""Shapley values against their definition and their axioms."""

from itertools import permutations
from math import factorial, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.attribution import (
    antithetic_orders,
    chain,
    estimate_parts,
    exact_shapley,
    marginals,
    sampled_shapley,
    sampling_error,
)

OUTCOME = st.floats(-100.0, 100.0, allow_nan=False)


@st.composite
def games(draw, most=4):
    """A number of players and the outcome of every coalition of them."""
    players = draw(st.integers(1, most))
    return players, draw(st.lists(OUTCOME, min_size=2**players, max_size=2**players))


def by_definition(players, value):
    """The mean of marginal contributions over all orders, one by one."""
    total = np.zeros(players)
    for order in permutations(range(players)):
        for place, player in enumerate(order):
            before = sum(1 << other for other in order[:place])
            total[player] += value[before | 1 << player] - value[before]
    return total / factorial(players)


@given(games())
@settings(max_examples=60, deadline=None)
def test_exact_values_are_those_of_the_definition_and_add_up(game):
    players, value = game
    shapley = exact_shapley(players, value)
    assert shapley == pytest.approx(by_definition(players, value), abs=1e-9)
    assert shapley.sum() == pytest.approx(value[-1] - value[0], abs=1e-9)


@given(games(), st.integers(1, 3), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_sampled_values_add_up_whatever_was_drawn(game, pairs, seed):
    players, value = game
    orders = antithetic_orders(players, pairs, np.random.default_rng(seed))
    assert len(orders) == 2 * pairs
    assert all(sorted(order) == list(range(players)) for order in orders)
    assert sampled_shapley(orders, value).sum() == pytest.approx(value[-1] - value[0], abs=1e-9)


@given(games(), st.data())
@settings(max_examples=40, deadline=None)
def test_a_null_player_gets_nothing_and_equal_players_the_same(game, data):
    players, value = game
    null = data.draw(st.integers(0, players - 1))
    without = [value[coalition & ~(1 << null)] for coalition in range(2**players)]
    assert exact_shapley(players, without)[null] == 0.0
    orders = antithetic_orders(players, 1, np.random.default_rng(players))
    assert sampled_shapley(orders, without)[null] == 0.0
    if players > 1:
        other = (null + 1) % players
        swapped = [value[swap(coalition, null, other)] for coalition in range(2**players)]
        even = [a + b for a, b in zip(value, swapped, strict=True)]
        shapley = exact_shapley(players, even)
        assert shapley[null] == pytest.approx(shapley[other], abs=1e-9)


def swap(coalition, one, two):
    """The coalition with two players' places exchanged."""
    bits = (coalition >> one & 1) ^ (coalition >> two & 1)
    return coalition ^ (bits << one | bits << two)


@given(
    st.lists(OUTCOME, min_size=5, max_size=5), st.lists(OUTCOME, min_size=10, max_size=10), st.integers(0, 99)
)
@settings(max_examples=40, deadline=None)
def test_one_antithetic_pair_is_exact_where_players_work_two_by_two(alone, together, seed):
    pairs = [(i, j) for i in range(5) for j in range(i)]
    value = []
    for coalition in range(2**5):
        inside = [coalition >> player & 1 for player in range(5)]
        value.append(
            sum(a * b for a, b in zip(alone, inside, strict=True))
            + sum(w * inside[i] * inside[j] for w, (i, j) in zip(together, pairs, strict=True))
        )
    orders = antithetic_orders(5, 1, np.random.default_rng(seed))
    assert sampled_shapley(orders, value) == pytest.approx(exact_shapley(5, value), abs=1e-8)


def test_gloves_and_a_chain_by_hand():
    # one left glove and two right ones; a pair is worth 1: the left one gets 2/3 (Shapley 1953)
    value = [float(coalition & 1 and coalition >> 1 != 0) for coalition in range(8)]
    assert exact_shapley(3, value) == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert chain((2, 0, 1)) == [0, 4, 5, 7]
    assert marginals((2, 0, 1), value).tolist() == [1.0, 0.0, 0.0]


def test_sampled_values_scatter_around_the_exact_ones_as_their_error_says():
    rng = np.random.default_rng(7)
    value = rng.normal(size=2**6).tolist()
    by_pair = np.array(
        [[sampled_shapley(antithetic_orders(6, 1, rng), value) for _ in range(4)] for _ in range(200)]
    )
    error = sampling_error(by_pair)
    off = by_pair.mean(axis=(0, 1)) - exact_shapley(6, value)
    assert (np.abs(off) < 4.0 * error).all()
    direct = by_pair.reshape(800, 6).std(axis=0, ddof=1) / sqrt(800)
    assert error == pytest.approx(direct, rel=0.15)
    assert np.isnan(sampling_error(by_pair[:, :1])).all()


def test_parts_add_up_and_their_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(3)
    truth, held = np.array([2.0, -1.0, 5.0]), 0
    for _ in range(120):
        by_seed = truth + rng.normal(size=(20, 3))
        parts = estimate_parts(by_seed)
        assert sum(part.amount for part in parts) == pytest.approx(by_seed.sum(axis=1).mean())
        assert sum(part.share for part in parts) == pytest.approx(1.0)
        held += sum(part.low <= value <= part.high for part, value in zip(parts, truth, strict=True))
    # a percentile interval of 20 values holds the mean a little less often than it says: 93 % of the time
    assert abs(held / 360 - 0.93) < 4.0 * sqrt(0.93 * 0.07 / 360)
    assert parts[0].standard_error == pytest.approx(sqrt(1 / 20), rel=0.4)


def test_one_seed_has_no_interval_and_no_fall_no_shares():
    (one,) = estimate_parts(np.array([[3.0]]))
    assert (one.amount, one.share) == (3.0, 1.0)
    assert np.isnan([one.low, one.high, one.standard_error, one.share_low]).all()
    none = estimate_parts(np.array([[1.0, -1.0], [2.0, -2.5]]))
    assert np.isnan([part.share for part in none]).all()
    assert none[0].low <= none[0].amount <= none[0].high
