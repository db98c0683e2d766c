"""Setting up arbitrageurs."""

import numpy as np

from abm.compiled import for_kernels
from abm.model import MarketModel
from agents.arbitrageur import Arbitrageurs, arbitrageur_dtype
from experiments.building.stage import MILLION, Stage


def make_arbitrageurs(model: MarketModel, stage: Stage) -> Arbitrageurs:
    """Draw arbitrageurs, spread over the assets, with cash for their capital and first shorts."""
    p = stage.scenario.arbitrageur
    rng = stage.rng("arbitrageurs")
    table = for_kernels(np.zeros(p.traders, arbitrageur_dtype))
    table["account"] = stage.accounts.take(p.traders)
    table["perpetual"] = np.arange(p.traders) % stage.assets
    table["spot"] = table["perpetual"] + stage.assets
    table["threshold"] = p.threshold * (1.0 + rng.exponential(1.0, p.traders))
    for i, asset in enumerate(stage.scenario.assets):
        mine = table["perpetual"] == i
        table["capital_usd"][mine] = p.capital_over_depth * stage.depth[i] / max(1, mine.sum())
        table["clip_usd"][mine] = p.clip_over_depth * stage.depth[i]
        open_interest = stage.scenario.retail.open_interest_over_depth * asset.crowding
        short = open_interest * stage.depth[i] / max(1, mine.sum())
        cash = (table["capital_usd"][mine] + short) * MILLION
        model.ledger.deposit(table["account"][mine], cash.astype(np.int64))
    return Arbitrageurs(p, table, stage.seed)
