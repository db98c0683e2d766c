"""Graphs by name: what they have in common with networkx's, and what they refuse."""

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from abm.networks.clusters import cluster_of_each, cluster_orders, cluster_sizes, demand_kurtosis
from abm.networks.graph_links import followers, graph_from_pairs, to_networkx
from abm.networks.graphs import GRAPHS, make_graph
from abm.networks.social_graph import follow_graph

NODES = 3000
PARAMETERS = {
    "barabasi_albert": {"links": 3},
    "communities": {"groups": 7, "inside_share": 0.8},
    "complete": {},
    "configuration": {"degrees": np.repeat([2, 5], NODES // 2)},
    "heavy_tailed": {"mean_degree": 5.0},
    "private_groups": {"size": 7},
    "random": {"mean_degree": 5.0},
    "stochastic_block": {"sizes": [1000, 2000], "link_shares": [[0.006, 0.001], [0.001, 0.002]]},
    "watts_strogatz": {"neighbours": 6, "rewired_share": 0.2},
}


def rng(seed=1):
    return np.random.default_rng(seed)


def drawn(name, nodes=NODES, **changed):
    return make_graph(name, nodes, rng(), **(PARAMETERS[name] | changed))


def edges(graph):
    source = np.repeat(np.arange(graph.nodes), np.diff(graph.start))
    return set(zip(source.tolist(), graph.followed.tolist(), strict=True))


def test_every_family_is_tried():
    assert set(PARAMETERS) | {"edge_list"} == set(GRAPHS)


@pytest.mark.parametrize("name", sorted(set(PARAMETERS) - {"complete"}))
def test_links_run_both_ways_once_and_never_to_oneself(name):
    graph = drawn(name)
    links = edges(graph)
    assert len(links) == len(graph.followed) > NODES
    assert all(u != v for u, v in links)
    assert {(v, u) for u, v in links} == links
    assert edges(drawn(name)) == links != edges(make_graph(name, NODES, rng(2), **PARAMETERS[name]))


def test_preferential_attachment_has_the_degrees_of_networkx():
    ours = np.diff(drawn("barabasi_albert", 20_000).start)
    theirs = np.array([degree for _, degree in nx.barabasi_albert_graph(20_000, 3, seed=1).degree])
    assert ours.sum() == theirs.sum() == 2 * 3 * (20_000 - 3)
    assert ours.min() >= 1
    assert ours.max() > 200
    # degrees of one graph depend on each other a little: a small distance is asked for, not a p-value
    assert stats.ks_2samp(ours, theirs).statistic < 0.015


def test_small_world_has_the_clustering_of_networkx():
    ours = nx.average_clustering(to_networkx(drawn("watts_strogatz")).to_undirected())
    theirs = [nx.average_clustering(nx.watts_strogatz_graph(NODES, 6, 0.2, seed=seed)) for seed in range(3)]
    assert ours == pytest.approx(np.mean(theirs), abs=0.02)
    ring = edges(drawn("watts_strogatz", 10, neighbours=4, rewired_share=0.0))
    assert ring == {(u, v) for u in range(10) for v in range(10) if (u - v) % 10 in (1, 2, 8, 9)}
    assert len(edges(drawn("watts_strogatz", rewired_share=1.0))) == 6 * NODES


def test_groups_have_the_links_asked_for():
    links = np.array(list(edges(drawn("stochastic_block"))))
    first = links < 1000
    inside, across = first.all(axis=1).sum() / 2, (first[:, 0] & ~first[:, 1]).sum()
    assert abs(inside - 0.006 * 499_500) < 4 * np.sqrt(0.006 * 499_500)
    assert abs(across - 0.001 * 2e6) < 4 * np.sqrt(0.001 * 2e6)


def test_every_pair_is_as_likely():
    counts = np.zeros((5, 5))
    for seed in range(2000):
        graph = make_graph("random", 5, rng(seed), mean_degree=2.0)
        for u, v in edges(graph):
            counts[u, v] += 1
    pairs = counts[np.triu_indices(5, 1)]
    assert np.abs(pairs - 1000).max() < 4.5 * np.sqrt(500)
    directed = np.zeros((4, 4))
    for seed in range(2000):
        for u, v in edges(make_graph("random", 4, rng(seed), mean_degree=1.5, directed=True)):
            directed[u, v] += 1
    assert np.abs(directed[~np.eye(4, dtype=bool)] - 1000).max() < 4.5 * np.sqrt(500)


def test_configuration_keeps_nearly_all_degrees():
    degree = np.diff(drawn("configuration").start)
    wanted = PARAMETERS["configuration"]["degrees"]
    assert (degree <= wanted).all()
    assert (degree == wanted).mean() > 0.99


def test_complete_and_smallest_graphs():
    assert edges(make_graph("complete", 3, rng())) == {(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)}
    assert make_graph("complete", 1, rng()).nodes == 1
    assert make_graph("random", 1, rng(), mean_degree=0.0).nodes == 1
    assert len(edges(make_graph("barabasi_albert", 2, rng(), links=1))) == 2


def test_edge_list(tmp_path):
    file = tmp_path / "links.txt"
    file.write_text("# follower followed\n0 1\n1,2  # a comment\n\n2 2\n0 1\n")
    graph = make_graph("edge_list", 4, rng(), file=file)
    assert edges(graph) == {(0, 1), (1, 2)}
    assert edges(make_graph("edge_list", 4, rng(), file=file, directed=False)) == {
        (0, 1),
        (1, 0),
        (1, 2),
        (2, 1),
    }
    assert edges(followers(graph)) == {(1, 0), (2, 1)}
    for line, words in (("0 x", "line 1: '0 x' is not two"), ("0 4", "nodes are 0 to 3"), ("-1 2", "line 1")):
        file.write_text(line)
        with pytest.raises(ValueError, match=words):
            make_graph("edge_list", 4, rng(), file=file)


def test_networkx_and_back():
    graph = drawn("random", 50)
    assert edges(follow_graph(to_networkx(graph))) == edges(graph)
    assert edges(follow_graph(nx.DiGraph([(0, 1), (1, 1), (2, 0)]))) == {(0, 1), (2, 0)}


@pytest.mark.parametrize(
    ("name", "nodes", "parameters", "words"),
    [
        ("scale_free", 5, {}, "graph is 'scale_free'; known: barabasi_albert, communities"),
        ("complete", 0, {}, "nodes is 0"),
        ("barabasi_albert", 5, {}, "missing links"),
        ("barabasi_albert", 5, {"links": 2, "power": 1}, "unknown power"),
        ("barabasi_albert", 5, {"links": 5}, "links is 5; it must be from 1 to 4"),
        ("watts_strogatz", 5, {"neighbours": 3, "rewired_share": 0.1}, "neighbours is 3"),
        ("watts_strogatz", 5, {"neighbours": 2, "rewired_share": 1.1}, "rewired_share is 1.1"),
        ("random", 5, {"mean_degree": 4.5}, "mean_degree is 4.5; it must be from 0 to 4"),
        ("communities", 5, {"groups": 6}, "groups is 6; it must be from 1 to 5"),
        ("communities", 5, {"inside_share": 1.5}, "inside_share is 1.5"),
        ("communities", 20, {"mean_degree": 19.0}, "more links than 20 nodes have room for"),
        ("heavy_tailed", 5, {"exponent": 2.0}, "exponent is 2.0; it must be above 2"),
        ("heavy_tailed", 5, {"mean_degree": 5.0}, "mean_degree is 5.0"),
        ("private_groups", 5, {"size": 1}, "size is 1; it must be at least 2"),
        ("configuration", 3, {"degrees": [1, 1, 1]}, "even sum"),
        ("stochastic_block", 3, {"sizes": [1, 1], "link_shares": np.ones((2, 2))}, "sum to nodes"),
        ("stochastic_block", 2, {"sizes": [1, 1], "link_shares": [[0, 1], [0, 0]]}, "symmetric"),
        ("stochastic_block", 2, {"sizes": [1, 1], "link_shares": [[0, 2], [2, 0]]}, "from 0 to 1"),
    ],
)
def test_what_is_refused(name, nodes, parameters, words):
    with pytest.raises(ValueError, match=words):
        make_graph(name, nodes, rng(), **parameters)


def test_links_outside_the_graph_are_refused():
    with pytest.raises(ValueError, match="node 3 in a link; nodes are 0 to 2"):
        graph_from_pairs(3, [0, 1], [1, 3])


def test_clusters_act_as_one():
    graph = graph_from_pairs(6, [0, 1, 4], [1, 2, 3], directed=True)
    cluster = cluster_of_each(graph)
    assert sorted(cluster_sizes(graph)) == [1, 2, 3]
    assert cluster[0] == cluster[1] == cluster[2] != cluster[3] == cluster[4] != cluster[5]
    seen = set()
    for seed in range(200):
        order = cluster_orders(cluster, 0.3, rng(seed))
        assert order[0] == order[1] == order[2]
        assert order[3] == order[4]
        seen.add(tuple(order[[0, 3, 5]].tolist()))
    assert len(seen) == 27
    assert not cluster_orders(cluster, 0.0, rng()).any()
    with pytest.raises(ValueError, match=r"activity is 0.6"):
        cluster_orders(cluster, 0.6, rng())
    # one cluster, half of the time at rest: fourth moment 1/2 over squared variance 1/4, less 3
    assert demand_kurtosis([7], 0.25) == pytest.approx(-1.0)
