"""The margin sweep: which wallets are worth less than their maintenance margin at the mark.

A wallet is breached when ``equity < maintenance margin`` (Binance 2020 text: collateral below maintenance
margin), for the cross wallet of an account or for one isolated position. A cross wallet without positions
that owes money is breached too: its equity is below its maintenance margin of zero.
"""

from typing import cast

import numpy as np

from abm.book.messages import Records
from abm.compiled import for_kernels, kernel
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.arithmetic import wide
from abm.ledger.backing import no_collateral, tested_notional
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts, Small
from abm.ledger.valuation import cross_margin, mark_values
from abm.rules.margin_tiers import NEVER, maintenance_margin

_breach_fields = np.dtype(
    [
        ("equity", "i8"),  # millionths, of the breached wallet
        ("maintenance", "i8"),
        ("account", "i4"),
        ("instrument", "i2"),  # of an isolated position; -1 for a cross wallet
        ("isolated", "i2"),
    ],
    align=True,
)
breach_dtype = np.dtype((np.record, _breach_fields))

NO_BREACHES: Records = np.zeros(0, breach_dtype).view(np.recarray)


@kernel
def _report(out: Records, found: int, account: int, instrument: int, equity: int, maintenance: int) -> int:
    if found < out.shape[0]:
        row = out[found]
        row.equity = equity
        row.maintenance = maintenance
        row.account = account
        row.instrument = instrument
        row.isolated = 1 if instrument >= 0 else 0
    return found + 1


@kernel
def sweep(
    mark_value: Amounts,
    tiers: Records,
    backing: Records,
    cash: Amounts,
    position: Amounts,
    entry_value: Amounts,
    isolated_margin: Amounts,
    isolated: Small,
    first_account: int,
    out: Records,
) -> int:
    """Write breached wallets into ``out``; return how many there are, also those that did not fit.

    Most wallets are far from their limit, so each is first held against a bound that costs a shift: a
    notional in the tiers with rates of at most 1/64 needs no more than 1/64 of it, and collateral counts
    zero or more. Only what fails that is worked out.
    """
    small = np.zeros(position.shape[0], np.int64)
    for i in range(position.shape[0]):
        for k in range(tiers.shape[1]):
            if tiers[i, k].rate > 0 and tiers[i, k].rate * 64 <= 1_000_000:
                small[i] = tiers[i, k + 1].floor if k + 1 < tiers.shape[1] else NEVER
    found = wide(0)
    for a in range(first_account, position.shape[1]):
        equity = cash[0, a]
        bound = 0
        for i in range(position.shape[0]):
            lots = position[i, a]
            if lots == 0 or mark_value[i] == 0:
                continue
            value = lots * mark_value[i]
            profit = value - entry_value[i, a]
            notional = tested_notional(i, value, entry_value[i, a], backing)
            enough = (notional >> 6) + 1 if notional <= small[i] else notional
            if isolated[i, a] == 0:
                equity += profit
                bound += enough
            elif isolated_margin[i, a] + profit < enough:
                needed = maintenance_margin(tiers, i, notional)
                if isolated_margin[i, a] + profit < needed:
                    found = _report(out, found, a, i, isolated_margin[i, a] + profit, needed)
        if equity < bound:
            worth, required = cross_margin(
                a, mark_value, tiers, backing, cash, position, entry_value, isolated
            )
            if worth < required:
                found = _report(out, found, a, wide(-1), worth, required)
    return found


def find_breaches(
    ledger: Ledger,
    mark_ticks: Amounts,
    tiers: Records,
    first_account: int = FIRST_TRADER,
    backing: Records | None = None,
) -> Records:
    """Return the breached wallets in account order.

    Parameters
    ----------
    mark_ticks
        Mark price of each instrument, ticks, int64 ``(instruments,)``.
    tiers
        `abm.rules.margin_tiers.tier_table`.
    first_account
        Rows before it are not tested (the venue's own accounts).
    backing
        `abm.ledger.backing.backing_table` with prices; when not given no spot holding counts.

    Returns
    -------
    Record array of `breach_dtype`; cross wallets have ``instrument == -1``.
    """
    values = mark_values(ledger.instruments, mark_ticks)
    known = no_collateral(len(ledger.instruments)) if backing is None else backing
    found = breaches_at(ledger, values, for_kernels(tiers), for_kernels(known), first_account)
    return found.view(np.recarray)


def breaches_at(
    ledger: Ledger, mark_value: Amounts, tiers: Records, backing: Records, first_account: int = FIRST_TRADER
) -> Records:
    """Return what `find_breaches` does, from the value of one lot of each instrument at its mark.

    Tables are taken and returned in the form of `abm.compiled.for_kernels`.
    """
    room = 1024
    while True:
        out = for_kernels(np.zeros(room, breach_dtype))
        found = sweep(
            mark_value, tiers, backing, ledger.cash, ledger.position, ledger.entry_value,
            ledger.isolated_margin, ledger.isolated, first_account, out,
        )  # fmt: skip
        if found <= room:
            return cast("Records", out[:found])
        room = found
