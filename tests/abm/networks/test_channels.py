"""Posts reach their readers, late and loud as the channel is; rumours and corrections run over channels."""

import numpy as np
import pytest

from abm.networks.channels import Channel
from abm.networks.graph_links import followers, graph_from_pairs
from abm.networks.graphs import make_graph
from abm.networks.rumour_and_correction import RumourAndCorrection
from abm.random_streams import stream_key

STAR = graph_from_pairs(4, [1, 2], [0, 0], directed=True)


def test_a_post_is_felt_by_followers_only():
    channel, mood = Channel("feed", followers(STAR), loudness=2.0), np.zeros(4)
    channel.post(np.array([0, 3]), np.array([-0.1, 0.5]))
    channel.deliver(mood, 5.0)
    assert mood.tolist() == [0.0, -0.2, -0.2, 0.0]
    channel.deliver(mood, 5.0)
    assert mood.tolist() == [0.0, -0.2, -0.2, 0.0]
    assert channel.authors == 0


@pytest.mark.parametrize("look_s", [5.0, 30.0])
def test_a_slow_channel_is_read_at_its_rate_at_any_step(look_s):
    channel, mood = Channel("feed", followers(STAR), delay_s=60.0), np.zeros(4)
    channel.post(np.array([0]), -1.0)
    for _ in range(round(60 / look_s)):
        channel.deliver(mood, look_s)
    assert mood[1] == pytest.approx(-(1 - np.exp(-1.0)))
    for _ in range(100):
        channel.deliver(mood, 60.0)
    assert mood[1] == pytest.approx(-1.0)
    assert channel.authors == 0


def test_a_private_group_hears_what_followers_do_not():
    groups = make_graph("private_groups", 103, np.random.default_rng(1), size=10)
    sizes = np.diff(groups.start) + 1
    assert sorted(np.unique(sizes).tolist()) == [3, 10]
    members = {frozenset([v, *groups.followed[groups.start[v] : groups.start[v + 1]]]) for v in range(103)}
    assert len(members) == 11
    assert sum(map(len, members)) == 103
    channel, mood = Channel("group", groups), np.zeros(103)
    channel.post(np.array([7]), -1.0)
    channel.deliver(mood, 1.0)
    assert np.flatnonzero(mood).tolist() == sorted(
        groups.followed[groups.start[7] : groups.start[8]].tolist()
    )


@pytest.mark.parametrize(("word", "value"), [("delay_s", -1.0), ("loudness", -0.1), ("tells_per_s", np.nan)])
def test_what_a_channel_refuses(word, value):
    with pytest.raises(ValueError, match=word):
        Channel("feed", STAR, **{word: value})


def told(corrected_s=np.inf, carries=("rumour", "correction"), nodes=300):
    graph = make_graph("complete", nodes, np.random.default_rng(1))
    fear = np.where(np.arange(nodes) < 100, 0.8, 0.2)
    return RumourAndCorrection(
        fear,
        [Channel("feed", graph, tells_per_s=0.05, carries=carries)],
        stream_key(1, "rumour"),
        stream_key(1, "correction"),
        np.array([3, 4]),
        time_s=60.0,
        corrected_s=corrected_s,
    )


def test_a_rumour_frightens_each_listener_once_and_those_concerned_more():
    rumour, mood = told(), np.zeros(300)
    assert [len(part) for part in rumour.step(mood, 55.0, 5.0)] == [0, 0]
    heard = np.concatenate([rumour.step(mood, 60.0 + 5.0 * k, 5.0)[0] for k in range(200)])
    assert len(set(heard.tolist())) == len(heard) == rumour.heard.sum() > 150
    assert np.array_equal(mood, -rumour.fear * rumour.heard)


def test_a_correction_takes_back_the_fear_of_those_it_reaches_and_ends_the_rumour():
    rumour, mood = told(corrected_s=120.0), np.zeros(300)
    for k in range(400):
        rumour.step(mood, 60.0 + 5.0 * k, 5.0)
    both = rumour.heard & rumour.reassured
    assert both.sum() > 100
    assert (mood[both] == 0.0).all()
    assert (mood <= 0.0).all()
    assert np.array_equal(np.flatnonzero(mood), np.flatnonzero(rumour.heard & ~rumour.reassured))
    assert rumour.rumour.spreading == 0


def test_on_a_channel_without_rumours_only_its_first_tellers_know():
    rumour, mood = told(carries=("liquidation",)), np.zeros(300)
    for k in range(10):
        rumour.step(mood, 60.0 + 5.0 * k, 5.0)
    assert np.flatnonzero(mood).tolist() == [3, 4]


def test_a_rumour_stays_in_its_part_of_a_graph_in_pieces():
    one, other = np.triu_indices(30, 1)
    graph = graph_from_pairs(60, np.append(one, one + 30), np.append(other, other + 30))
    channel = Channel("feed", followers(graph), tells_per_s=0.5, carries=("rumour", "correction"))
    keys = stream_key(1, "rumour"), stream_key(1, "correction")
    rumour = RumourAndCorrection(np.full(60, 0.5), [channel], *keys, np.array([3]), 0.0, np.inf)
    mood = np.zeros(60)
    for k in range(200):
        rumour.step(mood, 5.0 * k, 5.0)
    assert rumour.heard[:30].sum() > 10
    assert not rumour.heard[30:].any()
    assert not mood[30:].any()


def test_a_rumour_among_people_without_links_or_without_first_tellers():
    for first, knows in (([2], [2]), ([], [])):
        alone = Channel("feed", graph_from_pairs(4, [], []), tells_per_s=0.5)
        keys = stream_key(1, "rumour"), stream_key(1, "correction")
        rumour = RumourAndCorrection(np.full(4, 0.5), [alone], *keys, np.array(first, np.int64), 0.0, np.inf)
        mood = np.zeros(4)
        for k in range(20):
            rumour.step(mood, 5.0 * k, 5.0)
        assert np.flatnonzero(mood).tolist() == knows
