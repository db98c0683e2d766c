"""One order bounded by the bankruptcy price, then takeover, then ADL (Binance, text of about 2020).

A breached account's orders are cancelled and its positions sent as immediate-or-cancel orders bounded by the
bankruptcy price. What they bring above that price pays the clearance fee to the insurance fund. What stays
open goes to the fund at the bankruptcy price while the fund can carry it, the rest to ranked accounts.
"""

from dataclasses import dataclass
from typing import Literal

from abm.book.messages import Records
from abm.venues.desk import Desk
from abm.venues.policies.base import Stateless, at_least_one_round


@dataclass(frozen=True)
class BankruptcyIoc(Stateless):
    """The policy of Binance.

    Parameters
    ----------
    sizing
        ``"restore"``: cross positions are cut as far as it takes to restore the margin; ``"full"``: closed
        whole.
    max_rounds
        Most sweeps in one run.
    """

    sizing: Literal["restore", "full"] = "restore"
    max_rounds: int = 10

    def __post_init__(self) -> None:
        if self.sizing not in ("restore", "full"):
            raise ValueError(f"sizing is {self.sizing!r}; allowed: restore, full")
        at_least_one_round(self.max_rounds)

    def close(self, desk: Desk, breaches: Records) -> bool:
        """Close breached wallets in one round; tell whether anything changed."""
        desk.cancel(breaches["account"])
        orders, _ = desk.orders(breaches, restore=self.sizing == "restore")
        if len(orders) == 0:
            return False
        sold = desk.sell(orders)
        return desk.hand_over(orders) or sold
