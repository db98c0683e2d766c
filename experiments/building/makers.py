"""Setting up market makers."""

import numpy as np

from abm.book.messages import Records
from abm.compiled import for_kernels
from agents.making.deciding import maker_dtype
from agents.making.quoting import quote_dtype
from agents.market_maker import MarketMakers
from experiments.building.holdings import grant_spot
from experiments.building.stage import MILLION, Floor, Stage


def make_makers(stage: Stage) -> MarketMakers:
    """Draw market makers; together they show the calm depth of every instrument of every exchange."""
    p = stage.scenario.market_maker
    information = stage.scenario.information
    if information.apply:
        p = p.model_copy(
            update={"news_delay_s": max(0.001, information.known()[information.market_maker].delay_s)}
        )
    rng = stage.rng("makers")
    n = p.makers
    table = for_kernels(np.zeros(n, maker_dtype))
    share = rng.dirichlet(np.full(n, 8.0)) if n else np.zeros(0)
    table["risk_limit"] = p.risk_limit * np.exp(p.limit_spread * rng.standard_normal(n))
    table["stretch"] = rng.uniform(0.85, 1.15, n)
    accounts, quotes = [], []
    for floor in stage.floors:
        accounts.append(floor.accounts.take(n))
        if not floor.has_book:
            quotes.append(for_kernels(np.zeros((n, 0), quote_dtype)))
            continue
        capital = p.capital_over_depth * share * floor.depth.sum()
        table["capital_usd"] += capital
        floor.exchange.ledger.deposit(accounts[-1].astype(np.int64), (capital * MILLION).astype(np.int64))
        floor.exchange.ledger.leverage[:, accounts[-1]] = p.leverage
        quotes.append(first_quotes(floor, accounts[-1], share, p.inventory_over_depth))
    table["account"] = accounts[0]
    makers = MarketMakers(p, table, np.array(accounts), quotes, stage.loading, stage.seed)
    makers.instrument_names = [floor.exchange.instrument_names for floor in stage.floors]
    return makers


def first_quotes(
    floor: Floor, accounts: np.ndarray, share: np.ndarray, inventory_over_depth: float
) -> Records:
    """Return the makers' first beliefs on one exchange, and give them the spot that they quote from."""
    quotes = for_kernels(np.zeros((len(accounts), floor.instruments), quote_dtype))
    quotes["fair"] = quotes["value_seen"] = np.log(floor.price)
    quotes["size_factor"] = quotes["bid_appetite"] = quotes["ask_appetite"] = 1.0
    quotes["depth_usd"] = share[:, None] * floor.depth
    spot = np.isin(np.arange(floor.instruments), floor.spot)
    quotes["home_usd"] = np.where(spot, inventory_over_depth * quotes["depth_usd"], 0.0)
    for i in floor.spot:
        grant_spot(floor, accounts, np.full(len(accounts), i), quotes["home_usd"][:, i])
    quotes["held"] = floor.exchange.ledger.position[:, accounts].T
    return quotes
