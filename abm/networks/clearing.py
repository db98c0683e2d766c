"""What each institution pays when all debts fall due at once.

Eisenberg and Noe 2001, "Systemic risk in financial systems", Management Science 47, 236-249; with losses at
default, Rogers and Veraart 2013, "Failure and rescue in an interbank network", ibid. 59, 882-898. Whoever has
``cash = outside assets + payments received`` at least equal to its debts pays them; a defaulter pays out
``recovered_outside`` times its outside assets plus ``recovered_inside`` times what it received. The payments
that agree with each other form a lattice, with a greatest and a least element.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import splu

from abm.networks.checked import checked_share
from abm.networks.exposures import Exposures

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SLACK = 1e-12
"""Shortfall, as a share of the debts, that is no default but rounding."""
TOLERANCE = 1e-13
MOST_ROUNDS = 1_000_000


@dataclass(frozen=True)
class Clearing:
    """The outcome, by institution.

    Attributes
    ----------
    payments
        What each pays to the others in all.
    outside_payments
        What each pays to creditors outside.
    equity
        What is left to each after its debts, 0 to defaulters.
    shortfall
        Debts, inside and outside, that each leaves unpaid.
    defaulted
        Who cannot pay in full.
    wave
        0 for those who pay; 1 for those who default even if everybody else pays; 2 for those who default
        because of these, and so on (the rounds of Eisenberg and Noe's fictitious default algorithm). In a
        least vector every defaulter has 1.
    """

    payments: Floats
    outside_payments: Floats
    equity: Floats
    shortfall: Floats
    defaulted: Flags
    wave: npt.NDArray[np.int64]


def clear(
    network: Exposures,
    recovered_outside: float = 1.0,
    recovered_inside: float = 1.0,
    vector: Literal["greatest", "least"] = "greatest",
    outside_debts: Literal["senior", "equal"] = "senior",
) -> Clearing:
    """Return the clearing payments.

    Parameters
    ----------
    recovered_outside, recovered_inside
        Share of its outside assets, and of the payments it received, that a defaulter pays out (alpha and
        beta of Rogers and Veraart); 1 and 1 are Eisenberg and Noe.
    vector
        Which of the consistent vectors: the greatest (defaults only where they cannot be avoided) or the
        least (where nobody pays until sure to be paid).
    outside_debts
        Rank of the creditors outside: before the other institutions, or in proportion with them.

    Raises
    ------
    ValueError
        If a share is not from 0 to 1 or a word is unknown.
    """
    checked_share("recovered_outside", recovered_outside)
    checked_share("recovered_inside", recovered_inside)
    if vector not in ("greatest", "least"):
        raise ValueError(f"vector is {vector!r}; it must be greatest or least")
    if outside_debts not in ("senior", "equal"):
        raise ValueError(f"outside_debts is {outside_debts!r}; it must be senior or equal")
    problem = _Problem(network, recovered_outside, recovered_inside, outside_debts == "senior")
    wave = np.zeros(network.institutions, np.int64)
    if vector == "least":
        payments = problem.settle(np.zeros(network.institutions), np.ones(network.institutions, np.bool_))
        wave[problem.short_of(payments)] = 1
    else:
        payments = problem.due.copy()
        for number in range(1, network.institutions + 1):
            new = problem.short_of(payments) & (wave == 0)
            if not new.any():
                break
            wave[new] = number
            payments = problem.settle(payments, wave > 0)
    return problem.outcome(payments, wave)


class _Problem:
    """Debts as shares of what each pays, and the map whose fixed points are the clearing vectors."""

    def __init__(self, network: Exposures, outside: float, inside: float, senior: bool) -> None:
        self.assets = network.outside_assets
        self.outside_debts = network.outside_debts
        self.due = network.owed_inside
        self.before = network.outside_debts if senior else np.zeros(network.institutions)
        self.total = self.due + network.outside_debts - self.before
        self.outside, self.inside = outside, inside
        shares = np.divide(1.0, self.due, out=np.zeros(network.institutions), where=self.due > 0)
        self.received_of = sparse.csr_array((sparse.diags_array(shares) @ network.owed).T)
        self.share_inside = np.divide(
            self.due, self.total, out=np.zeros(network.institutions), where=self.total > 0
        )

    def short_of(self, payments: Floats) -> Flags:
        """Return who cannot pay everything when these payments are received."""
        cash = self.assets + self.received_of @ payments
        return cash < (self.total + self.before) * (1.0 - SLACK)

    def paid_in_default(self, payments: Floats) -> Floats:
        """Return what defaulters would pay inside, not yet bounded by 0 and their debts."""
        value = self.outside * self.assets + self.inside * (self.received_of @ payments)
        return (value - self.before) * self.share_inside

    def settle(self, payments: Floats, may_default: Flags) -> Floats:
        """Return the fixed point that is reached from ``payments``, by steps all up or all down."""
        for number in range(MOST_ROUNDS):
            failing = self.short_of(payments) & may_default
            raw = self.paid_in_default(payments)
            new = np.where(failing, np.clip(raw, 0.0, self.due), self.due)
            if np.abs(new - payments).max(initial=0.0) <= TOLERANCE * self.due.max(initial=1.0):
                return new
            payments = new
            if number % 16 == 15:
                payments = self._limit(payments, may_default)
        raise ArithmeticError(f"clearing: no fixed point after {MOST_ROUNDS} rounds")

    def _limit(self, payments: Floats, may_default: Flags) -> Floats:
        """Return where the steps lead if nobody's state changes on the way, else ``payments``.

        Steps go one way only, and so do states: if at the limit they are as they are now, it is exact.
        """
        failing, free = self._states(payments, may_default)
        rows = np.flatnonzero(free)
        if len(rows) == 0:
            return payments
        fixed = np.where(free, 0.0, payments)
        inner = sparse.diags_array(self.inside * self.share_inside[rows]) @ self.received_of[rows][:, rows]
        try:
            solved = splu(sparse.csc_array(sparse.eye_array(len(rows)) - inner)).solve(
                self.paid_in_default(fixed)[rows]
            )
        except RuntimeError:  # a closed group that hands on all it receives: its limit depends on the start
            return payments
        limit = fixed
        limit[rows] = solved
        same = [
            np.array_equal(a, b)
            for a, b in zip(self._states(limit, may_default), (failing, free), strict=True)
        ]
        return limit if all(same) else payments

    def _states(self, payments: Floats, may_default: Flags) -> tuple[Flags, Flags]:
        failing = self.short_of(payments) & may_default
        raw = self.paid_in_default(payments)
        return failing, failing & (raw > 0.0) & (raw < self.due)

    def outcome(self, payments: Floats, wave: npt.NDArray[np.int64]) -> Clearing:
        """Return the result with outside payments and equity."""
        received = self.received_of @ payments
        failed = wave > 0
        value = self.outside * self.assets + self.inside * received
        first = np.minimum(value, self.before)
        rest = np.clip(value - self.before, 0.0, self.total) * (1.0 - self.share_inside)
        outside = np.where(failed, first + rest, self.outside_debts)
        equity = np.where(failed, 0.0, np.maximum(self.assets + received - self.total - self.before, 0.0))
        unpaid = self.due - payments + self.outside_debts - outside
        return Clearing(payments, outside, equity, unpaid, failed, wave)
