"""What accounts are worth at given marks, and what margin they need: one pass over the columns.

An account has one cross wallet, ``equity = cash + sum of unrealised profit of its cross positions + what its
collateral counts``, and a wallet for each isolated position, ``equity = isolated margin + its unrealised
profit``. Spot holdings count only where `abm.ledger.backing` accepts them and has a price. Marks enter as
``mark_value``: the value of one lot, ``mark_ticks * tick_lot_value``.
"""

import numpy as np

from abm.book.messages import Records
from abm.compiled import for_kernels, kernel
from abm.instruments import PERPETUAL
from abm.ledger.accounts import CLEARING
from abm.ledger.arithmetic import wide
from abm.ledger.backing import counted_value, no_collateral, tested_notional
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts, Small
from abm.rules.margin_tiers import initial_margin, maintenance_margin


@kernel
def _value_lots(instruments: Records, mark_ticks: Amounts, values: Amounts) -> bool:
    """Write the value of one lot of each perpetual at its mark; tell whether all marks are at least 1."""
    sound = True
    for i in range(len(instruments)):
        if instruments[i].kind == PERPETUAL:
            sound = sound and mark_ticks[i] >= 1
            values[i] = mark_ticks[i] * instruments[i].tick_lot_value
    return sound


def mark_values(instruments: Records, mark_ticks: Amounts) -> Amounts:
    """Return the value of one lot of each instrument at its mark, millionths; 0 for spot (not margined).

    Raises
    ------
    ValueError
        If the mark of a perpetual is below one tick.
    """
    values: Amounts = np.zeros(len(instruments), np.int64)
    if not _value_lots(for_kernels(instruments), mark_ticks, values):
        raise ValueError(f"mark_ticks {mark_ticks.tolist()}: marks of perpetuals must be at least one tick")
    return values


@kernel
def cross_margin(
    account: int,
    mark_value: Amounts,
    tiers: Records,
    backing: Records,
    cash: Amounts,
    position: Amounts,
    entry_value: Amounts,
    isolated: Small,
) -> tuple[int, int]:
    """Return (equity, maintenance margin) of one account's cross wallet, millionths."""
    equity = cash[0, account]
    needed = wide(0)
    for i in range(position.shape[0]):
        lots = position[i, account]
        if lots == 0:
            continue
        if mark_value[i] == 0:
            equity += counted_value(i, lots, backing)
        elif isolated[i, account] == 0:
            value = lots * mark_value[i]
            equity += value - entry_value[i, account]
            notional = tested_notional(i, value, entry_value[i, account], backing)
            needed += maintenance_margin(tiers, i, notional)
    return equity, needed


@kernel
def _fill_cross_columns(
    mark_value: Amounts,
    tiers: Records,
    backing: Records,
    cash: Amounts,
    position: Amounts,
    entry_value: Amounts,
    leverage: Small,
    isolated: Small,
    out: Amounts,
) -> None:
    for a in range(position.shape[1]):
        equity, needed = cross_margin(a, mark_value, tiers, backing, cash, position, entry_value, isolated)
        initial = wide(0)
        for i in range(position.shape[0]):
            lots = position[i, a]
            if mark_value[i] > 0 and lots != 0 and isolated[i, a] == 0:
                notional = tested_notional(i, lots * mark_value[i], entry_value[i, a], backing)
                initial += initial_margin(tiers, i, notional, wide(leverage[i, a]))
        out[0, a] = equity
        out[1, a] = needed
        out[2, a] = initial


def cross_columns(
    ledger: Ledger, mark_ticks: Amounts, tiers: Records, backing: Records | None = None
) -> Amounts:
    """Return equity, maintenance margin and initial margin of every account's cross wallet.

    Parameters
    ----------
    backing
        `abm.ledger.backing.backing_table` with prices; when not given no spot holding counts.

    Returns
    -------
    int64 ``(3, accounts)``, millionths. ``equity - initial margin`` is what is free for new orders.
    """
    out = np.empty((3, ledger.accounts), np.int64)
    known = no_collateral(len(ledger.instruments)) if backing is None else backing
    _fill_cross_columns(
        mark_values(ledger.instruments, mark_ticks), tiers, known, ledger.cash, ledger.position,
        ledger.entry_value, ledger.leverage, ledger.isolated, out,
    )  # fmt: skip
    return out


def unrealised(ledger: Ledger, mark_ticks: Amounts) -> Amounts:
    """Return unrealised profit of perpetual positions at the marks, int64 ``(instruments, accounts)``."""
    value = mark_values(ledger.instruments, mark_ticks)[:, None]
    profit: Amounts = np.where(value > 0, ledger.position * value - ledger.entry_value, 0)
    return profit


def account_equity(ledger: Ledger, mark_ticks: Amounts) -> Amounts:
    """Return cash, isolated margin and unrealised profit of each account, int64 ``(accounts,)``.

    The sum over all rows is zero at any marks: `OUTSIDE` owes the deposits; `CLEARING` has paid what is
    realised and owes what is not.
    """
    profit = unrealised(ledger, mark_ticks).sum(axis=0)
    equity: Amounts = ledger.cash[0] + ledger.isolated_margin.sum(axis=0) + profit
    equity[CLEARING] -= profit.sum()
    return equity
