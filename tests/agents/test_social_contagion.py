"""The social herd alone, without a market: rules, graphs, channels, calls and posts."""

import numpy as np
import pytest

from abm.compiled import for_kernels
from abm.networks.channels import Channel
from abm.networks.graph_links import followers, graph_from_pairs
from abm.networks.graphs import make_graph
from abm.networks.social_graph import empty_graph
from abm.networks.social_rules import RULES, make_rule
from abm.random_streams import stream_key
from agents.herd.parameters import HerdParameters
from agents.herd.trading import herd_dtype
from agents.social_herd import Nodes, SocialHerd

FLAT = np.zeros(1)


def herd(graph=None, rule="degroot", herding=True, rumours=(), make=make_rule, **parameters):
    graph = make_graph("barabasi_albert", 300, np.random.default_rng(1), links=3) if graph is None else graph
    n = graph.nodes
    return SocialHerd(
        HerdParameters(rule=rule if rule in RULES else "degroot", **parameters),
        for_kernels(np.zeros(0, herd_dtype)),
        graph,
        np.zeros(n),
        np.zeros(n, np.int16),
        n,
        [Nodes(0, 4, n, 0)],
        1,
        channels=[Channel("feed", followers(graph))],
        rule=make(rule, graph, stream_key(1, rule)),
        rumours=rumours,
        herding=herding,
    )


def minutes(crowd, count, momentum=FLAT, step_s=5.0):
    for _ in range(round(60 * count / step_s)):
        crowd.spread(momentum, step_s)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_falling_prices_and_liquidations_frighten_under_every_rule(rule):
    quiet, shaken = herd(rule=rule), herd(rule=rule)
    for k in range(30):
        shaken.on_liquidations(0, np.arange(4 + 5 * k, 9 + 5 * k), np.ones(5, np.bool_))
        minutes(quiet, 1)
        minutes(shaken, 1, np.array([-0.05]))
    assert shaken.mean_sentiment < quiet.mean_sentiment - 0.1
    assert shaken.mean_sentiment == pytest.approx(shaken.sentiment.mean())
    assert np.abs(shaken.sentiment).max() <= 1.0
    posts = shaken.post_table()
    assert posts["posts"].sum() == 150
    assert (posts["force"] == -0.02).all()


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"herding_switch"}))
def test_a_graph_in_pieces_keeps_fear_where_it_is(rule):
    """Not so under the herding switch, where moods change by own whim."""
    graph = graph_from_pairs(60, np.arange(60), (np.arange(60) + 1) % 30 + 30 * (np.arange(60) // 30))
    crowd = herd(graph, rule=rule, alert_weight=0.5)
    for _ in range(10):
        crowd.on_liquidations(0, np.arange(4, 14), np.ones(10, np.bool_))
        minutes(crowd, 1)
    assert crowd.sentiment[:30].mean() < -0.1
    assert (crowd.sentiment[30:] == 0.0).all()


@pytest.mark.parametrize("nodes", [0, 1, 2])
def test_hardly_anybody(nodes):
    crowd = herd(empty_graph(nodes), calls_per_hour=10.0)
    crowd.on_liquidations(0, np.array([4]), np.ones(1, np.bool_)[: max(nodes, 1)])
    minutes(crowd, 1, np.array([-0.1]))
    assert (crowd.sentiment < 0.0).all()


def test_without_herding_nothing_is_posted_and_no_mood_moves():
    crowd = herd(herding=False)
    crowd.on_liquidations(0, np.arange(4, 40), np.ones(36, np.bool_))
    minutes(crowd, 5, np.array([-0.1]))
    assert not crowd.sentiment.any()
    assert len(crowd.post_table()) == 0


def test_influencers_call_the_price_their_way_at_their_rate():
    crowd = herd(
        calls_per_hour=6.0, influencer_share=0.1, call_weight=0.0, fade_minutes=1e6, peer_minutes=1e5
    )
    assert len(crowd.influencers) == 30
    crowd.sentiment[:] = -0.5
    minutes(crowd, 600)
    calls = crowd.post_table()
    assert set(calls["kind"]) == {"call"}
    expected = 30 * 6.0 * 0.5 * 10.0
    assert abs(calls["posts"].sum() - expected) < 3.0 * np.sqrt(expected)
    loud = herd(calls_per_hour=60.0, influencer_share=0.1, call_weight=0.2)
    loud.sentiment[:] = -0.5
    calm = herd()
    calm.sentiment[:] = -0.5
    minutes(loud, 10)
    minutes(calm, 10)
    assert loud.mean_sentiment < calm.mean_sentiment - 0.1


def test_mood_under_the_default_rule_hardly_depends_on_the_length_of_a_step():
    ends = []
    for step_s in (1.0, 5.0, 30.0):
        crowd = herd()
        crowd.sentiment[:100] = -1.0
        minutes(crowd, 60, np.array([-0.01]), step_s)
        ends.append(crowd.mean_sentiment)
    assert ends[0] == pytest.approx(ends[1], rel=1e-9)
    assert ends[1] == pytest.approx(ends[2], rel=0.02)


class Broken:
    """A rule whose mood is no number, or far off the scale."""

    def __init__(self, mood):
        self.mood = mood

    def post(self, nodes, tone):
        pass

    def step(self, step_s):
        pass

    def sentiment(self):
        return self.mood


def test_a_rule_off_the_scale_is_cut_and_one_without_a_number_is_an_error():
    far = herd(rule="own", make=lambda *_: Broken(np.full(300, -7.0)))
    minutes(far, 1)
    assert (far.sentiment == -1.0).all()
    none = herd(rule="own", make=lambda *_: Broken(np.full(300, np.nan)))
    with pytest.raises(ValueError, match="mood of rule degroot is not a number"):
        minutes(none, 1)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rule": "degrot"}, "rule: unknown name 'degrot'; did you mean degroot"),
        ({"graph": "watts_strogats"}, "did you mean watts_strogatz"),
        ({"rule": "threshold", "rule_options": {"shares": 1}}, "unknown shares"),
        ({"rule": "alerts", "rule_options": {"branching": 1.5}}, "branching is 1.5"),
        ({"channels": [{"name": "a"}, {"name": "a"}]}, "names must differ"),
        ({"channels": [{"carries": ["gossip"]}]}, "carries"),
        ({"channels": []}, "channels"),
    ],
)
def test_what_the_parameters_refuse(given, words):
    with pytest.raises(ValueError, match=words):
        HerdParameters(**given)
