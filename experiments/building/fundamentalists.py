"""Setting up fundamentalists."""

import numpy as np

from abm.compiled import for_kernels
from agents.fundamentalist import Fundamentalists, fundamentalist_dtype
from experiments.building.holdings import fill_by_instrument, grant_spot
from experiments.building.information import make_readers
from experiments.building.stage import MILLION, Floor, Stage


def make_fundamentalists(stage: Stage, floor: Floor) -> Fundamentalists:
    """Draw the fundamentalists of one exchange with their opinions, delays and capital."""
    p = stage.scenario.fundamentalist
    rng = stage.rng("fundamentalists", floor)
    n = p.traders
    table = for_kernels(np.zeros(n, fundamentalist_dtype))
    table["account"] = floor.accounts.take(n)
    table["instrument"] = np.arange(n) % floor.instruments
    table["opinion"] = p.opinion_spread * rng.standard_normal(n)
    table["value_seen"] = np.log(floor.price)[table["instrument"]]
    table["delay_s"] = p.delay_s * np.exp(0.7 * rng.standard_normal(n))
    table["threshold"] = p.threshold * rng.exponential(1.0, n)
    size = np.exp(rng.standard_normal(n))
    believed = stage.per_asset("value_capital")[floor.asset]
    fill_by_instrument(table, "capital_usd", size, p.capital_over_depth * floor.depth * believed)
    spot = np.isin(table["instrument"], floor.spot)
    table["holding_usd"] = np.where(spot, table["capital_usd"], 0.0)
    grant_spot(floor, table["account"][spot], table["instrument"][spot], table["holding_usd"][spot])
    floor.exchange.ledger.deposit(table["account"], (table["capital_usd"] * 3 * MILLION).astype(np.int64))
    readers = None
    if stage.scenario.information.apply:
        readers = make_readers(stage, "fundamentalist", f"fundamentalist {floor.place}")
    return Fundamentalists(p, table, stage.seed, floor.place, readers)
