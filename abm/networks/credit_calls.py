"""Who asks an institution for money: depositors who run, creditors over its leverage, creditors in need."""

import math

import numpy as np
import numpy.typing as npt

from abm.networks.balance_sheets import CALLED, FAILED, SOUND
from abm.networks.credit_books import MATERIAL, CreditBooks


def ask_deposits_back(books: CreditBooks, fear: float, now_ns: int, elapsed_s: float) -> None:
    """Let depositors ask for their money, the more the larger the share ``fear`` of known failures."""
    table, terms = books.table, books.terms
    share = -math.expm1(-terms.run_per_hour / 3600.0 * fear * elapsed_s)
    asked = (table["deposits"] - table["queue"]) * share * (table["state"] != FAILED)
    nobody_waits = table["queue"] == 0
    table["queue_ns"][nobody_waits] = now_ns + round(terms.queue_s * 1e9)
    table["queue"] += asked.astype(np.int64)


def ask_margin(books: CreditBooks, now_ns: int) -> None:
    """Let creditors of whoever is over its limit ask for what brings it back to its goal."""
    table = books.table
    over = (table["state"] == SOUND) & (table["debts"] > 0) & (table["equity"] > 0)
    over &= table["assets"] > table["limit"] * table["equity"]
    called = table["state"] == CALLED
    if not (over | called).any():
        return
    asked = np.maximum(0.0, table["assets"] - table["goal"] * table["equity"])
    asked = np.minimum(asked, table["debts"])
    for i in np.flatnonzero(over):
        table["state"][i] = CALLED
        table["margin_ns"][i] = now_ns + round(books.terms.call_s * 1e9)
        books.events.call(now_ns, int(i), "leverage", int(asked[i]))
    called |= over
    table["margin"] = np.where(called, asked, 0.0).astype(np.int64)
    table["state"][called & (table["margin"] == 0)] = SOUND


def ask_loans_back(books: CreditBooks, short: npt.NDArray[np.int64], now_ns: int) -> bool:
    """Let everyone ask its debtors and borrowers for the cash that it is ``short`` of, millionths.

    Return whether anybody did.
    """
    asked = False
    for i in np.flatnonzero(short > 0):
        asked |= _ask_debtors(books, int(i), int(short[i]), now_ns)
    return asked


def _ask_debtors(books: CreditBooks, lender: int, amount: int, now_ns: int) -> bool:
    """Ask ``amount`` back from debtors and borrowers, as far as that is allowed and not done yet."""
    debts, table, lines, terms = books.debts, books.table, books.lines, books.terms
    called = lines.called(lender)
    amount -= int(debts.recall[:, lender].sum()) + called
    if amount <= MATERIAL * table["assets"][lender]:
        return False
    left = debts.callable(lender, terms.callable_share, table["state"] != FAILED)
    on_lines = int(table["lines"][lender]) - called
    total = int(left.sum()) + on_lines
    if total <= 0:
        return False
    amount = min(amount, total)
    lines.call(lender, amount * on_lines // total, now_ns)
    for i in np.flatnonzero(left):
        asked = amount * int(left[i]) // total
        if asked > 0:
            if table["recalled"][i] == 0:
                table["recalled_ns"][i] = now_ns + round(terms.call_s * 1e9)
            debts.recall[i, lender] += asked
            table["recalled"][i] += asked
            books.events.call(now_ns, int(i), debts.names[lender], asked)
    return True
