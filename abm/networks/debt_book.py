"""The book of debts between institutions: whole numbers, each repaid, written off, or still owed.

At any time ``owed.sum()`` equals the book values of all claims plus what is written off, and it falls by
exactly what the ledger moves.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.networks.balance_sheets import FAILED
from abm.networks.clearing import clear
from abm.networks.credit_terms import CreditTerms
from abm.networks.exposures import Exposures, csr_table

Amounts = npt.NDArray[np.int64]


class DebtBook:
    """Who owes whom how much, millionths of USD.

    Parameters
    ----------
    network
        Debts at the start, in millionths of USD.

    Attributes
    ----------
    names
        Of the institutions.
    owed, written, cleared, recall
        int64 ``(institutions, institutions)``: face value of what row owes column; how much of it column has
        written off, and will write off once it knows; what column asks back.
    deposits_lost
        What depositors of each institution will not see again, ``(institutions,)``.
    """

    def __init__(self, network: Exposures) -> None:
        self.names = network.names
        n = network.institutions
        self.owed: Amounts = np.rint(network.owed.toarray()).astype(np.int64)
        self.written: Amounts = np.zeros((n, n), np.int64)
        self.cleared: Amounts = np.zeros((n, n), np.int64)
        self.recall: Amounts = np.zeros((n, n), np.int64)
        self.deposits_lost: Amounts = np.zeros(n, np.int64)

    def repay(self, debtor: int, creditor: int, amount: int) -> None:
        """Note that ``amount`` of a debt is paid."""
        self.owed[debtor, creditor] -= amount
        asked = self.recall[debtor, creditor]
        if asked > 0:
            self.recall[debtor, creditor] = max(0, asked - amount)

    def write_off(self, debtor: int, creditor: int, amount: int) -> int:
        """Take a loss into the creditor's books, at most what is left there; return how much it was."""
        amount = min(amount, int(self.owed[debtor, creditor] - self.written[debtor, creditor]))
        self.written[debtor, creditor] += amount
        return amount

    def still_due(self, deposits: Amounts) -> Amounts:
        """Return what each, had it failed, would pay in the end: all it owes less what is lost."""
        due: Amounts = (self.owed - self.cleared).sum(axis=1) + deposits - self.deposits_lost
        return due

    def callable(self, lender: int, share: float, sound: npt.NDArray[np.bool_]) -> Amounts:
        """Return what ``lender`` may still ask back from each debtor that has not failed."""
        allowed = (self.owed[:, lender] * share).astype(np.int64) - self.recall[:, lender]
        left: Amounts = np.where(sound, np.maximum(0, allowed), 0)
        return left

    def clear(self, table: Records, terms: CreditTerms) -> Amounts:
        """Work out what all that have failed can pay; return the losses that are new, debtor by creditor.

        Others pay in full as long as they have not failed. Losses are never revised downwards.
        """
        failed = table["state"] == FAILED
        owned = table["market"] + table["illiquid"] * (1.0 - terms.haircut) + table["lines"]
        debts, deposits = self.owed.sum(axis=1), table["deposits"].astype(np.float64)
        assets = np.where(failed, np.maximum(0.0, owned), debts + deposits + 1.0)
        network = Exposures(csr_table(self.owed.astype(np.float64)), assets, deposits, self.names)
        result = clear(network, terms.recovered_outside, terms.recovered_inside, outside_debts="equal")
        paid = np.divide(result.payments, debts, out=np.ones(len(debts)), where=debts > 0)
        share = np.where(failed, np.clip(1.0 - paid, 0.0, 1.0), 0.0)
        lost = np.floor(self.owed * share[:, None]).astype(np.int64)
        unpaid = np.floor(np.where(failed, deposits - result.outside_payments, 0.0)).astype(np.int64)
        self.deposits_lost = np.maximum(self.deposits_lost, unpaid)
        more: Amounts = np.maximum(0, lost - self.cleared)
        self.cleared += more
        return more


def shared(amount: int, dues: Sequence[int]) -> list[int]:
    """Return ``amount`` split in proportion to ``dues``, in whole numbers, never above a due.

    What rounding leaves goes to the first that are owed more.
    """
    total = sum(dues)
    if amount <= 0 or total <= 0:
        return [0] * len(dues)
    if amount == total:
        return list(dues)
    parts = [amount * due // total for due in dues]
    left = amount - sum(parts)
    for k, due in enumerate(dues):
        if left == 0:
            break
        more = min(left, due - parts[k])
        parts[k] += more
        left -= more
    return parts
