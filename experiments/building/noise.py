"""Setting up noise traders."""

import numpy as np

from abm.compiled import for_kernels
from agents.noise_trader import NoiseTraders, noise_dtype
from experiments.building.holdings import grant_spot
from experiments.building.stage import MILLION, Floor, Stage


def make_noise(stage: Stage, floor: Floor) -> NoiseTraders:
    """Spread noise traders over all instruments of an exchange; volume is proportional to depth."""
    p = stage.scenario.noise
    n = p.traders
    table = for_kernels(np.zeros(n, noise_dtype))
    table["account"] = floor.accounts.take(n)
    table["instrument"] = np.arange(n) % floor.instruments
    for i in range(floor.instruments):
        mine = table["instrument"] == i
        orders_per_hour = p.rate_per_hour * p.market_share * max(1, mine.sum())
        table["order_usd"][mine] = p.hourly_turnover * floor.depth[i] / orders_per_hour
    spot = np.isin(table["instrument"], floor.spot)
    table["inventory_usd"] = np.where(spot, 10.0 * table["order_usd"], 0.0)
    grant_spot(floor, table["account"][spot], table["instrument"][spot], table["inventory_usd"][spot])
    floor.exchange.ledger.deposit(table["account"], (table["order_usd"] * 40 * MILLION).astype(np.int64))
    return NoiseTraders(p, table, stage.seed, floor.place)
