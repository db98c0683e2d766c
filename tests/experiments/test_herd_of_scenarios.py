"""Graphs, rules and rumours as scenario files name them."""

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from abm.networks.degroot import DeGroot
from abm.random_streams import generator
from experiments.building.herd import make_channels, make_rumour, social_graph, social_rule
from experiments.errors import InputError
from experiments.scenarios import load

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def stage(overrides, folder=None):
    scenario = load("october-2025", overrides)
    if folder is not None:
        scenario.read_from(folder)
    return SimpleNamespace(scenario=scenario, seed=1, rng=lambda part: generator(1, part))


def graph_of(overrides, nodes=400, folder=None):
    return social_graph(stage(overrides, folder), nodes, np.random.default_rng(1))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"herd.graph": "watts_strogatz", "herd.graph_options": {"neighbours": 6, "rewired_share": 0.1}},
        {"herd.graph": "communities", "herd.graph_options": {"groups": 5}},
        {"herd.graph": "heavy_tailed"},
        {"herd.graph": "random", "herd.graph_options": {"mean_degree": 6}},
    ],
)
def test_every_family_has_about_six_links_for_each_trader(options):
    graph = graph_of(options, 4000)
    assert graph.nodes == 4000
    assert len(graph.followed) / 4000 == pytest.approx(6.0, rel=0.2)


@pytest.mark.parametrize("nodes", [0, 1, 2, 3])
def test_hardly_any_traders(nodes):
    assert graph_of({}, nodes).nodes == nodes


def test_a_file_of_links_names_traders_by_number(tmp_path):
    (tmp_path / "links.txt").write_text("0 1\n2 1\n1 1 # a loop\n")
    options = {"herd.graph": "edge_list", "herd.graph_options": {"file": "links.txt"}}
    graph = graph_of(options, 3, tmp_path)
    assert np.diff(graph.start).tolist() == [1, 0, 1]
    with pytest.raises(InputError, match=r"herd.graph: edge_list: .*line 2: '2 1'; nodes are 0 to 1"):
        graph_of(options, 2, tmp_path)
    with pytest.raises(InputError, match="No such file"):
        graph_of(options | {"herd.graph_options": {"file": "none.txt"}}, 3, tmp_path)
    with pytest.raises(InputError, match="missing file"):
        graph_of({"herd.graph": "edge_list"}, 3, tmp_path)


def test_a_graph_and_a_rule_of_the_users_own(tmp_path, monkeypatch):
    (tmp_path / "my_contagion.py").write_text(
        "from abm.networks.degroot import DeGroot\n"
        "from abm.networks.graph_links import graph_from_pairs\n"
        "def ring(nodes, rng, skip):\n"
        "    return graph_from_pairs(nodes, range(nodes), [(v + skip) % nodes for v in range(nodes)])\n"
        "class Slow(DeGroot):\n"
        "    pass\n"
    )
    own = {
        "herd.graph": "my_contagion:ring",
        "herd.graph_options": {"skip": 2},
        "herd.rule": "my_contagion:Slow",
    }
    graph = graph_of(own, 10, tmp_path)
    assert graph.followed[:2].tolist() == [2, 8]
    assert isinstance(social_rule(stage(own, tmp_path), graph), DeGroot)
    for wrong, words in (
        ({"herd.graph": "my_contagion:rung"}, "rung"),
        ({"herd.graph_options": {}}, "skip"),
        ({"herd.rule": "nowhere:Slow"}, "nowhere"),
        ({"herd.rule_options": {"rate": -1.0}}, "rate is -1.0"),
    ):
        with pytest.raises(InputError, match=words):
            social_rule(stage(own | wrong, tmp_path), graph_of(own | wrong, 10, tmp_path))


def test_the_scenario_of_the_guide(monkeypatch):
    text = (DOCS / "how-to" / "own-contagion.md").read_text("utf-8")
    (block,) = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    own = {f"herd.{key}": value for key, value in tomllib.loads(block)["herd"].items()}
    monkeypatch.chdir(DOCS / "examples")
    graph = graph_of(own, 35)
    assert np.diff(graph.start).tolist().count(0) == 5
    assert social_rule(stage(own), graph).look_s == 30.0


RUMOUR = {"time_s": 600.0, "venue": "hub", "size": 0.5, "first": 3}


def test_a_rumour_concerns_those_who_trade_there():
    place = stage({"rumours": [RUMOUR]})
    graph = social_graph(place, 50, np.random.default_rng(1))
    home = np.repeat([0, 1], 25)
    rumour = make_rumour(place, 0, place.scenario.rumours[0], graph, make_channels(place, graph), home)
    assert rumour.fear.tolist() == [0.5] * 25 + [0.15] * 25
    assert sorted(rumour.first) == sorted(graph.most_followed(3))
    assert rumour.corrected_s == np.inf


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"venue": "hubb"}, "rumours.0.venue: unknown name 'hubb'; did you mean hub"),
        ({"size": 1.5}, "rumours.0.size"),
        ({"size": -0.1}, "rumours.0.size"),
        ({"corrected_s": 500.0}, "corrected_s is 500; it must be after time_s, 600, or 0"),
        ({"about": "hub"}, "about"),
    ],
)
def test_what_a_rumour_may_not_say(change, words):
    with pytest.raises(InputError, match=words):
        load("october-2025", {"rumours": [RUMOUR | change]})
