"""What happened in the credit network, as tidy tables."""

from collections.abc import Sequence

import pandas as pd

QUIET_S = 600.0
"""Payments to depositors of one institution within this time are one row."""


class CreditEvents:
    """Lists of events while a run is being made; amounts come in millionths and are told in USD."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._defaults: list[tuple[float, str, str, float, float, float]] = []
        self._calls: list[tuple[float, str, str, float]] = []
        self._losses: list[tuple[float, str, str, float]] = []
        self._withdrawals: list[list[float]] = []
        self._last: dict[int, int] = {}

    def default(
        self, when_ns: int, i: int, cause: str, equity: int, creditors_lose: int, depositors_lose: int
    ) -> None:
        """Note that ``i`` fails, with what equity, and who will lose how much."""
        amounts = (equity / 1e6, creditors_lose / 1e6, depositors_lose / 1e6)
        self._defaults.append((when_ns / 1e9, self._names[i], cause, *amounts))

    def call(self, when_ns: int, i: int, by: str, amount: int) -> None:
        """Note that ``i`` is asked to pay: by all creditors because of its leverage, or by one in need."""
        self._calls.append((when_ns / 1e9, self._names[i], by, amount / 1e6))

    def loss(self, when_ns: int, debtor: int, creditor: int, amount: int) -> None:
        """Note that a creditor learns of a loss."""
        self._losses.append((when_ns / 1e9, self._names[debtor], self._names[creditor], amount / 1e6))

    def withdrawal(self, when_ns: int, i: int, paid: int, waiting: int) -> None:
        """Note that ``i`` pays depositors, and what others still wait for."""
        time_s, last = when_ns / 1e9, self._last.get(i)
        if last is None or time_s - self._withdrawals[last][0] >= QUIET_S:
            self._last[i] = last = len(self._withdrawals)
            self._withdrawals.append([time_s, i, 0.0, 0.0])
        self._withdrawals[last][2] += paid / 1e6
        self._withdrawals[last][3] = waiting / 1e6

    def default_table(self) -> pd.DataFrame:
        """Return defaults: when, who, why, equity, and what creditors and depositors will lose by it."""
        head = ["time_s", "institution", "cause", "equity_usd", "creditors_lose_usd", "depositors_lose_usd"]
        return pd.DataFrame(self._defaults, columns=head)

    def call_table(self) -> pd.DataFrame:
        """Return margin calls: when, who, called by ("leverage": all its creditors), how much."""
        return pd.DataFrame(self._calls, columns=["time_s", "institution", "called_by", "usd"])

    def loss_table(self) -> pd.DataFrame:
        """Return losses on claims when they become known: when, debtor, creditor, how much."""
        return pd.DataFrame(self._losses, columns=["time_s", "debtor", "creditor", "usd"])

    def withdrawal_table(self) -> pd.DataFrame:
        """Return what depositors were paid: from when on, by whom, how much, and what was waiting still."""
        rows = [(t, self._names[int(i)], paid, waiting) for t, i, paid, waiting in self._withdrawals]
        return pd.DataFrame(rows, columns=["time_s", "institution", "paid_usd", "waiting_usd"])
