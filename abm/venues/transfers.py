"""Transfers: money on its way from an account on one exchange to an account on another.

A transfer leaves the sender at once and arrives after a delay (chain confirmations, manual checks). An
exchange that suspends withdrawals lets nothing out. Inside an exchange's ledger the money comes from and goes
to `OUTSIDE`, so each ledger balances by itself at any time.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from abm.ledger.ledger import Ledger
from abm.venues.gateway import Outage


class HasLedger(Protocol):
    """An exchange, or what an agent sees of it."""

    @property
    def ledger(self) -> Ledger:
        """Its accounts."""


@dataclass(frozen=True, order=True)
class Transfer:
    """One transfer: when it arrives (ns), a running number, where to, and millionths of a cash asset."""

    arrival_ns: int
    number: int
    exchange: int
    account: int
    amount: int


@dataclass
class Transfers:
    """All money in transit.

    Parameters
    ----------
    delay_s
        Time between two exchanges, seconds.

    suspended
        Exchange -> windows in which it lets no withdrawal out.
    """

    delay_s: float = 900.0
    suspended: Mapping[int, tuple[Outage, ...]] = field(default_factory=dict)
    _waiting: list[Transfer] = field(default_factory=list, init=False)
    _sent: int = field(default=0, init=False)

    def send(
        self,
        exchanges: Sequence["HasLedger"],
        source: tuple[int, int],
        target: tuple[int, int],
        amount: int,
        now_ns: int,
    ) -> bool:
        """Send ``amount`` millionths of cash from one (exchange, account) to another; tell whether it left.

        Raises
        ------
        ValueError
            If the amount is not positive or exceeds the free cash.
        """
        exchange, account = source
        if any(window.is_open(now_ns / 1e9) for window in self.suspended.get(exchange, ())):
            return False
        ledger = exchanges[exchange].ledger
        if not 0 < amount <= ledger.cash[0, account]:
            raise ValueError(
                f"amount is {amount}; it must be above 0 and at most the free cash, "
                f"{ledger.cash[0, account]} millionths"
            )
        ledger.withdraw(account, amount)
        self._sent += 1
        arrival = now_ns + round(self.delay_s * 1e9)
        heapq.heappush(self._waiting, Transfer(arrival, self._sent, *target, amount))
        return True

    def arrive(self, exchanges: Sequence["HasLedger"], now_ns: int) -> None:
        """Pay out what has arrived by ``now_ns``."""
        while self._waiting and self._waiting[0].arrival_ns <= now_ns:
            item = heapq.heappop(self._waiting)
            exchanges[item.exchange].ledger.deposit(item.account, item.amount)

    @property
    def waiting(self) -> tuple[Transfer, ...]:
        """What is on its way, in no order."""
        return tuple(self._waiting)

    @property
    def in_transit(self) -> int:
        """Millionths on their way."""
        return sum(item.amount for item in self._waiting)
