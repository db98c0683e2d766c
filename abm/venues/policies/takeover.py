"""Takeover at the bankruptcy price, without an order of the account (Bybit 2024).

The fund receives the whole position at its bankruptcy price and sells it back slowly
(`abm.venues.unwinding`); what it may not take goes to ADL at the same price.
"""

from dataclasses import dataclass

from abm.book.messages import Records
from abm.venues.desk import Desk
from abm.venues.policies.base import Stateless, at_least_one_round


@dataclass(frozen=True)
class Takeover(Stateless):
    """The policy of Bybit; ``max_rounds`` is the most sweeps in one run."""

    max_rounds: int = 10

    def __post_init__(self) -> None:
        at_least_one_round(self.max_rounds)

    def close(self, desk: Desk, breaches: Records) -> bool:
        """Close breached wallets in one round; tell whether anything changed."""
        desk.cancel(breaches["account"])
        orders, _ = desk.orders(breaches)
        return len(orders) > 0 and desk.hand_over(orders)
