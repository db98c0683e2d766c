"""How much the insurance fund may take over, and how it gets rid of what it took.

Capacity (Binance 2020 text): the fund's open notional stays within a share of the fund itself, 100 % then;
what it cannot take goes to ADL. Here the fund is its equity at the mark, which must not become negative
either. Lots that reduce the fund's own position are always taken as long as equity lasts.
"""

import math
from dataclasses import dataclass

from abm.compiled import kernel


@dataclass(frozen=True)
class FundRule:
    """Limits of the insurance fund.

    Parameters
    ----------
    notional_share
        Open notional that the fund may hold, as a share of its equity.
    unwind_rate_per_s
        Inventory is sold back at this rate of decay, per second (0.01 = about 1 % of what is left each
        second).
    unwind_slippage
        Unwinding orders go no further from the mark than this fraction.
    """

    notional_share: float = 1.0
    unwind_rate_per_s: float = 0.01
    unwind_slippage: float = 0.01

    def __post_init__(self) -> None:
        for name in ("notional_share", "unwind_rate_per_s"):
            value = getattr(self, name)
            if not 0.0 <= value < math.inf:
                raise ValueError(f"{name} is {value}; it must be zero or more")
        if not 0.0 < self.unwind_slippage < 1.0:
            raise ValueError(f"unwind_slippage is {self.unwind_slippage}; it must lie between 0 and 1")

    def share_sold(self, seconds: float) -> float:
        """Return the share of its inventory that the fund sells back in ``seconds``."""
        return -math.expm1(-self.unwind_rate_per_s * seconds)


@kernel
def fund_capacity(
    equity: int,
    other_notional: int,
    held: int,
    direction: int,
    mark_value: int,
    price_value: int,
    share: float,
) -> int:
    """Return how many lots the fund can take over.

    Parameters
    ----------
    equity
        Fund equity at the marks, millionths.
    other_notional
        Sum of the absolute notional of its positions in other instruments.
    held
        Its signed lots in this instrument.
    direction
        +1 when it takes over a long, -1 for a short.
    mark_value, price_value
        Value of one lot at the mark and at the takeover price, millionths.
    share
        Allowed notional as a share of equity.
    """
    loss = direction * (price_value - mark_value)
    if equity <= 0:
        return 0
    netted = abs(held) if held * direction < 0 else 0
    affordable = equity // loss if loss > 0 else 1 << 62
    if affordable <= netted:
        return affordable
    exposure = other_notional + (0 if netted > 0 else abs(held) * mark_value)
    room = share * (equity - loss * netted) - exposure
    cost = mark_value + share * loss
    if room <= 0.0:
        return netted
    if cost <= 0.0:
        return affordable
    return min(affordable, netted + int(min(room / cost, 4.0e18)))
