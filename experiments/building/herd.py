"""Setting up the social herd: the graph over retail traders and herd members, and what the members hold."""

import importlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from abm.compiled import for_kernels
from abm.ledger.accounts import FIRST_TRADER
from abm.networks.channels import Channel
from abm.networks.graph_links import followers
from abm.networks.graphs import make_graph, private_groups
from abm.networks.rumour_and_correction import RumourAndCorrection
from abm.networks.social_graph import SocialGraph, empty_graph
from abm.networks.social_rule import SocialRule
from abm.networks.social_rules import make_rule
from abm.random_streams import stream_key
from agents.herd.trading import herd_dtype
from agents.leveraged_retail import LeveragedRetailTraders
from agents.social_herd import Nodes, SocialHerd
from experiments.building.holdings import fill_by_instrument, grant_spot
from experiments.building.own_agents import searching
from experiments.building.stage import MILLION, Stage
from experiments.errors import InputError
from experiments.scenarios.events import Rumour

Integers = npt.NDArray[np.int64]
FAULTS = (ImportError, AttributeError, TypeError, ValueError, OSError)
"""What graphs, rules and files of the user's own may raise."""


def make_herd(
    stage: Stage, retail: Sequence[LeveragedRetailTraders], sentiment: npt.NDArray[np.float64]
) -> SocialHerd:
    """Draw the social graph over the retail traders of all exchanges and the herd, who hold spot on the hub.

    Nodes are retail accounts in order, exchange by exchange (they must have taken the first accounts of
    each), then herd members.

    Raises
    ------
    InputError
        If the graph or the rule cannot be made.
    """
    p = stage.scenario.herd
    hub = stage.hub
    rng = stage.rng("herd")
    table = for_kernels(np.zeros(p.traders, herd_dtype))
    table["account"] = hub.accounts.take(p.traders)
    coins = hub.spot[np.isin(hub.asset[hub.spot], hub.asset[hub.perpetuals])]
    table["instrument"] = coins[np.arange(p.traders) % len(coins)]
    size = np.exp(rng.standard_normal(p.traders))
    fill_by_instrument(table, "holding_usd", size, p.holding_over_depth * hub.depth)
    grant_spot(hub, table["account"], table["instrument"], table["holding_usd"])
    cash = (table["holding_usd"] * 1.5 * MILLION).astype(np.int64)
    hub.exchange.ledger.deposit(table["account"], cash)
    graph = social_graph(stage, len(sentiment), rng)
    channels = make_channels(stage, graph)
    counts = [len(crowd.table) for crowd in retail]
    home = np.repeat([*range(len(retail)), hub.place], [*counts, p.traders])
    watched = [
        floor.exchange.place.start + crowd.table["instrument"]
        for floor, crowd in zip(stage.floors, retail, strict=True)
    ]
    first_nodes = np.cumsum([0, *counts])
    return SocialHerd(
        p,
        table,
        graph,
        sentiment,
        np.concatenate([*watched, table["instrument"]]).astype(np.int16),
        first_node=int(first_nodes[-1]),
        retail=[Nodes(e, FIRST_TRADER, count, int(first_nodes[e])) for e, count in enumerate(counts)],
        seed=stage.seed,
        channels=channels,
        rule=social_rule(stage, graph),
        rumours=[
            make_rumour(stage, number, spec, graph, channels, home)
            for number, spec in enumerate(stage.scenario.rumours)
            if len(sentiment)
        ],
    )


def social_graph(stage: Stage, nodes: int, rng: np.random.Generator) -> SocialGraph:
    """Return the graph that the scenario asks for; who has which place in it is drawn.

    In a graph of the user's own, function or file, node numbers are those of the traders.
    """
    p = stage.scenario.herd
    if nodes < 2:
        return empty_graph(nodes)
    options = dict(p.graph_options)
    if p.graph == "barabasi_albert":
        options = {"links": min(p.links, nodes - 1)} | options
    if p.graph == "edge_list" and "file" in options:
        options["file"] = (stage.scenario.folder or Path.cwd()) / str(options["file"])
    try:
        if ":" in p.graph:
            graph: SocialGraph = imported(stage, p.graph)(nodes, rng, **options)
        else:
            graph = make_graph(p.graph, nodes, rng, **options)
        if graph.nodes != nodes:
            raise ValueError(f"it has {graph.nodes} nodes; there are {nodes} traders")
    except FAULTS as error:
        raise InputError(f"herd.graph: {p.graph}: {error}") from error
    if ":" in p.graph or p.graph == "edge_list":
        return graph
    return graph.relabelled(rng.permutation(nodes))


def social_rule(stage: Stage, graph: SocialGraph) -> SocialRule:
    """Return the rule by which moods spread."""
    p = stage.scenario.herd
    key = stream_key(stage.seed, f"social rule {p.rule}")
    options = dict(p.rule_options)
    if p.rule == "degroot":
        options = {"rate": 1.0 / (60.0 * p.peer_minutes)} | options
    try:
        if ":" in p.rule:
            rule: SocialRule = imported(stage, p.rule)(graph, key, **options)
        else:
            rule = make_rule(p.rule, graph, key, **options)
    except FAULTS as error:
        raise InputError(f"herd.rule: {p.rule}: {error}") from error
    return rule


def imported(stage: Stage, path: str) -> Any:
    """Return what an import path names, looked for where agents of the user's own are."""
    module, _, name = path.partition(":")
    with searching(stage.scenario.folder, Path.cwd()):
        return getattr(importlib.import_module(module), name)


def make_channels(stage: Stage, graph: SocialGraph) -> list[Channel]:
    """Return the ways that posts take; private groups are drawn."""
    public = followers(graph)
    channels = []
    for spec in stage.scenario.herd.channels:
        reach = public
        if spec.readers == "groups":
            reach = private_groups(graph.nodes, stage.rng(f"channel {spec.name}"), spec.group_size)
        rate = spec.tells_per_hour / 3600.0
        channels.append(Channel(spec.name, reach, spec.delay_s, spec.loudness, rate, spec.carries))
    return channels


def make_rumour(
    stage: Stage, number: int, spec: Rumour, graph: SocialGraph, channels: Sequence[Channel], home: Integers
) -> RumourAndCorrection:
    """Return a rumour about a venue: ``home`` is the exchange that each node trades on."""
    venue = [item.name for item in stage.scenario.venues].index(spec.venue)
    first = stage.rng(f"rumour {number}").permutation(graph.nodes)[: spec.first]
    if spec.influencers:
        first = graph.most_followed(spec.first)
    return RumourAndCorrection(
        spec.size * np.where(home == venue, 1.0, spec.elsewhere),
        channels,
        stream_key(stage.seed, f"rumour {number}"),
        stream_key(stage.seed, f"correction {number}"),
        first,
        spec.time_s,
        spec.corrected_s or math.inf,
        spec.believed,
    )
