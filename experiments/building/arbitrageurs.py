"""Setting up arbitrageurs: basis desks on every exchange, and desks between each exchange and the hub."""

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.compiled import for_kernels
from abm.instruments import PERPETUAL, SPOT
from agents.arbitrageur import Arbitrageurs, arbitrageur_dtype
from experiments.building.stage import MILLION, Floor, Stage


def make_arbitrageurs(stage: Stage) -> Arbitrageurs:
    """Draw arbitrageurs with cash for their capital and first shorts.

    On each exchange basis desks hold a perpetual against spot, here or on the hub; away from the hub as many
    desks hold a perpetual against the hub's. A pool needs no basis
    desks: it is the other side of the crowd itself.
    """
    p = stage.scenario.arbitrageur
    parts = []
    for floor in stage.floors:
        if floor.has_book:
            parts.append(basis_desks(stage, floor))
        if floor.place > 0:
            parts.append(gap_desks(stage, floor))
    return Arbitrageurs(p, for_kernels(np.concatenate(parts)), stage.seed)


def basis_desks(stage: Stage, floor: Floor) -> Records:
    """Return the desks between the perpetuals of a floor and spot, the floor's own or else the hub's."""
    there = floor if len(floor.spot) else stage.hub
    table = desks(stage, floor, there, SPOT, stage.rng("arbitrageurs", floor))
    short = stage.open_interest(floor)
    for i in floor.perpetuals:
        mine = table["perpetual"] == i
        share = short[i] / max(1, mine.sum())
        cash = (table["capital_usd"][mine] + share) * MILLION
        floor.exchange.ledger.deposit(table["account"][mine], cash.astype(np.int64))
        if there is not floor:
            spare = (table["capital_usd"][mine] * MILLION).astype(np.int64)
            there.exchange.ledger.deposit(table["other_account"][mine], spare)
    return table


def gap_desks(stage: Stage, floor: Floor) -> Records:
    """Return the desks between the perpetuals of a floor and those of the hub."""
    table = desks(stage, floor, stage.hub, PERPETUAL, stage.rng("gap arbitrageurs", floor))
    cash = (table["capital_usd"] * MILLION).astype(np.int64)
    floor.exchange.ledger.deposit(table["account"], cash)
    stage.hub.exchange.ledger.deposit(table["other_account"], cash)
    for ledger, rows, column in (
        (floor.exchange.ledger, "account", "perpetual"),
        (stage.hub.exchange.ledger, "other_account", "other"),
    ):
        ledger.leverage[table[column], table[rows]] = GAP_LEVERAGE
    return table


GAP_LEVERAGE = 3
"""Leverage of desks that hold a perpetual against another."""


def desks(stage: Stage, floor: Floor, there: Floor, kind: int, rng: np.random.Generator) -> Records:
    """Return desks between each perpetual of ``floor`` and the same coin's instrument of ``kind`` there."""
    p = stage.scenario.arbitrageur
    rows = [i for i in floor.perpetuals if there.row(int(floor.asset[i]), kind) >= 0]
    table = for_kernels(np.zeros(p.traders, arbitrageur_dtype))
    table["perpetual"] = np.array(rows)[np.arange(p.traders) % len(rows)]
    table["other"] = [there.row(int(a), kind) for a in floor.asset[table["perpetual"]]]
    table["exchange"], table["other_exchange"] = floor.place, there.place
    table["account"] = floor.accounts.take(p.traders)
    table["other_account"] = table["account"] if there is floor else there.accounts.take(p.traders)
    table["threshold"] = p.threshold * (1.0 + rng.exponential(1.0, p.traders))
    each = np.bincount(table["perpetual"], minlength=floor.instruments)[table["perpetual"]]
    table["capital_usd"] = p.capital_over_depth * floor.depth[table["perpetual"]] / each
    table["clip_usd"] = p.clip_over_depth * floor.depth[table["perpetual"]]
    return table


def even_out(stage: Stage, arbitrageurs: Arbitrageurs) -> None:
    """Note the desks' shorts as their home position; issue them spot against it and to trade with."""
    table = arbitrageurs.table
    for k in range(len(table)):
        desk = table[k]
        here = stage.floors[desk["exchange"]]
        there = stage.floors[desk["other_exchange"]]
        i, j = int(desk["perpetual"]), int(desk["other"])
        short = -units(here, i, int(desk["account"]))
        desk["home"] = short
        if there.kind[j] == SPOT:
            spare = desk["capital_usd"] / there.price[j]
            lots = int((max(0.0, short) + spare) / there.exchange.table["lot"][j])
            there.exchange.ledger.issue(j, int(desk["other_account"]), lots)
        desk["net"] = units(there, j, int(desk["other_account"])) - short


def units(floor: Floor, instrument: int, account: int) -> float:
    """Return what an account holds of an instrument, units of the asset."""
    exchange = floor.exchange
    return float(exchange.ledger.position[instrument, account] * exchange.table["lot"][instrument])


def short_desks(
    stage: Stage, arbitrageurs: Arbitrageurs, floor: Floor, instrument: int
) -> npt.NDArray[np.int32]:
    """Return the accounts of the desks that hold a perpetual of ``floor`` against spot."""
    table = arbitrageurs.table
    against = [stage.floors[e].kind[i] for e, i in zip(table["other_exchange"], table["other"], strict=True)]
    mine = (table["exchange"] == floor.place) & (table["perpetual"] == instrument)
    return table["account"][mine & (np.array(against) == SPOT)]
