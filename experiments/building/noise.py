"""Setting up noise traders."""

import numpy as np

from abm.compiled import for_kernels
from abm.model import MarketModel
from agents.noise_trader import NoiseTraders, noise_dtype
from experiments.building.holdings import grant_spot
from experiments.building.stage import MILLION, Stage


def make_noise(model: MarketModel, stage: Stage) -> NoiseTraders:
    """Spread noise traders over all instruments; volume is proportional to depth."""
    p = stage.scenario.noise
    table = for_kernels(np.zeros(p.traders, noise_dtype))
    table["account"] = stage.accounts.take(p.traders)
    n = 2 * stage.assets
    table["instrument"] = np.arange(p.traders) % n
    for i in range(n):
        mine = table["instrument"] == i
        orders_per_hour = p.rate_per_hour * p.market_share * max(1, mine.sum())
        table["order_usd"][mine] = p.hourly_turnover * stage.depth[i] / orders_per_hour
    spot = table["instrument"] >= stage.assets
    table["inventory_usd"] = np.where(spot, 10.0 * table["order_usd"], 0.0)
    grant_spot(model, stage, table["account"][spot], table["instrument"][spot], table["inventory_usd"][spot])
    model.ledger.deposit(table["account"], (table["order_usd"] * 40 * MILLION).astype(np.int64))
    return NoiseTraders(p, table, stage.seed)
