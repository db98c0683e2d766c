"""Setting up index investors."""

import numpy as np

from abm.compiled import for_kernels
from agents.index_investor import AVERAGING, CALENDAR, THRESHOLD, IndexInvestors, index_dtype
from experiments.building.holdings import grant_spot
from experiments.building.stage import MILLION, Stage


def make_index_investors(stage: Stage) -> IndexInvestors:
    """Draw index investors on the hub; the basket weighs coins that have perpetuals by their spot depth."""
    p = stage.scenario.index_investor
    floor = stage.hub
    rng = stage.rng("index investors")
    n = p.investors
    table = for_kernels(np.zeros(n, index_dtype))
    table["account"] = floor.accounts.take(n)
    table["phase"] = rng.random(n)
    draw = rng.random(n)
    by_date = np.where(draw < p.averaging_share + p.calendar_share, CALENDAR, THRESHOLD)
    table["rule"] = np.where(draw < p.averaging_share, AVERAGING, by_date)
    in_basket = np.isin(np.arange(floor.instruments), floor.spot) & np.isin(
        floor.asset, floor.asset[floor.perpetuals]
    )
    weight = np.where(in_basket, floor.depth, 0.0)
    basket = float(weight.sum())
    weight = weight / basket
    size = np.exp(rng.standard_normal(n))
    holding = size / max(float(size.sum()), 1e-9) * p.holding_over_depth * basket
    averages = table["rule"] == AVERAGING
    powder = np.where(averages, p.powder_share * holding, 0.0)
    table["saves_usd"] = np.where(averages, p.saving_share * holding, 0.0)
    table["clip_usd"] = p.clip_over_depth * basket
    for i in np.flatnonzero(weight) if n else ():
        grant_spot(floor, table["account"], np.full(n, i), holding * weight[i])
    cash = np.where(averages, powder, holding * (1.0 - p.coin_share) / p.coin_share)
    floor.exchange.ledger.deposit(table["account"], (cash * MILLION).astype(np.int64))
    return IndexInvestors(p, table, weight, np.outer(powder, weight), floor.price, stage.seed, floor.place)
