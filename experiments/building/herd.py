"""Setting up the social herd: the graph over retail traders and herd members, and what the members hold."""

import numpy as np

from abm.compiled import for_kernels
from abm.ledger.accounts import FIRST_TRADER
from abm.model import MarketModel
from abm.networks.social_graph import barabasi_albert
from agents.leveraged_retail import LeveragedRetailTraders
from agents.social_herd import SocialHerd, herd_dtype
from experiments.building.holdings import fill_by_instrument, grant_spot
from experiments.building.stage import MILLION, Stage


def make_herd(model: MarketModel, stage: Stage, retail: LeveragedRetailTraders) -> SocialHerd:
    """Draw the social graph over retail traders and herd members, and the members' spot holdings.

    Graph nodes are accounts in order, so ``retail`` must have taken the first accounts and the herd takes the
    next.
    """
    p = stage.scenario.herd
    rng = stage.rng("herd")
    table = for_kernels(np.zeros(p.traders, herd_dtype))
    table["account"] = stage.accounts.take(p.traders)
    table["instrument"] = stage.assets + np.arange(p.traders) % stage.assets
    size = np.exp(rng.standard_normal(p.traders))
    fill_by_instrument(table, "holding_usd", size, p.holding_over_depth * stage.depth)
    grant_spot(model, stage, table["account"], table["instrument"], table["holding_usd"])
    model.ledger.deposit(table["account"], (table["holding_usd"] * 1.5 * MILLION).astype(np.int64))
    nodes = len(retail.sentiment)
    graph = barabasi_albert(max(nodes, p.links + 1), p.links, rng) if nodes else barabasi_albert(2, 1, rng)
    shuffled = rng.permutation(graph.nodes)
    watched = np.concatenate([retail.table["instrument"], table["instrument"]]).astype(np.int16)
    return SocialHerd(
        p,
        table,
        graph.relabelled(shuffled),
        retail.sentiment,
        watched,
        first_node=len(retail.table),
        first_account=FIRST_TRADER,
        seed=stage.seed,
        herding=stage.twin != "herding",
    )
