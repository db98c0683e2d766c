"""Transfers: money on its way from an account on one exchange to an account on another.

A transfer leaves the sender at once and arrives after a delay (chain confirmations, manual checks). An
exchange that suspends withdrawals lets nothing out. Inside an exchange's ledger the money comes from and goes
to `OUTSIDE`, so each ledger balances by itself at any time.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abm.venues.exchange import Exchange


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

    Attributes
    ----------
    suspended
        Indices of exchanges that let no withdrawal out.
    """

    delay_s: float = 900.0
    suspended: set[int] = field(default_factory=set)
    _waiting: list[Transfer] = field(default_factory=list, init=False)
    _sent: int = field(default=0, init=False)

    def send(
        self,
        exchanges: Sequence["Exchange"],
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
        if exchange in self.suspended:
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

    def arrive(self, exchanges: Sequence["Exchange"], now_ns: int) -> None:
        """Pay out what has arrived by ``now_ns``."""
        while self._waiting and self._waiting[0].arrival_ns <= now_ns:
            item = heapq.heappop(self._waiting)
            exchanges[item.exchange].ledger.deposit(item.account, item.amount)

    @property
    def in_transit(self) -> int:
        """Millionths on their way."""
        return sum(item.amount for item in self._waiting)
