"""The credit network at work: margin calls, withdrawals, defaults, and losses that come to light late.

Every few seconds each institution marks its balance sheet to market. Above a leverage of its own its
creditors ask money back; it sells coins (see `agents.institution`), then its illiquid asset, and asks back
what it has lent. Who is worth less than nothing, or has not paid by the deadline, fails: debts are cleared
among all that have failed (`abm.networks.clearing`), the failure and each creditor's loss become known after
random delays, and known failures make depositors everywhere ask for their money.

Money that moves is a transfer in the ledger, to and from a ``world`` account that stands for depositors and
for buyers of the illiquid asset; claims are whole numbers in a book of their own.
"""

import math
from collections.abc import Sequence
from heapq import heappop, heappush

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.book.messages import Records
from abm.clock import Clock
from abm.compiled import for_kernels
from abm.networks.balance_sheets import CALLED, FAILED, SOUND, mark_to_market
from abm.networks.credit_events import CreditEvents
from abm.networks.credit_lines import CreditLines
from abm.networks.credit_terms import CreditTerms
from abm.networks.debt_book import DebtBook, shared
from abm.networks.debt_rank import debt_rank, impact_of, rank_of
from abm.networks.exposures import Exposures
from abm.random_streams import exponential, stream_key
from abm.venues.exchange import Exchange

LOOK_S = 10.0
"""Seconds between two looks at all balance sheets."""
RANK_S = 60.0
"""Seconds between two DebtRanks."""
MATERIAL = 0.01
"""Share of its assets below which an institution asks nothing back, and is not failed for what it owes."""
PUBLIC = -1
"""In place of a creditor: everybody."""


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
    fear
        Assets of the institutions known to have failed over those of all, fading.
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
        self.terms, self.table = terms, table
        self.debts, self.events = DebtBook(network), CreditEvents(network.names)
        self.exchange, self.clock, self.world, self.lines = exchange, clock, world, lines
        self.contagion = contagion
        self.fear = 0.0
        self.debt_rank = 0.0
        self._instruments = for_kernels(exchange.table)
        self._key = stream_key(seed, "credit network")
        self._coming: list[tuple[int, int, int, int]] = []  # (when known, debtor, creditor, amount)
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
        if busy or self._coming or self.fear > 1e-6 or self.lines.open:
            now_ns = self.clock.start_ns
            self.reveal(now_ns)
            if self.contagion:
                self.ask_deposits_back(now_ns, elapsed_s)
            self.ask_margin(now_ns)
            self.find_money(now_ns, elapsed_s)
            self.pay(now_ns)
            self.lines.collect(self.exchange, self.table["account"], now_ns)
            self.table["lines"] = self.lines.drawn(len(self.table))
            self.mark()
            self.fail(now_ns)
        self._rank(elapsed_s)

    def mark(self) -> bool:
        """Mark all balance sheets to market; tell whether anybody is in trouble."""
        ledger, debts = self.exchange.ledger, self.debts
        return bool(
            mark_to_market(
                self.table, debts.owed, debts.written, self.exchange.view, self._instruments,
                ledger.cash[0], ledger.position, ledger.entry_value,
            )
        )  # fmt: skip

    def reveal(self, now_ns: int) -> None:
        """Write off the losses, and note the failures, that become known by ``now_ns``."""
        table = self.table
        while self._coming and self._coming[0][0] <= now_ns:
            when_ns, debtor, creditor, amount = heappop(self._coming)
            if creditor == PUBLIC:
                table["known"][debtor] = 1
                self.fear += float(table["first_assets"][debtor] / table["first_assets"].sum())
                continue
            amount = self.debts.write_off(debtor, creditor, amount)
            table["lost"][creditor] += amount
            self.events.loss(when_ns, debtor, creditor, amount)

    def ask_deposits_back(self, now_ns: int, elapsed_s: float) -> None:
        """Let depositors ask for their money, the more the more failures are known."""
        table, terms = self.table, self.terms
        if self.fear <= 0.0:
            return
        share = -math.expm1(-terms.run_per_hour / 3600.0 * self.fear * elapsed_s)
        asked = (table["deposits"] - table["queue"]) * share * (table["state"] != FAILED)
        nobody_waits = table["queue"] == 0
        table["queue_ns"][nobody_waits] = now_ns + round(terms.queue_s * 1e9)
        table["queue"] += asked.astype(np.int64)
        self.fear *= math.exp(-elapsed_s / terms.run_fade_s)

    def ask_margin(self, now_ns: int) -> None:
        """Let creditors of whoever is over its limit ask for what brings it back to its goal."""
        table = self.table
        over = (table["state"] == SOUND) & (table["debts"] > 0) & (table["equity"] > 0)
        over &= table["assets"] > table["limit"] * table["equity"]
        asked = np.clip(table["assets"] - table["goal"] * table["equity"], 0, table["debts"])
        for i in np.flatnonzero(over):
            table["state"][i] = CALLED
            table["margin_ns"][i] = now_ns + round(self.terms.call_s * 1e9)
            self.events.call(now_ns, int(i), "leverage", int(asked[i]))
        called = table["state"] == CALLED
        table["margin"] = np.where(called, asked, 0.0).astype(np.int64)
        table["state"][called & (table["margin"] == 0)] = SOUND

    def find_money(self, now_ns: int, elapsed_s: float) -> None:
        """Say who must sell coins for how much, sell illiquid assets, and ask back what was lent."""
        table, terms = self.table, self.terms
        due = table["queue"] + table["margin"] + table["recalled"]
        due = np.where(table["state"] == FAILED, self.debts.still_due(table["deposits"]), due)
        table["need"] = np.maximum(0, due - table["cash"])
        short = np.maximum(0, table["need"] - table["coins"])
        share = -math.expm1(-terms.illiquid_per_hour / 3600.0 * elapsed_s)
        sold = np.minimum(table["illiquid"] * share, short / max(1e-9, 1.0 - terms.haircut))
        for i in np.flatnonzero(sold >= 1.0):
            proceeds = int(int(sold[i]) * (1.0 - terms.haircut))
            self.exchange.ledger.transfer(0, self.world, int(table["account"][i]), proceeds)
            table["illiquid"][i] -= int(sold[i])
        if self.contagion:
            for i in np.flatnonzero(short > 0):
                self._ask_loans_back(int(i), int(short[i]), now_ns)

    def _ask_loans_back(self, lender: int, amount: int, now_ns: int) -> None:
        """Ask ``amount`` back from debtors and borrowers, as far as that is allowed and not done yet."""
        debts, table = self.debts, self.table
        amount -= int(debts.recall[:, lender].sum()) + self.lines.called(lender)
        left = debts.callable(lender, self.terms.callable_share, table["state"] != FAILED)
        on_lines = int(table["lines"][lender]) - self.lines.called(lender)
        total = int(left.sum()) + on_lines
        if amount <= MATERIAL * table["assets"][lender] or total <= 0:
            return
        amount = min(amount, total)
        self.lines.call(lender, amount * on_lines // total, now_ns)
        for i in np.flatnonzero(left):
            asked = amount * int(left[i]) // total
            if asked > 0:
                if table["recalled"][i] == 0:
                    table["recalled_ns"][i] = now_ns + round(self.terms.call_s * 1e9)
                debts.recall[i, lender] += asked
                table["recalled"][i] += asked
                self.events.call(now_ns, int(i), debts.names[lender], asked)

    def pay(self, now_ns: int) -> None:
        """Pay what is asked back as far as there is cash: depositors first; an estate pays all alike."""
        table, debts = self.table, self.debts
        asked = table["queue"] + table["margin"] + table["recalled"]
        for i in np.flatnonzero(((asked > 0) | (table["state"] == FAILED)) & (table["cash"] > 0)).tolist():
            cash = int(table["cash"][i])
            if table["state"][i] == FAILED:
                dues = (debts.owed[i] - debts.cleared[i]).tolist()
                dues.append(int(table["deposits"][i] - debts.deposits_lost[i]))
                *creditors, depositors = shared(min(cash, sum(dues)), dues)
                self._pay_deposits(i, depositors, now_ns)
                self._pay_creditors(i, creditors)
                continue
            cash -= self._pay_deposits(i, min(cash, int(table["queue"][i])), now_ns)
            recalls = debts.recall[i].tolist()
            cash -= self._pay_creditors(i, shared(min(cash, sum(recalls)), recalls))
            owed, margin = debts.owed[i].tolist(), int(table["margin"][i])
            table["margin"][i] -= self._pay_creditors(i, shared(min(cash, margin, sum(owed)), owed))

    def _pay_deposits(self, i: int, amount: int, now_ns: int) -> int:
        table = self.table
        if amount:
            self.exchange.ledger.transfer(0, int(table["account"][i]), self.world, amount)
            table["deposits"][i] -= amount
            table["queue"][i] -= min(amount, int(table["queue"][i]))
            self.events.withdrawal(now_ns, i, amount, int(table["queue"][i]))
        return amount

    def _pay_creditors(self, i: int, amounts: Sequence[int]) -> int:
        accounts = self.table["account"]
        for j, amount in enumerate(amounts):
            if amount:
                self.exchange.ledger.transfer(0, int(accounts[i]), int(accounts[j]), amount)
                self.debts.repay(i, j, amount)
        self.table["recalled"][i] = self.debts.recall[i].sum()
        return sum(amounts)

    def fail(self, now_ns: int) -> None:
        """Let fail who is worth less than nothing or has missed a deadline, and clear the debts."""
        table = self.table
        least = MATERIAL * table["assets"]
        over = table["assets"] > table["limit"] * table["equity"]
        causes = {
            "equity below zero": table["equity"] < 0,
            "margin call": (table["margin"] > least) & (table["margin_ns"] <= now_ns) & over,
            "withdrawals": (table["queue"] > least) & (table["queue_ns"] <= now_ns),
            "loans asked back": (table["recalled"] > least) & (table["recalled_ns"] <= now_ns),
        }
        new: dict[int, str] = {}
        for cause, flags in causes.items():
            for i in np.flatnonzero(flags & (table["state"] != FAILED)).tolist():
                new.setdefault(i, cause)
        if not new:
            return
        for i in new:
            table["state"][i] = FAILED
            table["margin"][i] = table["recalled"][i] = table["queue"][i] = 0
            self.debts.recall[i] = 0
            heappush(self._coming, (self._known_at(i, PUBLIC, now_ns), i, PUBLIC, 0))
            if self.contagion:
                self.lines.call(i, int(table["lines"][i]), now_ns)
        depositors_before = self.debts.deposits_lost.copy()
        more = self.debts.clear(table, self.terms)
        for i, cause in new.items():
            depositors = int(self.debts.deposits_lost[i] - depositors_before[i])
            self.events.default(now_ns, i, cause, int(table["equity"][i]), int(more[i].sum()), depositors)
        if self.contagion:
            for i, j in np.argwhere(more > 0).tolist():
                heappush(self._coming, (self._known_at(i, j, now_ns), i, j, int(more[i, j])))

    def _known_at(self, debtor: int, creditor: int, now_ns: int) -> int:
        """Return when a failure or a loss becomes known: after a random delay of its own."""
        delay_s = self.terms.reveal_s * exponential(self._key, debtor, creditor + 1, 0)
        return now_ns + round(delay_s * 1e9)

    def _rank(self, elapsed_s: float) -> None:
        """Work DebtRank out anew if distress has changed."""
        self._since_rank_s += elapsed_s
        if self._since_rank_s < RANK_S:
            return
        self._since_rank_s = 0.0
        first = self.table["first_equity"].astype(np.float64)
        distress = np.clip(1.0 - self.table["equity"] / first, 0.0, 1.0)
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
