"""Debt of wallets with nothing left: what the fund pays of it, and what stays unpaid."""

import numpy as np

from abm.book.messages import Records
from abm.instruments import SPOT
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.settlement import Amounts
from abm.venues.desk import Desk


def cover_bad_debt(desk: Desk, breaches: Records) -> bool:
    """Let the fund pay what breached cross wallets owe that have no position and no spot holding left.

    While ADL is on the fund pays only as long as its equity at the marks lasts. Where ADL is at the
    bankruptcy price a debt is paid whole or not at all; elsewhere the hole that its price leaves is paid as
    far as the fund goes. Tells whether anything was paid.
    """
    ledger = desk.ledger
    fund_equity = desk.fund_equity()
    in_part = desk.rules.adl.price != "bankruptcy"
    accounts, owed = destitute(desk, breaches)
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
    if len(breaches) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    ledger = desk.ledger
    crossed = breaches.isolated == 0
    accounts = breaches.account[crossed & (breaches.account != INSURANCE_FUND)].astype(np.int64)
    owed = -ledger.cash[0, accounts]
    spot = ledger.instruments.kind == SPOT
    margined = (desk.values > 0)[:, None] & (ledger.isolated[:, accounts] == 0)
    backed = ((spot[:, None] | margined) & (ledger.position[:, accounts] != 0)).any(axis=0)
    left = (owed > 0) & ~backed
    return accounts[left], owed[left]
