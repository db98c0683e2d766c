"""How a venue judges new orders: kernels of `abm.venues.admission`.

The margin check compares the initial margin of the position that an order would make, if it filled at once
and whole, with what the account has free; other open orders are not counted. Orders that only reduce a
position and cancels always pass.
"""

import numpy as np
import numpy.typing as npt

from abm.book.layout import LOTS_LIMIT, PRICE_LIMIT
from abm.book.messages import (
    AMEND,
    BUY,
    CANCEL,
    MARKET,
    REDUCE_ONLY,
    REJECTED_BAND,
    REJECTED_HALT,
    REJECTED_MARGIN,
    Records,
)
from abm.compiled import kernel
from abm.instruments import SPOT
from abm.ledger.settlement import Amounts, Small


@kernel
def free_margin(
    account: int,
    instrument: int,
    instruments: Records,
    lot_value: Amounts,
    collateral_value: Amounts,
    cash: Amounts,
    position: Amounts,
    entry_value: Amounts,
    leverage: Small,
    isolated: Small,
) -> int:
    """Return what an account has free for a new position in ``instrument``, millionths.

    An isolated position draws on cash; a cross position on equity less the initial margin of all cross
    positions, holdings that count as collateral included.
    """
    free = cash[0, account]
    if isolated[instrument, account] != 0:
        return free
    for i in range(position.shape[0]):
        lots = position[i, account]
        if lots == 0 or isolated[i, account] != 0:
            continue
        if instruments[i].kind != SPOT:
            value = lots * lot_value[i]
            free += value - entry_value[i, account] - abs(value) // max(1, leverage[i, account])
        else:
            free += lots * collateral_value[i]
    return free


@kernel
def is_sound(order: np.record, accounts: int, instruments: int) -> bool:
    """Tell whether an order names an account and an instrument and has a size; the book refuses others."""
    return (
        0 <= order.account < accounts
        and 0 <= order.instrument < instruments
        and 0 < order.lots <= LOTS_LIMIT
        and order.price <= PRICE_LIMIT
    )


@kernel
def margin_needed(order: np.record, terms: np.record, lot_value: int, held: int, leverage: int) -> int:
    """Return the initial margin that an order adds if it fills whole, millionths; a spot buy its value.

    ``lot_value`` is that of one lot at the mark, for orders without a price.
    """
    unit = lot_value if order.kind == MARKET else order.price * terms.tick_lot_value
    if terms.kind == SPOT:
        return order.lots * unit if order.side == BUY else 0
    after = held + order.lots if order.side == BUY else held - order.lots
    more = abs(after) - abs(held)
    if more <= 0:
        return 0
    return more * unit // max(1, leverage)


@kernel
def screen(
    messages: Records,
    halted: npt.NDArray[np.bool_],
    lowest: Amounts,
    highest: Amounts,
    instruments: Records,
    lot_value: Amounts,
    collateral_value: Amounts,
    cash: Amounts,
    position: Amounts,
    entry_value: Amounts,
    leverage: Small,
    isolated: Small,
    check_margin: bool,
    passes: npt.NDArray[np.bool_],
) -> int:
    """Write the status of refused messages and which ones pass; return how many are refused.

    Returns -1 at the first amendment: what it asks for stands in part in the book.
    """
    refused = 0
    for k in range(len(messages)):
        row = messages[k]
        passes[k] = True
        i = row.instrument
        if row.kind == AMEND:
            return -1
        if row.kind == CANCEL or not is_sound(row, cash.shape[1], len(instruments)):
            continue
        verdict = 0
        terms = instruments[i]
        if halted[i]:
            verdict = REJECTED_HALT
        elif (
            row.kind != MARKET
            and row.trigger == 0
            and (
                (row.side == BUY and highest[i] > 0 and row.price > highest[i])
                or (row.side != BUY and row.price < lowest[i])
            )
        ):
            verdict = REJECTED_BAND
        elif check_margin and row["flags"] & REDUCE_ONLY == 0:
            a = row.account
            needed = margin_needed(row, terms, lot_value[i], position[i, a], leverage[i, a])
            if needed > 0 and needed > free_margin(
                a,
                i,
                instruments,
                lot_value,
                collateral_value,
                cash,
                position,
                entry_value,
                leverage,
                isolated,
            ):
                verdict = REJECTED_MARGIN
        if verdict != 0:
            row.status = verdict
            passes[k] = False
            refused += 1
    return refused
