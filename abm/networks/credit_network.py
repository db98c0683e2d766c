"""The credit network at work: margin calls, withdrawals, defaults, and losses that come to light late.

Every few seconds each institution marks its balance sheet to market. Above a leverage of its own its
creditors ask money back (`abm.networks.credit_calls`); it sells coins (see `agents.institution`), then its
illiquid asset, and asks back what it has lent (`abm.networks.credit_payments`). Who is worth less than
nothing, or has not paid by the deadline, fails (`abm.networks.credit_failures`): debts are cleared among all
that have failed (`abm.networks.clearing`), the failure and each creditor's loss become known after random
delays, and known failures make depositors everywhere ask for their money.

Money that moves is a transfer in the ledger, to and from a ``world`` account that stands for depositors and
for buyers of the illiquid asset; claims are whole numbers in a book of their own.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.book.messages import Records
from abm.clock import Clock
from abm.compiled import for_kernels
from abm.networks.balance_sheets import FAILED, mark_to_market
from abm.networks.credit_books import CreditBooks
from abm.networks.credit_calls import ask_deposits_back, ask_loans_back, ask_margin
from abm.networks.credit_events import CreditEvents
from abm.networks.credit_failures import CreditFailures
from abm.networks.credit_lines import CreditLines
from abm.networks.credit_payments import find_money, pay
from abm.networks.credit_terms import CreditTerms
from abm.networks.debt_book import DebtBook
from abm.networks.debt_rank import debt_rank, impact_of, rank_of
from abm.networks.exposures import Exposures
from abm.venues.exchange import Exchange

LOOK_S = 10.0
"""Seconds between two looks at all balance sheets."""
RANK_S = 60.0
"""Seconds between two DebtRanks."""


class CreditNetwork:
    """Institutions of a run and what they owe each other.

    Parameters
    ----------
    terms
        See `CreditTerms`.
    table
        Balance sheets (`abm.networks.balance_sheets.balance_dtype`), shared with who trades for them.
    network
        Debts at the start, in millionths of USD; outside assets and debts are not read.
    exchange, clock
        Where the accounts are, and what time it is.
    world
        Account of depositors and buyers of illiquid assets.
    lines
        Credit lines to traders.
    seed
        Seed of the run.
    contagion
        Whether losses are passed on, depositors run, and creditors in need ask money back.

    Attributes
    ----------
    debts
        Who owes whom.
    events
        What happened so far.
    failures
        Who fails, and who knows of it.
    passed_on
        Whether anybody has failed so far, or asked money back because of needing it: until then contagion has
        made no difference.
    debt_rank
        `abm.networks.debt_rank.rank_of` present distress: share of all first equity that would be lost on
        top if distress were passed on in full.

    Raises
    ------
    ValueError
        If an institution begins without equity.
    """

    def __init__(
        self,
        terms: CreditTerms,
        table: Records,
        network: Exposures,
        exchange: Exchange,
        clock: Clock,
        world: int,
        lines: CreditLines,
        seed: int,
        *,
        contagion: bool = True,
    ) -> None:
        self.debts, self.events = DebtBook(network), CreditEvents(network.names)
        self.table, self.lines, self.exchange, self.clock = table, lines, exchange, clock
        self.contagion, self.passed_on = contagion, False
        self.debt_rank = 0.0
        self._books = CreditBooks(terms, table, self.debts, lines, exchange, world, self.events)
        self.failures = CreditFailures(self._books, seed)
        self._instruments = for_kernels(exchange.table)
        self._since_look_s = 0.0
        self._since_rank_s = RANK_S
        table["lines"] = lines.drawn(network.institutions)
        self.mark()
        table["first_equity"], table["first_assets"] = table["equity"], table["assets"]
        self._impact = impact_of(network, table["first_equity"].astype(np.float64))
        self._distress = np.full(network.institutions, -1.0)

    def on_liquidations(
        self, exchange: int, accounts: npt.NDArray[np.int64], was_long: npt.NDArray[np.bool_]
    ) -> None:
        """Do nothing: liquidations of traders reach institutions through prices."""

    def spread(self, momentum: npt.NDArray[np.float64], step_s: float) -> None:  # noqa: ARG002
        """Let institutions pay, fail and learn over ``step_s``."""
        self._since_look_s += step_s
        if self._since_look_s < LOOK_S:
            return
        elapsed_s, self._since_look_s = self._since_look_s, 0.0
        busy = self.mark()
        if busy or self.failures.felt or self.lines.open:
            self._move(self.clock.start_ns, elapsed_s)
        self._rank(elapsed_s)

    def _move(self, now_ns: int, elapsed_s: float) -> None:
        """Learn, ask, sell, pay and fail, in this order."""
        books, failures = self._books, self.failures
        failures.reveal(now_ns)
        if self.contagion and failures.fear > 0.0:
            ask_deposits_back(books, failures.fear, now_ns, elapsed_s)
            failures.fade(elapsed_s)
        ask_margin(books, now_ns)
        short = find_money(books, elapsed_s)
        if self.contagion:
            self.passed_on |= ask_loans_back(books, short, now_ns)
        pay(books, now_ns)
        if self.lines.collect(self.exchange, self.table["account"], now_ns):
            self.table["lines"] = self.lines.drawn(len(self.table))
        self.mark()
        self.passed_on |= failures.fail(now_ns, contagion=self.contagion)

    def mark(self) -> bool:
        """Mark all balance sheets to market; tell whether anybody is in trouble."""
        ledger, debts = self.exchange.ledger, self.debts
        return bool(
            mark_to_market(
                self.table, debts.owed, debts.written, self.exchange.view, self._instruments,
                ledger.cash[0], ledger.position, ledger.entry_value,
            )
        )  # fmt: skip

    def _rank(self, elapsed_s: float) -> None:
        """Work DebtRank out anew if distress has changed."""
        self._since_rank_s += elapsed_s
        if self._since_rank_s < RANK_S:
            return
        self._since_rank_s = 0.0
        first = self.table["first_equity"].astype(np.float64)
        distress = np.minimum(1.0, np.maximum(0.0, 1.0 - self.table["equity"] / first))
        if np.abs(distress - self._distress).max(initial=0.0) > 0.01:
            self._distress = distress
            self.debt_rank = rank_of(debt_rank(self._impact, distress), distress, first)

    def report_failed(self) -> float:
        """Return how many have failed."""
        return float((self.table["state"] == FAILED).sum())

    def report_losses(self) -> float:
        """Return what institutions have written off their claims on each other so far, USD."""
        return float(self.debts.written.sum() / 1e6)

    def line_table(self) -> pd.DataFrame:
        """Return credit lines that were called; see `abm.networks.credit_lines.CreditLines.line_table`."""
        return self.lines.line_table(self.debts.names)

    def report_debt_rank(self) -> float:
        """Return `debt_rank`."""
        return self.debt_rank
