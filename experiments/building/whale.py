"""Setting up the whale."""

import numpy as np

from abm.compiled import for_kernels
from abm.model import MarketModel
from agents.whale import WhaleParameters, Whales, whale_dtype
from experiments.building.stage import MILLION, Stage


def make_whale(model: MarketModel, stage: Stage, p: WhaleParameters) -> Whales:
    """Return the whale: one account, one row for each of the first two perpetuals."""
    count = min(2, stage.assets)
    table = for_kernels(np.zeros(count, whale_dtype))
    account = int(stage.accounts.take(1)[0])
    table["account"] = account
    table["instrument"] = np.arange(count)
    table["target_usd"] = p.short_over_depth * stage.depth[:count]
    model.ledger.leverage[:, account] = p.leverage
    model.ledger.deposit(account, int(table["target_usd"].sum() / p.leverage * 2.0 * MILLION))
    return Whales(p, table, stage.seed)
