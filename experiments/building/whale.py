"""Setting up the whale."""

import numpy as np

from abm.compiled import for_kernels
from agents.whale import WhaleParameters, Whales, whale_dtype
from experiments.building.information import make_readers
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
    schedule = None
    if p.informed:
        schedule = schedule_by_news(stage, int(floor.asset[perpetuals[0]]))
        table["target_usd"] *= schedule is not None
    return Whales(p, table, stage.seed, floor.place, schedule)


def schedule_by_news(stage: Stage, asset: int) -> tuple[float, float] | None:
    """Return when the whale is told of the first bad news for an asset, and when the news comes.

    None when it is told of none before it comes.
    """
    readers = make_readers(stage, "whale", "whale")
    for number, (item, event) in enumerate(zip(readers.told, stage.scenario.news, strict=True)):
        happens = stage.on("exogenous_shock") or not event.shock
        told_s = max(0.0, readers.learns_at(number))
        if happens and item.log_change[asset] < 0.0 and told_s < item.time_s:
            return told_s, item.time_s
    return None
