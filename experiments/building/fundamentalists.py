"""Setting up fundamentalists."""

import numpy as np

from abm.compiled import for_kernels
from abm.model import MarketModel
from agents.fundamentalist import Fundamentalists, fundamentalist_dtype
from experiments.building.holdings import fill_by_instrument, grant_spot
from experiments.building.stage import MILLION, Stage


def make_fundamentalists(model: MarketModel, stage: Stage) -> Fundamentalists:
    """Draw fundamentalists with their opinions, delays and capital."""
    p = stage.scenario.fundamentalist
    rng = stage.rng("fundamentalists")
    table = for_kernels(np.zeros(p.traders, fundamentalist_dtype))
    table["account"] = stage.accounts.take(p.traders)
    table["instrument"] = np.arange(p.traders) % (2 * stage.assets)
    asset = table["instrument"] % stage.assets
    table["opinion"] = p.opinion_spread * rng.standard_normal(p.traders)
    table["value_seen"] = np.log(stage.price)[asset]
    table["delay_s"] = p.delay_s * np.exp(0.7 * rng.standard_normal(p.traders))
    table["threshold"] = p.threshold * rng.exponential(1.0, p.traders)
    size = np.exp(rng.standard_normal(p.traders))
    believed = np.array([asset.value_capital for asset in stage.scenario.assets] * 2)
    fill_by_instrument(table, "capital_usd", size, p.capital_over_depth * stage.depth * believed)
    spot = table["instrument"] >= stage.assets
    table["holding_usd"] = np.where(spot, table["capital_usd"], 0.0)
    grant_spot(model, stage, table["account"][spot], table["instrument"][spot], table["holding_usd"][spot])
    model.ledger.deposit(table["account"], (table["capital_usd"] * 3 * MILLION).astype(np.int64))
    return Fundamentalists(p, table, stage.seed)
