"""How institutions find cash and pay what is asked back: depositors first; an estate pays all alike."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from abm.networks.balance_sheets import FAILED
from abm.networks.credit_books import CreditBooks
from abm.networks.debt_book import shared


def asked_of(books: CreditBooks) -> npt.NDArray[np.int64]:
    """Return what each is asked for now; of the failed, all that they will pay in the end."""
    table = books.table
    asked = table["queue"] + table["margin"] + table["recalled"]
    failed = table["state"] == FAILED
    if not failed.any():
        return asked
    return np.where(failed, books.debts.still_due(table["deposits"]), asked)


def find_money(books: CreditBooks, elapsed_s: float) -> npt.NDArray[np.int64]:
    """Say who must sell coins for how much, and sell illiquid assets; return who is short of how much."""
    table, terms = books.table, books.terms
    table["need"] = np.maximum(0, asked_of(books) - table["cash"])
    short: npt.NDArray[np.int64] = np.maximum(0, table["need"] - table["coins"])
    if not short.any():
        return short
    share = -math.expm1(-terms.illiquid_per_hour / 3600.0 * elapsed_s)
    sold = np.minimum(table["illiquid"] * share, short / max(1e-9, 1.0 - terms.haircut))
    for i in np.flatnonzero(sold >= 1.0):
        proceeds = int(int(sold[i]) * (1.0 - terms.haircut))
        books.exchange.ledger.transfer(0, books.world, int(table["account"][i]), proceeds)
        table["illiquid"][i] -= int(sold[i])
    return short


def pay(books: CreditBooks, now_ns: int) -> None:
    """Pay what is asked back as far as there is cash."""
    table = books.table
    payers = np.flatnonzero((asked_of(books) > 0) & (table["cash"] > 0))
    for i, failed in zip(payers.tolist(), (table["state"][payers] == FAILED).tolist(), strict=True):
        if failed:
            _pay_all_alike(books, i, now_ns)
        else:
            _pay_in_turn(books, i, now_ns)


def _pay_all_alike(books: CreditBooks, i: int, now_ns: int) -> None:
    """Share the cash of an estate among creditors and depositors."""
    table, debts = books.table, books.debts
    dues = (debts.owed[i] - debts.cleared[i]).tolist()
    dues.append(int(table["deposits"][i] - debts.deposits_lost[i]))
    *creditors, depositors = shared(min(int(table["cash"][i]), sum(dues)), dues)
    _pay_deposits(books, i, depositors, now_ns)
    _pay_creditors(books, i, creditors)


def _pay_in_turn(books: CreditBooks, i: int, now_ns: int) -> None:
    """Pay depositors, then creditors in need, then what leverage demands."""
    table, debts = books.table, books.debts
    cash, queue, recalled, margin = (int(table[name][i]) for name in ("cash", "queue", "recalled", "margin"))
    cash -= _pay_deposits(books, i, min(cash, queue), now_ns)
    if cash and recalled:
        cash -= _pay_creditors(books, i, shared(min(cash, recalled), debts.recall[i].tolist()))
    if cash and margin:
        owed = debts.owed[i].tolist()
        table["margin"][i] -= _pay_creditors(books, i, shared(min(cash, margin, sum(owed)), owed))


def _pay_deposits(books: CreditBooks, i: int, amount: int, now_ns: int) -> int:
    table = books.table
    if amount:
        books.exchange.ledger.transfer(0, int(table["account"][i]), books.world, amount)
        table["deposits"][i] -= amount
        waiting = max(0, int(table["queue"][i]) - amount)
        table["queue"][i] = waiting
        books.events.withdrawal(now_ns, i, amount, waiting)
    return amount


def _pay_creditors(books: CreditBooks, i: int, amounts: Sequence[int]) -> int:
    paid = sum(amounts)
    if paid:
        accounts, transfer = books.table["account"].tolist(), books.exchange.ledger.transfer
        for j, amount in enumerate(amounts):
            if amount:
                transfer(0, accounts[i], accounts[j], amount)
                books.debts.repay(i, j, amount)
        books.table["recalled"][i] = books.debts.recall[i].sum()
    return paid
