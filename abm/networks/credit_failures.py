"""Failures of institutions: who fails and why, what creditors lose, and when all this comes to light."""

import math
from heapq import heappop, heappush

import numpy as np

from abm.networks.balance_sheets import FAILED
from abm.networks.credit_books import MATERIAL, CreditBooks
from abm.random_streams import exponential, stream_key

PUBLIC = -1
"""In place of a creditor: everybody."""


class CreditFailures:
    """Failures of a run.

    Parameters
    ----------
    books
        What institutions own and owe.
    seed
        Seed of the run.

    Attributes
    ----------
    fear
        Assets of the institutions known to have failed over those of all, fading.
    """

    def __init__(self, books: CreditBooks, seed: int) -> None:
        self.fear = 0.0
        self._books = books
        self._key = stream_key(seed, "credit network")
        self._coming: list[tuple[int, int, int, int]] = []  # (when known, debtor, creditor, amount)

    @property
    def felt(self) -> bool:
        """Whether failures frighten anybody, or will once they are known."""
        return bool(self._coming) or self.fear > 1e-6

    def fade(self, elapsed_s: float) -> None:
        """Let depositors forget."""
        self.fear *= math.exp(-elapsed_s / self._books.terms.run_fade_s)

    def reveal(self, now_ns: int) -> None:
        """Write off the losses, and note the failures, that become known by ``now_ns``."""
        table = self._books.table
        while self._coming and self._coming[0][0] <= now_ns:
            when_ns, debtor, creditor, amount = heappop(self._coming)
            if creditor == PUBLIC:
                table["known"][debtor] = 1
                self.fear += float(table["first_assets"][debtor] / table["first_assets"].sum())
                continue
            amount = self._books.debts.write_off(debtor, creditor, amount)
            table["lost"][creditor] += amount
            self._books.events.loss(when_ns, debtor, creditor, amount)

    def fail(self, now_ns: int, *, contagion: bool) -> bool:
        """Let fail who is worth less than nothing or has missed a deadline, and clear the debts.

        With ``contagion`` the failed call their credit lines, and creditors will learn of their losses.
        Return whether anybody failed.
        """
        table, debts, lines = self._books.table, self._books.debts, self._books.lines
        new = causes_of_failure(self._books, now_ns)
        if not new:
            return False
        for i in new:
            table["state"][i] = FAILED
            table["margin"][i] = table["recalled"][i] = table["queue"][i] = 0
            debts.recall[i] = 0
            self._come_to_light(now_ns, i, PUBLIC, 0)
            if contagion:
                lines.call(i, int(table["lines"][i]), now_ns)
        depositors_before = debts.deposits_lost.copy()
        more = debts.clear(table, self._books.terms)
        for i, cause in new.items():
            depositors = int(debts.deposits_lost[i] - depositors_before[i])
            equity, lost = int(table["equity"][i]), int(more[i].sum())
            self._books.events.default(now_ns, i, cause, equity, lost, depositors)
        if contagion:
            for i, j in np.argwhere(more > 0).tolist():
                self._come_to_light(now_ns, i, j, int(more[i, j]))
        return True

    def _come_to_light(self, now_ns: int, debtor: int, creditor: int, amount: int) -> None:
        """Let a failure or a loss become known after a random delay of its own."""
        delay_s = self._books.terms.reveal_s * exponential(self._key, debtor, creditor + 1, 0)
        heappush(self._coming, (now_ns + round(delay_s * 1e9), debtor, creditor, amount))


def causes_of_failure(books: CreditBooks, now_ns: int) -> dict[int, str]:
    """Return who fails now, and the first cause that applies."""
    table = books.table
    least = MATERIAL * table["assets"]
    asked = table["queue"] + table["margin"] + table["recalled"]
    pressed = (table["state"] != FAILED) & ((table["equity"] < 0) | (asked > least))
    if not pressed.any():
        return {}
    over = table["assets"] > table["limit"] * table["equity"]
    causes = {
        "equity below zero": table["equity"] < 0,
        "margin call": (table["margin"] > least) & (table["margin_ns"] <= now_ns) & over,
        "withdrawals": (table["queue"] > least) & (table["queue_ns"] <= now_ns),
        "loans asked back": (table["recalled"] > least) & (table["recalled_ns"] <= now_ns),
    }
    new: dict[int, str] = {}
    for cause, flags in causes.items():
        for i in np.flatnonzero(flags & pressed).tolist():
            new.setdefault(i, cause)
    return new
