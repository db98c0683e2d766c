"""Credit lines from institutions to traders: what a lender calls, the borrower hands over after a delay.

Who borrowed must find the money by then: from cash that backs no position, hence from selling before. What
it cannot find is the lender's loss.
"""

from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.instruments import PERPETUAL
from abm.venues.exchange import Exchange

line_dtype = np.dtype(
    [
        ("lender", "i4"),  # place among the institutions
        ("group", "i2"),  # place among the groups of borrowers
        ("row", "i4"),  # borrower within its group
        ("account", "i4"),
        ("drawn", "i8"),  # owed, millionths
        ("called", "i8"),  # of this asked back
        ("due_ns", "i8"),
    ],
    align=True,
)


class Borrowers(Protocol):
    """Traders with credit lines."""

    kind: ClassVar[str]
    """What they are called."""

    def owe(self, row: int, usd: float) -> None:
        """Note that ``usd`` in all is asked back from the borrower and not paid yet."""

    def pay_back(self, row: int, usd: float) -> None:
        """Note that ``usd`` left the borrower's account."""


def free_cash(exchange: Exchange, account: int) -> int:
    """Return what an account can take out: its cash, as far as no position needs it, millionths."""
    ledger, view = exchange.ledger, exchange.view
    lots = ledger.position[:, account]
    value = lots * exchange.table["lot"] * view["mark"] * 1e6
    perpetual = exchange.table["kind"] == PERPETUAL
    profit = (value - ledger.entry_value[:, account])[perpetual].sum()
    coins = (lots * exchange.admission.collateral_value)[~perpetual].sum()
    needed = (np.abs(value) / np.maximum(1, ledger.leverage[:, account]))[perpetual].sum()
    cash = int(ledger.cash[0, account])
    return max(0, min(cash, int(cash + profit + coins - needed)))


class CreditLines:
    """All lines of a run.

    Parameters
    ----------
    table
        One row of `line_dtype` for each line.
    groups
        The borrowers.
    delay_s
        Time from the call to the payment, seconds.

    Attributes
    ----------
    ended
        ``(time_s, lender, kind, borrower, called_usd, paid_usd)`` of every call at its deadline.
    """

    def __init__(self, table: npt.NDArray[np.void], groups: Sequence[Borrowers], delay_s: float) -> None:
        self.table = table
        self.groups = tuple(groups)
        self.delay_ns = round(delay_s * 1e9)
        self.ended: list[tuple[float, int, str, int, float, float]] = []

    @property
    def open(self) -> bool:
        """Whether anything is called and not paid yet."""
        return bool(self.table["called"].any())

    def drawn(self, institutions: int) -> npt.NDArray[np.int64]:
        """Return what each institution has lent, millionths, shape ``(institutions,)``."""
        total = np.zeros(institutions, np.int64)
        np.add.at(total, self.table["lender"], self.table["drawn"])
        return total

    def called(self, lender: int) -> int:
        """Return what a lender has asked back and not got yet, millionths."""
        return int(self.table["called"][self.table["lender"] == lender].sum())

    def call(self, lender: int, amount: int, now_ns: int) -> None:
        """Ask ``amount`` millionths back, from all borrowers of ``lender`` alike."""
        table = self.table
        mine = np.flatnonzero(table["lender"] == lender)
        left = table["drawn"][mine] - table["called"][mine]
        total = int(left.sum())
        for k, open_amount in zip(mine, left.tolist(), strict=True):
            if open_amount <= 0:
                continue
            if table["called"][k] == 0:
                table["due_ns"][k] = now_ns + self.delay_ns
            table["called"][k] += min(open_amount, -(-amount * open_amount // total))
            self.groups[table["group"][k]].owe(int(table["row"][k]), int(table["called"][k]) / 1e6)

    def collect(self, exchange: Exchange, accounts: npt.NDArray[np.int32], now_ns: int) -> bool:
        """Hand over to the lenders' ``accounts`` what is due and there; the rest is their loss.

        Return whether anything was due: what is drawn has changed then.
        """
        if not self.open:
            return False
        due = np.flatnonzero((self.table["called"] > 0) & (self.table["due_ns"] <= now_ns))
        for k in due:
            line = self.table[k]
            called, account = int(line["called"]), int(line["account"])
            paid = min(called, free_cash(exchange, account))
            exchange.ledger.transfer(0, account, int(accounts[line["lender"]]), paid)
            self.table["drawn"][k] -= called
            self.table["called"][k] = 0
            group, row = self.groups[line["group"]], int(line["row"])
            group.pay_back(row, paid / 1e6)
            group.owe(row, 0.0)
            self.ended.append((now_ns / 1e9, int(line["lender"]), group.kind, row, called / 1e6, paid / 1e6))
        return len(due) > 0

    def line_table(self, names: Sequence[str]) -> pd.DataFrame:
        """Return lines that were called, at their deadlines: lender, borrower, and what was paid."""
        rows = [(when, names[i], *rest) for when, i, *rest in self.ended]
        head = ["time_s", "lender", "borrower_kind", "borrower", "called_usd", "paid_usd"]
        return pd.DataFrame(rows, columns=head)
