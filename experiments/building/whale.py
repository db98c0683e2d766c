"""Setting up the whale."""

import numpy as np

from abm.compiled import for_kernels
from agents.whale import WhaleParameters, Whales, whale_dtype
from experiments.building.stage import MILLION, Stage


def make_whale(stage: Stage, p: WhaleParameters) -> Whales:
    """Return the whale: one account on one exchange, one row for each of the first two perpetuals there."""
    floor = next((item for item in stage.floors if item.spec.name == p.venue), stage.hub)
    perpetuals = floor.perpetuals[:2]
    table = for_kernels(np.zeros(len(perpetuals), whale_dtype))
    account = int(floor.accounts.take(1)[0])
    table["account"] = account
    table["instrument"] = perpetuals
    table["target_usd"] = p.short_over_depth * stage.hub.depth[stage.hub.perpetuals[: len(perpetuals)]]
    ledger = floor.exchange.ledger
    leverage = int(min(p.leverage, stage.leverage_allowed))
    ledger.leverage[:, account] = leverage
    ledger.deposit(account, int(table["target_usd"].sum() / leverage * 2.0 * MILLION))
    return Whales(p, table, stage.seed, floor.place)
