"""The price at which a position is liquidated (Binance, linear contracts).

``LP = (WB - TMM_others + UPNL_others + cum - side * q * EP) / (q * rate - side * q)`` with the rate and
deduction ("cum") of the tier that holds the notional *at that price*: every tier is tried and the
consistent one kept (binance.com FAQ b3c689c1f50a44cabb3a84e663b81d93). Isolated: WB is the isolated margin
and the other terms are zero, so leverage moves it. Cross: WB is the wallet, and chosen leverage does not
move it.
"""

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.instruments import MILLIONTHS
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts
from abm.ledger.valuation import cross_columns, mark_values
from abm.rules.margin_tiers import MarginTiers, maintenance_margins

Floats = npt.NDArray[np.float64]


def price_in_tier(
    wallet: Floats | float,
    size: Floats | float,
    entry: Floats | float,
    side: Floats | int,
    rate: float,
    deduction: float,
    other_maintenance: Floats | float = 0.0,
    other_profit: Floats | float = 0.0,
) -> Floats:
    """Return the liquidation price under one maintenance rate and deduction.

    Parameters
    ----------
    wallet
        Isolated margin, or balance of the cross wallet.
    size
        Position size, positive, in units of the asset.
    entry, side
        Average entry price; +1 long, -1 short.
    other_maintenance, other_profit
        Maintenance margin and unrealised profit of the wallet's other positions.
    """
    free = np.asarray(wallet - other_maintenance + other_profit + deduction - side * size * entry, np.float64)
    return np.asarray(free / (size * rate - side * size), np.float64)


def price_of_both_sides(
    wallet: Floats | float,
    size: Floats,
    entry: Floats,
    side: Floats,
    rate: Floats,
    deduction: Floats,
    other_maintenance: Floats | float = 0.0,
    other_profit: Floats | float = 0.0,
) -> Floats:
    """Return the price at which a wallet with long and short positions in one contract is liquidated.

    Binance's formula for hedge mode: the terms of `price_in_tier` are summed over the last axis of ``size``,
    ``entry``, ``side``, ``rate`` and ``deduction``.
    """
    own = (deduction - side * size * entry).sum(axis=-1)
    free = np.asarray(wallet - other_maintenance + other_profit + own, np.float64)
    return np.asarray(free / (size * rate - side * size).sum(axis=-1), np.float64)


def liquidation_price(
    wallet: Floats | float,
    size: Floats | float,
    entry: Floats | float,
    side: Floats | int,
    tiers: MarginTiers,
    other_maintenance: Floats | float = 0.0,
    other_profit: Floats | float = 0.0,
) -> Floats:
    """Return the liquidation price with the tier that fits it; nan where no positive price liquidates.

    Parameters as in `price_in_tier`; arrays are matched element by element.
    """
    shape = np.broadcast_shapes(*(np.shape(x) for x in (wallet, size, entry, side)))
    result = np.full(shape, np.nan)
    last = len(tiers.tiers) - 1
    for k, (tier, deduction) in enumerate(zip(tiers.tiers, tiers.deductions(), strict=True)):
        price = price_in_tier(
            wallet, size, entry, side, tier.maintenance_rate, deduction, other_maintenance, other_profit
        )
        notional = price * size
        fits = (notional > tier.floor) & ((notional <= tier.cap) | (k == last))
        result = np.where(fits & np.isnan(result), price, result)
    return result


def liquidation_ticks(
    ledger: Ledger, instrument: int, mark_ticks: Amounts, tiers: MarginTiers, table: Records
) -> Floats:
    """Return the price in ticks at which each account's position is liquidated, all else unchanged.

    Parameters
    ----------
    tiers
        Tiers of the instrument.
    table
        Tiers of all instruments (`abm.rules.margin_tiers.tier_table`).

    Returns
    -------
    float64 ``(accounts,)``; nan for flat accounts and where no price liquidates.
    """
    i = instrument
    who = np.flatnonzero(ledger.position[i])
    lots = ledger.position[i, who]
    entry_value = ledger.entry_value[i, who]
    mark_value = int(mark_values(ledger.instruments, mark_ticks)[i])
    alone = ledger.isolated[i, who] != 0
    cross = cross_columns(ledger, mark_ticks, table)[:, who]
    own_profit = lots * mark_value - entry_value
    own_margin = maintenance_margins(table, i, np.abs(lots) * mark_value)
    wallet = np.where(alone, ledger.isolated_margin[i, who], cross[0] - own_profit)
    others = np.where(alone, 0, cross[1] - own_margin)
    size = np.abs(lots) * (int(ledger.instruments["tick_lot_value"][i]) / MILLIONTHS)
    entry = np.abs(entry_value) / MILLIONTHS / size
    result = np.full(ledger.accounts, np.nan)
    result[who] = liquidation_price(
        wallet / MILLIONTHS, size, entry, np.sign(lots), tiers, others / MILLIONTHS
    )
    return result
