"""How institutions find cash and pay what is asked back: depositors first; an estate pays all alike."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from abm.networks.balance_sheets import FAILED
from abm.networks.credit_books import CreditBooks
from abm.networks.debt_book import shared


def find_money(books: CreditBooks, elapsed_s: float) -> npt.NDArray[np.int64]:
    """Say who must sell coins for how much, and sell illiquid assets; return who is short of how much."""
    table, terms = books.table, books.terms
    due = table["queue"] + table["margin"] + table["recalled"]
    due = np.where(table["state"] == FAILED, books.debts.still_due(table["deposits"]), due)
    table["need"] = np.maximum(0, due - table["cash"])
    short: npt.NDArray[np.int64] = np.maximum(0, table["need"] - table["coins"])
    share = -math.expm1(-terms.illiquid_per_hour / 3600.0 * elapsed_s)
    sold = np.minimum(table["illiquid"] * share, short / max(1e-9, 1.0 - terms.haircut))
    for i in np.flatnonzero(sold >= 1.0):
        proceeds = int(int(sold[i]) * (1.0 - terms.haircut))
        books.exchange.ledger.transfer(0, books.world, int(table["account"][i]), proceeds)
        table["illiquid"][i] -= int(sold[i])
    return short


def pay(books: CreditBooks, now_ns: int) -> None:
    """Pay what is asked back as far as there is cash."""
    table, debts = books.table, books.debts
    asked = table["queue"] + table["margin"] + table["recalled"]
    for i in np.flatnonzero(((asked > 0) | (table["state"] == FAILED)) & (table["cash"] > 0)).tolist():
        cash = int(table["cash"][i])
        if table["state"][i] == FAILED:
            dues = (debts.owed[i] - debts.cleared[i]).tolist()
            dues.append(int(table["deposits"][i] - debts.deposits_lost[i]))
            *creditors, depositors = shared(min(cash, sum(dues)), dues)
            _pay_deposits(books, i, depositors, now_ns)
            _pay_creditors(books, i, creditors)
            continue
        cash -= _pay_deposits(books, i, min(cash, int(table["queue"][i])), now_ns)
        recalls = debts.recall[i].tolist()
        cash -= _pay_creditors(books, i, shared(min(cash, sum(recalls)), recalls))
        owed, margin = debts.owed[i].tolist(), int(table["margin"][i])
        table["margin"][i] -= _pay_creditors(books, i, shared(min(cash, margin, sum(owed)), owed))


def _pay_deposits(books: CreditBooks, i: int, amount: int, now_ns: int) -> int:
    table = books.table
    if amount:
        books.exchange.ledger.transfer(0, int(table["account"][i]), books.world, amount)
        table["deposits"][i] -= amount
        table["queue"][i] -= min(amount, int(table["queue"][i]))
        books.events.withdrawal(now_ns, i, amount, int(table["queue"][i]))
    return amount


def _pay_creditors(books: CreditBooks, i: int, amounts: Sequence[int]) -> int:
    accounts = books.table["account"]
    for j, amount in enumerate(amounts):
        if amount:
            books.exchange.ledger.transfer(0, int(accounts[i]), int(accounts[j]), amount)
            books.debts.repay(i, j, amount)
    books.table["recalled"][i] = books.debts.recall[i].sum()
    return sum(amounts)
