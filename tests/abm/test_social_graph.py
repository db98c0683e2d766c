"""The social graph and how mood spreads over it."""

import math

import networkx as nx
import numpy as np
import pytest

from abm.compiled import for_kernels
from abm.networks.social_graph import (
    barabasi_albert,
    follow_graph,
    sentiment_parameters_dtype,
    spread_sentiment,
)


def followed(graph, node):
    return graph.followed[graph.start[node] : graph.start[node + 1]].tolist()


class Mood:
    """Sentiment over a graph with only those forces that are named."""

    def __init__(self, graph, sentiment, **forces):
        self.graph = graph
        self.sentiment = np.array(sentiment, np.float64)
        self.alerts = np.zeros(len(sentiment), np.int64)
        self.watched = np.zeros(len(sentiment), np.int16)
        self.parameters = for_kernels(np.zeros(1, sentiment_parameters_dtype))
        self.parameters["return_scale"] = 0.01
        for name, value in forces.items():
            self.parameters[name] = value

    def spread(self, step_s, returns=(0.0,), steps=1):
        for _ in range(steps):
            mean = spread_sentiment(
                self.sentiment, np.zeros_like(self.sentiment), self.graph.start, self.graph.followed,
                self.alerts, self.watched, np.array(returns), self.parameters, step_s,
            )  # fmt: skip
        return mean


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
    graph = barabasi_albert(50, 2, rng)
    names = rng.permutation(50)
    renamed = graph.relabelled(names)
    for node in range(50):
        assert sorted(names[followed(graph, node)].tolist()) == followed(renamed, names[node])


def test_preferential_attachment_makes_influencers():
    graph = barabasi_albert(2000, 3, np.random.default_rng(1))
    followers = np.bincount(graph.followed, minlength=2000)
    assert graph.nodes == 2000
    assert len(graph.followed) == 2 * 3 * (2000 - 3)
    assert np.median(followers) <= 5
    assert followers.max() > 60


def test_mood_fades_at_its_rate_at_any_step():
    for step_s in (1.0, 5.0, 100.0):
        mood = Mood(follow_graph(nx.empty_graph(2)), [1.0, -0.5], fade_rate=0.01)
        mood.spread(step_s, steps=round(100 / step_s))
        assert mood.sentiment == pytest.approx(np.array([1.0, -0.5]) * math.exp(-1.0))


def test_a_follower_takes_over_the_mood_and_the_one_followed_does_not():
    mood = Mood(follow_graph(nx.DiGraph([(1, 0)])), [-1.0, 0.0], peer_rate=0.1)
    mood.spread(1.0, steps=10)
    assert mood.sentiment[0] == -1.0
    assert mood.sentiment[1] == pytest.approx(-(1 - math.exp(-1.0)))


def test_without_other_forces_all_reach_the_mean_of_a_regular_graph():
    start = np.random.default_rng(1).uniform(-1, 1, 40)
    mood = Mood(follow_graph(nx.random_regular_graph(4, 40, seed=1)), start, peer_rate=0.05)
    assert mood.spread(1.0, steps=2000) == pytest.approx(start.mean())
    assert np.ptp(mood.sentiment) < 1e-6


def test_returns_push_those_who_watch_the_instrument():
    mood = Mood(follow_graph(nx.empty_graph(3)), [0.0, 0.0, 0.0], return_weight=0.1)
    mood.watched[:] = [0, 1, 2]
    mood.spread(2.0, returns=(-0.01, 0.0, 0.5))
    push = 1 - math.exp(-0.2)
    assert mood.sentiment == pytest.approx([-push * math.tanh(1.0), 0.0, push])


def test_a_liquidation_shakes_followers_only_and_a_short_one_cheers_them():
    mood = Mood(follow_graph(nx.DiGraph([(1, 0), (2, 0), (2, 3)])), [0.0] * 4, alert_weight=0.25)
    mood.alerts[0] = 1
    mood.spread(1.0)
    assert mood.sentiment.tolist() == [0.0, -0.25, -0.25, 0.0]
    mood.alerts[:] = [0, 0, 0, -1]
    mood.spread(1.0)
    assert mood.sentiment.tolist() == [0.0, -0.25, 0.0, 0.0]


def test_mood_stays_between_minus_one_and_one():
    mood = Mood(follow_graph(nx.complete_graph(5)), [0.9, -0.9, 0, 0, 0], alert_weight=2.0, return_weight=5.0)
    mood.alerts[:] = 1
    for returns in (-1.0, 1.0):
        mood.spread(10.0, returns=(returns,))
        assert np.abs(mood.sentiment).max() <= 1.0


def test_nobody_has_no_mood():
    assert Mood(follow_graph(nx.path_graph(2)), []).spread(1.0) == 0.0
