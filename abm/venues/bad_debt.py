"""Debt of wallets with nothing left: what the fund pays of it, and what stays unpaid."""

import numpy as np

from abm.book.messages import Records
from abm.compiled import kernel
from abm.instruments import SPOT
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.settlement import Amounts, Small
from abm.venues.desk import Desk


def cover_bad_debt(desk: Desk, breaches: Records) -> bool:
    """Let the fund pay what breached cross wallets owe that have no position and no spot holding left.

    While ADL is on the fund pays only as long as its equity at the marks lasts. Where ADL is at the
    bankruptcy price a debt is paid whole or not at all; elsewhere the hole that its price leaves is paid as
    far as the fund goes. Tells whether anything was paid.
    """
    accounts, owed = destitute(desk, breaches)
    if len(accounts) == 0:
        return False
    ledger = desk.ledger
    fund_equity = desk.fund_equity()
    in_part = desk.rules.adl.price != "bankruptcy"
    paid = 0
    for account, debt in zip(accounts.tolist(), owed.tolist(), strict=True):
        amount = debt
        if desk.adl_enabled and debt > fund_equity:
            amount = max(0, fund_equity) if in_part else 0
        if amount > 0:
            ledger.transfer(0, INSURANCE_FUND, account, amount)
            fund_equity -= amount
            paid += amount
    desk.report.bad_debt += paid
    return paid > 0


def destitute(desk: Desk, breaches: Records) -> tuple[Amounts, Amounts]:
    """Return the accounts among breached cross wallets that only owe, and how much each, millionths."""
    ledger = desk.ledger
    accounts, owed = np.empty(len(breaches), np.int64), np.empty(len(breaches), np.int64)
    rows = _only_owing(
        breaches, desk.values, ledger.instruments, ledger.cash, ledger.position, ledger.isolated, accounts,
        owed,
    )  # fmt: skip
    return accounts[:rows], owed[:rows]


@kernel
def _only_owing(
    breaches: Records,
    mark_value: Amounts,
    instruments: Records,
    cash: Amounts,
    position: Amounts,
    isolated: Small,
    accounts: Amounts,
    owed: Amounts,
) -> int:
    rows = 0
    for k in range(len(breaches)):
        a = breaches[k].account
        if breaches[k].isolated != 0 or a == INSURANCE_FUND or cash[0, a] >= 0:
            continue
        backed = False
        for i in range(len(instruments)):
            counts = instruments[i].kind == SPOT or (mark_value[i] > 0 and isolated[i, a] == 0)
            backed = backed or (counts and position[i, a] != 0)
        if not backed:
            accounts[rows] = a
            owed[rows] = -cash[0, a]
            rows += 1
    return rows
