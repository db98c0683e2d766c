"""Setting up market makers."""

import numpy as np

from abm.compiled import for_kernels
from abm.model import MarketModel
from agents.market_maker import MarketMakers, maker_dtype, quote_dtype
from experiments.building.holdings import grant_spot
from experiments.building.stage import MILLION, Stage


def make_makers(model: MarketModel, stage: Stage) -> MarketMakers:
    """Draw market makers; together they show the calm depth of every instrument."""
    p = stage.scenario.market_maker
    rng = stage.rng("makers")
    n, instruments = p.makers, 2 * stage.assets
    table = for_kernels(np.zeros(n, maker_dtype))
    table["account"] = stage.accounts.take(n)
    share = rng.dirichlet(np.full(n, 8.0)) if n else np.zeros(0)
    table["capital_usd"] = p.capital_over_depth * share * stage.depth.sum()
    table["risk_limit"] = p.risk_limit * np.exp(p.limit_spread * rng.standard_normal(n))
    table["stretch"] = rng.uniform(0.85, 1.15, n)
    quotes = for_kernels(np.zeros((n, instruments), quote_dtype))
    quotes["fair"] = quotes["value_seen"] = np.log(stage.price)
    quotes["size_factor"] = quotes["bid_appetite"] = quotes["ask_appetite"] = 1.0
    quotes["depth_usd"] = share[:, None] * stage.depth
    spot = np.arange(instruments) >= stage.assets
    quotes["home_usd"] = np.where(spot, p.inventory_over_depth * quotes["depth_usd"], 0.0)
    for i in np.flatnonzero(spot):
        grant_spot(model, stage, table["account"], np.full(n, i), quotes["home_usd"][:, i])
    quotes["held"] = model.ledger.position[:, table["account"]].T
    model.ledger.deposit(table["account"], (table["capital_usd"] * MILLION).astype(np.int64))
    withdrawal = stage.twin != "maker_withdrawal"
    makers = MarketMakers(p, table, quotes, stage.loading, stage.seed, withdrawal=withdrawal)
    makers.instrument_names = model.instrument_names
    return makers
