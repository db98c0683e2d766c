"""Each rule of social contagion by itself; large samples beside closed forms are in the conformance tests."""

import numpy as np
import pytest

from abm.networks.alerts import Alerts
from abm.networks.degroot import DeGroot, consensus_weights
from abm.networks.epidemic import RECOVERED, Epidemic, transmissibility
from abm.networks.graph_links import graph_from_pairs
from abm.networks.graphs import make_graph
from abm.networks.herding_switch import HerdingSwitch, stationary_optimists
from abm.networks.rumour import IGNORANT, STIFLER, Rumour, ignorants_left
from abm.networks.social_rules import RULES, make_rule
from abm.networks.threshold import (
    NEVER,
    Threshold,
    cascade_window,
    mean_field_activity,
    needed_for_share,
    threshold_cascade,
    well_mixed_cascade,
)
from abm.random_streams import stream_key

KEY = stream_key(1, "rules")


def rng(seed=1):
    return np.random.default_rng(seed)


def small_world(nodes=400):
    return make_graph("watts_strogatz", nodes, rng(), neighbours=6, rewired_share=0.1)


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_steps_from_posts_to_moods_on_the_scale(name):
    paths = []
    for _ in range(2):
        rule = make_rule(name, small_world(), KEY)
        before = rule.sentiment().copy()
        rule.post(np.arange(100), -1.0)
        for _ in range(20):
            rule.step(60.0)
        mood = rule.sentiment()
        assert mood.shape == (400,)
        assert mood.dtype == np.float64
        assert np.abs(mood).max() <= 1.0
        assert mood.mean() < before.mean()
        paths.append(mood.copy())
    assert np.array_equal(*paths)


@pytest.mark.parametrize("name", sorted(RULES))
def test_lonely_nodes_and_no_nodes(name):
    for nodes in (1, 3):
        rule = make_rule(name, graph_from_pairs(nodes, [], []), KEY)
        rule.post([0], -1.0)
        for _ in range(5):
            rule.step(60.0)
        assert np.isfinite(rule.sentiment()).all()
        untouched = make_rule(name, graph_from_pairs(nodes, [], []), KEY)
        assert (np.minimum(untouched.sentiment(), 0.0) <= rule.sentiment())[1:].all()


@pytest.mark.parametrize("name", sorted(RULES))
def test_tones_off_the_scale_are_refused(name):
    with pytest.raises(ValueError, match=r"tone is -1.5; it must be from -1 to 1"):
        make_rule(name, small_world(), KEY).post([0], -1.5)


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("mob", {}, "social rule is 'mob'; known: alerts, degroot"),
        ("degroot", {"speed": 1.0}, "unknown speed; it has rate"),
        ("degroot", {"rate": -1.0}, "rate is -1.0"),
        ("alerts", {"branching": 1.0}, "branching is 1.0"),
        ("alerts", {"mean_delay_s": 0.0}, "mean_delay_s is 0.0"),
        ("epidemic", {"infections_per_s": -1.0}, "infections_per_s is -1.0"),
        ("herding_switch", {"own": 0.5, "convince": 0.6}, r"own \+ convince is 1.1"),
        ("rumour", {"believed": 2.0}, "believed is 2.0"),
        ("threshold", {"share": 0.0}, "above 0"),
        ("threshold", {"look_s": 0.0}, "look_s is 0.0"),
    ],
)
def test_parameters_out_of_range_are_refused(name, parameters, words):
    with pytest.raises(ValueError, match=words):
        make_rule(name, small_world(), KEY, **parameters)


def test_averaging_ends_in_the_weighted_mean_of_first_opinions():
    graph = make_graph("random", 60, rng(), mean_degree=8.0, directed=True)
    rule = DeGroot(graph, KEY, rate=1.0)
    rule.opinion[:] = rng(2).uniform(-1, 1, 60)
    expected = consensus_weights(graph) @ rule.opinion
    for _ in range(300):
        rule.step(1.0)
    assert rule.opinion == pytest.approx(np.full(60, expected), abs=1e-7)
    undirected = small_world(60)
    assert consensus_weights(undirected) == pytest.approx(
        np.diff(undirected.start) / len(undirected.followed)
    )
    with pytest.raises(ValueError, match="strongly connected"):
        consensus_weights(graph_from_pairs(4, [0, 2], [1, 3]))
    with pytest.raises(ValueError, match="follows nobody"):
        consensus_weights(graph_from_pairs(2, [0], [1], directed=True))


def test_thresholds_of_a_share():
    star = graph_from_pairs(6, [0, 0, 0, 0, 1], [1, 2, 3, 4, 2])
    assert needed_for_share(star, 0.5).tolist() == [2, 1, 1, 1, 1, NEVER]
    assert needed_for_share(star, 0.18)[0] == 1
    assert needed_for_share(star, 1.5).tolist() == [NEVER] * 6


def test_steps_end_where_the_cascade_does():
    graph = make_graph("random", 2000, rng(3), mean_degree=3.0)
    stepped, at_once = (Threshold(graph, KEY, share=0.18, look_s=1.0) for _ in range(2))
    for rule in (stepped, at_once):
        rule.post([5, 6], -1.0)
    for _ in range(200):
        stepped.step(1.0)
    assert at_once.cascade() == at_once.active.sum() > 200
    assert np.array_equal(stepped.active, at_once.active)
    stepped.post([5], 0.0)
    assert stepped.sentiment()[5] == 0.0


def test_looks_do_not_depend_on_the_step():
    graph = make_graph("random", 2000, rng(3), mean_degree=3.0)
    states = []
    for step_s in (7.0, 60.0, 420.0):
        rule = Threshold(graph, KEY, look_s=60.0)
        rule.post(np.arange(20), -1.0)
        for _ in range(int(420 / step_s)):
            rule.step(step_s)
        states.append(rule.active)
    assert np.array_equal(states[0], states[1])
    assert np.array_equal(states[1], states[2])


def test_cascade_starts_with_those_who_need_nobody():
    graph = make_graph("complete", 4, rng())
    active = np.zeros(4, bool)
    assert threshold_cascade(active, graph.start, graph.followed, np.array([0, 1, 3, 4], np.int32)) == 2
    assert active.tolist() == [True, True, False, False]
    assert well_mixed_cascade([0, 1, 3, 4]) == 2
    assert well_mixed_cascade([]) == 0
    assert well_mixed_cascade([1, 1]) == 0
    assert mean_field_activity(lambda r: 0.5 * r + 0.2) == pytest.approx(0.4)
    assert mean_field_activity(lambda r: r, first=0.3) == 0.3


def test_no_window_where_one_of_three_is_not_enough():
    assert np.isnan(cascade_window(1 / 3)).all()
    low, high = cascade_window(0.18)
    assert 1.0 < low < 1.1 < 5.7 < high < 5.8


def test_rumour_ends_and_correction_silences():
    graph = small_world()
    rule = Rumour(graph, KEY)
    rule.post([0], -0.5)
    while rule.meet(1000):
        pass
    assert set(np.unique(rule.state)) == {IGNORANT, STIFLER}
    assert set(np.unique(rule.sentiment())) == {-0.5, 0.0}
    corrected = Rumour(graph, KEY)
    corrected.post([0, 1], -1.0)
    corrected.post([0, 1], 1.0)
    assert corrected.spreading == corrected.meet(1000) == 0
    unbelieved = Rumour(graph, KEY, believed=0.0)
    unbelieved.post([0], -1.0)
    unbelieved.meet(10_000)
    assert 1 < (unbelieved.state == STIFLER).sum() < 10
    assert ignorants_left(0.0) == 1.0


def test_stationary_law_of_two_moods():
    law = stationary_optimists(10, 0.1, 0.9)  # own whim and recruitment balance: uniform
    assert law == pytest.approx(np.full(11, 1 / 11))
    rule = HerdingSwitch(small_world(), KEY, own=0.0, convince=1.0)
    rule.post(np.arange(400), 1.0)
    assert rule.think(10_000) == 400
    assert rule.think(0) == rule.optimist.sum() == 400


def test_epidemic_reaches_all_of_a_ring_and_nobody_immune():
    ring = make_graph("watts_strogatz", 30, rng(), neighbours=2, rewired_share=0.0)
    rule = Epidemic(ring, KEY, infections_per_s=50.0, recoveries_per_s=50.0)
    rule.post([10], 1.0)
    rule.post([0], -1.0)
    steps = 0
    while rule.infected:
        rule.step(1.0)
        steps += 1
    assert (rule.state == RECOVERED).all()
    assert steps == 20  # the long way round to the one who was immune
    assert transmissibility(0.3, 1.0) == 0.3
    assert transmissibility(0.2, 0.1) == pytest.approx(sum(0.2 * (0.8 * 0.9) ** k for k in range(200)))


@pytest.mark.parametrize("step_s", [1.0, 10.0, 60.0])
def test_alerts_breed_by_the_branching_ratio_at_every_step_length(step_s):
    base, branching = 2e-4, 0.6
    rule = Alerts(small_world(2000), KEY, base_per_s=base, branching=branching, mean_delay_s=30.0)
    steps = int(6000 / step_s)
    counts = []
    for step in range(steps):
        rule.step(step_s)
        if step * step_s >= 600:
            counts.append(rule.alerts_of_step)
    seconds = len(counts) * step_s
    expected = 2000 * base / (1 - branching) * seconds
    # a Hawkes count over a long time has variance mean / (1 - branching)^2
    error = np.sqrt(expected) / (1 - branching)
    assert abs(sum(counts) - expected) < 3.5 * error
    assert 3.5 * error < 0.25 * expected


def test_posts_excite_and_greed_does_not():
    rule = Alerts(small_world(), KEY, branching=0.5, mean_delay_s=10.0)
    rule.post([3], 1.0)
    assert rule.sentiment()[3] == 0.0
    rule.post([3], -1.0)
    assert rule.sentiment()[3] == pytest.approx(-0.5)


def test_rumours_do_not_depend_on_the_step():
    graph = make_graph("random", 2000, rng(), mean_degree=10.0)
    heard = {}
    for step_s in (5.0, 60.0, 300.0):
        runs = []
        for seed in range(30):
            rule = Rumour(graph, stream_key(seed, f"step {step_s}"), meetings_per_s=0.01)
            rule.post(np.arange(20), -1.0)
            for _ in range(int(300 / step_s)):
                rule.step(step_s)
            runs.append((rule.state != IGNORANT).mean())
        heard[step_s] = np.mean(runs), np.std(runs, ddof=1) / np.sqrt(30)
    for step_s in (5.0, 60.0):
        gap = heard[step_s][0] - heard[300.0][0]
        assert abs(gap) < 3.5 * np.hypot(heard[step_s][1], heard[300.0][1])
    assert 0.05 < heard[300.0][0] < 0.5
    assert heard[300.0][1] < 0.01
