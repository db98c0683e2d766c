"""Setting up the social herd: the graph over retail traders and herd members, and what the members hold."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from abm.compiled import for_kernels
from abm.ledger.accounts import FIRST_TRADER
from abm.networks.social_graph import barabasi_albert
from agents.leveraged_retail import LeveragedRetailTraders
from agents.social_herd import Nodes, SocialHerd, herd_dtype
from experiments.building.holdings import fill_by_instrument, grant_spot
from experiments.building.stage import MILLION, Stage


def make_herd(
    stage: Stage, retail: Sequence[LeveragedRetailTraders], sentiment: npt.NDArray[np.float64]
) -> SocialHerd:
    """Draw the social graph over the retail traders of all exchanges and the herd, who hold spot on the hub.

    Nodes are retail accounts in order, exchange by exchange (they must have taken the first accounts of
    each), then herd members.
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
    nodes = len(sentiment)
    graph = barabasi_albert(max(nodes, p.links + 1), p.links, rng) if nodes else barabasi_albert(2, 1, rng)
    shuffled = rng.permutation(graph.nodes)
    watched = [
        floor.exchange.place.start + crowd.table["instrument"]
        for floor, crowd in zip(stage.floors, retail, strict=True)
    ]
    first_nodes = np.cumsum([0] + [len(crowd.table) for crowd in retail])
    return SocialHerd(
        p,
        table,
        graph.relabelled(shuffled),
        sentiment,
        np.concatenate([*watched, table["instrument"]]).astype(np.int16),
        first_node=int(first_nodes[-1]),
        retail=[
            Nodes(e, FIRST_TRADER, len(crowd.table), int(first_nodes[e])) for e, crowd in enumerate(retail)
        ],
        seed=stage.seed,
        herding=stage.on("herding"),
    )
