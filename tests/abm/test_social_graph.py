"""The social graph, and what moves a mood besides other people."""

import math

import networkx as nx
import numpy as np
import pytest

from abm.networks.feelings import feel, push_of_returns, speakers
from abm.networks.social_graph import empty_graph, follow_graph


def followed(graph, node):
    return graph.followed[graph.start[node] : graph.start[node + 1]].tolist()


def felt(mood, returns=(0.0,), watched=None, kept=1.0, rate=0.0, span_s=1.0, scale=0.01):
    """The moods after ``span_s`` seconds, and their mean."""
    moods = np.array(mood, np.float64)
    seen = np.zeros(len(moods), np.int16) if watched is None else np.array(watched, np.int16)
    mean = feel(moods, seen, push_of_returns(np.array(returns), scale, rate, span_s), kept)
    return moods, mean


def test_undirected_links_are_followed_both_ways():
    graph = follow_graph(nx.path_graph(3))
    assert [followed(graph, node) for node in range(3)] == [[1], [0, 2], [1]]


def test_directed_links_are_followed_one_way_and_nobody_follows_themselves():
    graph = follow_graph(nx.DiGraph([(0, 1), (2, 1), (1, 1), (2, 0)]))
    assert [followed(graph, node) for node in range(3)] == [[1], [], [0, 1]]


def test_nodes_must_be_numbers_from_zero():
    with pytest.raises(ValueError, match="numbered 0 to 1"):
        follow_graph(nx.Graph([("a", "b")]))


def test_relabelling_keeps_who_follows_whom():
    rng = np.random.default_rng(1)
    graph = follow_graph(nx.barabasi_albert_graph(50, 2, seed=1))
    names = rng.permutation(50)
    renamed = graph.relabelled(names)
    for node in range(50):
        assert sorted(names[followed(graph, node)].tolist()) == followed(renamed, names[node])


def test_the_most_followed_come_first():
    graph = follow_graph(nx.DiGraph([(0, 3), (1, 3), (2, 3), (3, 1), (0, 1), (1, 2), (3, 2)]))
    assert graph.most_followed(3).tolist() == [3, 1, 2]
    assert empty_graph(2).most_followed(5).tolist() == [0, 1]


@pytest.mark.parametrize("step_s", [1.0, 5.0, 100.0])
def test_mood_fades_at_its_rate_at_any_step(step_s):
    mood = [1.0, -0.5]
    for _ in range(round(100 / step_s)):
        mood, _ = felt(mood, kept=math.exp(-0.01 * step_s))
    assert mood == pytest.approx(np.array([1.0, -0.5]) * math.exp(-1.0))


def test_returns_push_those_who_watch_the_instrument():
    mood, mean = felt([0.0, 0.0, 0.0], (-0.01, 0.0, 0.5), [0, 1, 2], rate=0.1, span_s=2.0)
    push = 1 - math.exp(-0.2)
    assert mood == pytest.approx([-push * math.tanh(1.0), 0.0, push])
    assert mean == pytest.approx(mood.mean())


def test_mood_comes_back_on_the_scale_from_beyond_it():
    mood, mean = felt([3.0, -7.0, 0.5])
    assert mood.tolist() == [1.0, -1.0, 0.5]
    assert mean == pytest.approx(0.5 / 3)


def test_nobody_has_no_mood():
    assert felt([])[1] == 0.0


def test_people_speak_once_until_they_have_calmed_down():
    feeling, spoke = np.array([0.5, -0.5, 0.1]), np.zeros(3, np.int8)
    assert speakers(feeling, spoke, 0.3) == (1, 1)
    assert (spoke == 1).tolist() == [True, False, False]
    assert speakers(feeling, spoke, 0.3) == (0, 0)
    assert not (np.abs(spoke) == 1).any()
    assert speakers(np.array([0.2, -0.1, 0.0]), spoke, 0.3) == (0, 0)
    assert speakers(np.array([0.5, -0.5, 0.0]), spoke, 0.3) == (0, 1)
    assert speakers(np.array([-0.5, -0.5, 0.0]), spoke, 0.3) == (0, 1)
