"""What a pool has taken on, and which orders it lets in: kernels of `abm.venues.pool`."""

import numpy as np
import numpy.typing as npt

from abm.book.messages import (
    AMEND,
    BUY,
    CANCEL,
    FOK,
    IOC,
    LIMIT,
    POST_ONLY,
    REDUCE_ONLY,
    REJECTED_LOTS,
    REJECTED_REDUCE,
    TRIGGER_ON_MARK,
    Records,
)
from abm.compiled import kernel
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.settlement import Amounts

LONG, SHORT = 0, 1
"""Columns of everything that has one number for each side of a market."""


@kernel
def count_sides(position: Amounts, entry_value: Amounts) -> tuple[Amounts, Amounts]:
    """Return lots and entry value (millionths, negative for shorts) of longs and shorts among traders.

    Both have shape ``(instruments, 2)``.
    """
    lots = np.zeros((position.shape[0], 2), np.int64)
    entered = np.zeros((position.shape[0], 2), np.int64)
    for i in range(position.shape[0]):
        for a in range(FIRST_TRADER, position.shape[1]):
            held = position[i, a]
            if held != 0:
                side = LONG if held > 0 else SHORT
                lots[i, side] += abs(held)
                entered[i, side] += entry_value[i, a]
    return lots, entered


@kernel
def opens(order: np.record, position: Amounts, moved: Amounts) -> int:
    """Return by how many lots an order may at most raise the open interest of its side.

    ``moved`` holds what each account has bought and sold before in the step, ``(2, instruments, accounts)``:
    earlier orders on this side count as filled, those on the other side as not.
    """
    i, a = order.instrument, order.account
    held = position[i, a] if order.side == BUY else -position[i, a]
    held += moved[order.side, i, a]
    return max(0, held + order.lots) - max(0, held)


@kernel
def screen_orders(
    messages: Records,
    position: Amounts,
    room: Amounts,
    moved: Amounts,
    passes: npt.NDArray[np.bool_],
) -> int:
    """Make orders immediate, cut or refuse what opens too much; return how many are refused.

    Orders that wait for a trigger wait for the oracle, and must reduce: nobody can tell now what room there
    will be. ``room`` (lots) is used up; ``moved`` is zero before and after.
    """
    refused = 0
    for k in range(len(messages)):
        row = messages[k]
        passes[k] = True
        i, a = row.instrument, row.account
        if row.kind == CANCEL or row.kind == AMEND or row.lots < 1:
            continue
        if i < 0 or i >= position.shape[0] or a < 0 or a >= position.shape[1]:
            continue
        if row.kind == LIMIT or row.kind == POST_ONLY:
            row.kind = IOC
        if row.trigger != 0:
            row["flags"] |= TRIGGER_ON_MARK
        if row["flags"] & REDUCE_ONLY:
            continue
        beyond = opens(row, position, moved) - room[i, row.side]
        if row.trigger != 0:
            row.status = REJECTED_REDUCE
        elif beyond > 0 and (row.lots <= beyond or row.kind == FOK):
            row.status = REJECTED_LOTS
        else:
            row.lots -= max(0, beyond)
            room[i, row.side] -= opens(row, position, moved)
            moved[row.side, i, a] += row.lots
            continue
        passes[k] = False
        refused += 1
    for k in range(len(messages)):
        row = messages[k]
        i, a = row.instrument, row.account
        if 0 <= i < position.shape[0] and 0 <= a < position.shape[1]:
            moved[0, i, a] = 0
            moved[1, i, a] = 0
    return refused
