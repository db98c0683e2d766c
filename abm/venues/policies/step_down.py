"""Cutting large positions tier by tier, taking over small ones.

OKX (second-hand copies of the 2025 help pages): positions of tier 3 and above are lowered two tiers at a time
until the margin suffices; those of tier 1 and 2 are taken over at the bankruptcy price. BitMEX (2020): a
fill-or-kill order for the amount above the next lower tier; if it fails, or in the lowest tier, takeover of
the whole position.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from abm.book.messages import FOK, IOC, Records
from abm.compiled import for_kernels
from abm.ledger.settlement import Amounts
from abm.venues.desk import NO_LIMIT, Desk
from abm.venues.policies.base import Stateless, at_least_one_round


@dataclass(frozen=True)
class StepDown(Stateless):
    """The policy of OKX and BitMEX.

    Parameters
    ----------
    tiers
        Tiers by which a position is lowered at a time (OKX 2, BitMEX 1).
    whole_up_to
        Tier, counted from 1, up to which a position is taken over whole (OKX 2, BitMEX 1).
    order
        ``"ioc"`` or ``"fok"``, bounded by the bankruptcy price.
    unfilled
        What the fund takes over when the order does not fill: ``"slice"``, the rest of it, or ``"all"``.
    max_rounds
        Most sweeps in one run; each lowers a position once.
    """

    tiers: int = 2
    whole_up_to: int = 2
    order: Literal["ioc", "fok"] = "ioc"
    unfilled: Literal["slice", "all"] = "slice"
    max_rounds: int = 10

    def __post_init__(self) -> None:
        if self.tiers < 1:
            raise ValueError(f"tiers is {self.tiers}; it must be at least 1")
        if self.whole_up_to < self.tiers:
            raise ValueError(
                f"whole_up_to is {self.whole_up_to}; it must be at least {self.tiers}, as many as are cut"
            )
        for name, allowed in (("order", ("ioc", "fok")), ("unfilled", ("slice", "all"))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed: {', '.join(allowed)}")
        at_least_one_round(self.max_rounds)

    def close(self, desk: Desk, breaches: Records) -> bool:
        """Lower what stands in high tiers; take over wallets that have nothing there."""
        desk.cancel(breaches["account"])
        orders, wallet = desk.orders(breaches)
        if len(orders) == 0:
            return False
        lots = self.slices(desk, orders)
        lots[wallet["equity"] <= 0] = 0  # nothing is left to restore
        stepping = np.isin(wallet["account"], wallet["account"][lots > 0])
        cut = np.flatnonzero(lots > 0)
        steps = for_kernels(orders[cut])
        steps["lots"] = lots[cut]
        steps["kind"] = FOK if self.order == "fok" else IOC
        changed = desk.sell(steps)
        if len(steps):
            rest = steps["lots"] - steps["filled"]
            most = rest if self.unfilled == "slice" else np.where(rest > 0, NO_LIMIT, 0)
            changed |= desk.hand_over(steps, most.astype(np.int64))
        whole = for_kernels(orders[~stepping])
        return (len(whole) > 0 and desk.hand_over(whole)) or changed

    def slices(self, desk: Desk, orders: Records) -> Amounts:
        """Return the lots of each position above the tier it is to be lowered to; 0 in the low tiers."""
        held = np.abs(desk.ledger.position[orders["instrument"], orders["account"]])
        value = desk.values[orders["instrument"]]
        floors = desk.rules.tiers["floor"][orders["instrument"]]
        notional = held * value
        tier = np.maximum((floors < notional[:, None]).sum(axis=1) - 1, 0)
        cap = floors[np.arange(len(orders)), np.maximum(tier - self.tiers + 1, 0)]
        lots: Amounts = np.where(tier >= self.whole_up_to, held - cap // value, 0)
        return lots
