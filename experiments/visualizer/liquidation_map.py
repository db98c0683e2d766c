"""The liquidation map: how much notional is liquidated when the mark reaches a price."""

from typing import Any

import numpy as np
import numpy.typing as npt

from abm.instruments import MILLIONTHS, PERPETUAL
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.valuation import cross_columns
from abm.rules.liquidation_price import price_in_tier
from abm.rules.margin_tiers import maintenance_margins
from abm.venues.exchange import Exchange

BINS = 120
REACH = 0.30
"""Farthest from the mark that is shown, fraction."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def engine_of(exchange: Exchange) -> Any:
    """Return the liquidation engine of an exchange, None where nobody liquidates."""
    return getattr(exchange.risk, "engine", None)


def wallets(exchange: Exchange) -> Integers:
    """Return equity, maintenance and initial margin of all cross wallets, millionths, ``(3, accounts)``."""
    engine = engine_of(exchange)
    return cross_columns(exchange.ledger, exchange.pricing.mark_ticks, engine.tiers, engine.backing)


def breach_prices(exchange: Exchange, instrument: int, cross: Integers | None = None) -> Floats:
    """Return the mark in USD at which each account's position is liquidated, all else unchanged.

    Unlike `abm.rules.liquidation_price.liquidation_ticks` it counts the collateral behind a wallet.

    Parameters
    ----------
    cross
        What `wallets` returns, where it is known already.

    Returns
    -------
    float64 ``(accounts,)``
        nan for accounts without a position and where no price liquidates.
    """
    ledger = exchange.ledger
    prices = np.full(ledger.accounts, np.nan)
    who = np.flatnonzero(ledger.position[instrument])
    engine = engine_of(exchange)
    if exchange.table["kind"][instrument] != PERPETUAL or engine is None or len(who) == 0:
        return prices
    cross = wallets(exchange) if cross is None else cross
    terms = exchange.table[instrument]
    unit = int(terms["tick_lot_value"])
    value = int(exchange.pricing.mark_ticks[instrument]) * unit
    lots, entered = ledger.position[instrument, who], ledger.entry_value[instrument, who]
    own_margin = maintenance_margins(engine.tiers, instrument, np.abs(lots) * value)
    alone = ledger.isolated[instrument, who] != 0
    wallet = np.where(
        alone, ledger.isolated_margin[instrument, who], cross[0, who] - (lots * value - entered)
    )
    others = np.where(alone, 0, cross[1, who] - own_margin) / MILLIONTHS
    size = np.abs(lots) * float(terms["lot"])
    found = np.full(len(who), np.nan)
    rows = engine.tiers[instrument]
    for tier, cap in zip(rows, [*rows["floor"][1:], np.iinfo(np.int64).max], strict=True):
        rate, deduction = float(tier["rate"]) / MILLIONTHS, float(tier["deduction"]) / MILLIONTHS
        entry = np.abs(entered) / MILLIONTHS / size
        price = price_in_tier(wallet / MILLIONTHS, size, entry, np.sign(lots), rate, deduction, others)
        fits = (price * size > tier["floor"] / MILLIONTHS) & (price * size <= cap / MILLIONTHS)
        found = np.where(fits & np.isnan(found), price, found)
    prices[who] = found
    return prices


def liquidation_map(exchange: Exchange, instrument: int) -> Floats:
    """Return the notional that is liquidated at each price, USD at the mark, shape ``(2, BINS)``.

    Row 0 holds longs, row 1 shorts. Bins go from `REACH` below the mark to `REACH` above it. The venue's own
    accounts (fund, pool) are left out.
    """
    mark = float(exchange.view["mark"][instrument])
    held = exchange.ledger.position[instrument].copy()
    held[:FIRST_TRADER] = 0
    price = breach_prices(exchange, instrument)
    usd = np.abs(held) * float(exchange.table["lot"][instrument]) * mark
    bins = np.zeros((2, BINS))
    distance = np.where(np.isnan(price), np.inf, price / mark - 1.0)
    inside = np.abs(distance) < REACH
    place = np.zeros(len(held), np.int64)
    place[inside] = ((distance[inside] + REACH) * (BINS / (2.0 * REACH))).astype(np.int64)
    for row, mine in enumerate((held > 0, held < 0)):
        chosen = mine & inside
        bins[row] = np.bincount(place[chosen], usd[chosen], BINS)[:BINS]
    return bins
