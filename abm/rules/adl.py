"""Auto-deleveraging as a venue states it: when, whom, in which order, how much, at which price.

The parts are functions in `abm.rules.adl_triggers`, `adl_ranks`, `adl_allocations` and `adl_prices`;
`AdlRule` names one of each, and `lots_closed` puts rank and allocation together.
"""

from dataclasses import dataclass

import numpy as np

from abm.rules.adl_allocations import (
    bankruptcy_overlaps,
    capped_pro_rata,
    largest_remainder,
    pro_rata,
    random_sequential,
    sequential,
)
from abm.rules.adl_candidates import Amounts, Candidates, Floats
from abm.rules.adl_prices import PRICES
from abm.rules.adl_ranks import RANKS, adl_order, binance_score, bitmex_score
from abm.rules.adl_triggers import TRIGGERS, check_drawdowns

__all__ = [
    "ALLOCATIONS",
    "AdlRule",
    "Amounts",
    "Candidates",
    "Floats",
    "adl_allocate",
    "adl_order",
    "adl_pro_rata",
    "adl_score",
    "adl_score_bitmex",
    "lots_closed",
]

ALLOCATIONS = ("queue", "random", "pro_rata", "largest_remainder", "capped_pro_rata")

adl_score = binance_score
adl_score_bitmex = bitmex_score
adl_allocate = sequential
adl_pro_rata = pro_rata


@dataclass(frozen=True)
class AdlRule:
    """How a venue deleverages. Names may be written with hyphens, as presets do.

    Parameters
    ----------
    rank
        Score that orders the accounts, a name of `abm.rules.adl_ranks.RANKS`: ``"binance"``, ``"bitmex"``,
        ``"okx"``, ``"hyperliquid-documented"``, ``"hyperliquid-decompiled"``, ``"leverage"``, ``"none"``.
    allocation
        ``"queue"`` (highest score first, whole), ``"random"`` (whole, from a random start, no rank),
        ``"pro-rata"`` (everybody by the same share; lots lost to rounding come from the front of the queue),
        ``"largest-remainder"`` (the same, by largest remainder), ``"capped-pro-rata"``.
    price
        ``"bankruptcy"``, ``"mark"`` or ``"previous-mark"``.
    trigger
        ``"fund-capacity"``, ``"fund-drawdown"``, ``"pnl-drawdown"``, ``"account-value"`` or
        ``"pool-pnl"``, see `abm.rules.adl_triggers`.
    drawdown_start, drawdown_stop
        Drawdowns, as negative shares, at which ADL starts and stops; of the two drawdown triggers.
    drawdown_hours
        Window of the peak.
    pool_pnl_factor
        Highest pending profit over pool value; of ``"pool-pnl"``.
    cap_share
        Most that is taken of one position, a share; of ``"capped-pro-rata"``.
    most_accounts
        Most accounts looked at in one pass, 0 for all; of ``"random"``.

    Raises
    ------
    ValueError
        An unknown name or a number out of range, with what is allowed.
    """

    rank: str = "binance"
    allocation: str = "queue"
    price: str = "bankruptcy"
    trigger: str = "fund_capacity"
    drawdown_start: float = -0.30
    drawdown_stop: float = -0.25
    drawdown_hours: float = 8.0
    pool_pnl_factor: float = 1.0
    cap_share: float = 1.0
    most_accounts: int = 0

    def __post_init__(self) -> None:
        allowed = {"rank": tuple(RANKS), "allocation": ALLOCATIONS, "price": PRICES, "trigger": TRIGGERS}
        for name, names in allowed.items():
            value = str(getattr(self, name)).replace("-", "_")
            if value not in names:
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed: {', '.join(names)}")
            object.__setattr__(self, name, value)
        check_drawdowns(self.drawdown_start, self.drawdown_stop)
        if not self.drawdown_hours > 0.0:
            raise ValueError(f"drawdown_hours is {self.drawdown_hours}; it must be above zero")
        if not self.pool_pnl_factor > 0.0:
            raise ValueError(f"pool_pnl_factor is {self.pool_pnl_factor}; it must be above zero")
        if not 0.0 < self.cap_share <= 1.0:
            raise ValueError(f"cap_share is {self.cap_share}; it must be above 0 and at most 1")
        if self.most_accounts < 0:
            raise ValueError(f"most_accounts is {self.most_accounts}; it must be zero or more")


def lots_closed(
    rule: AdlRule, candidates: Candidates, lots: int, *, start: int = 0, price: float | None = None
) -> Amounts:
    """Return how many lots of each candidate are closed, in the order of the candidates.

    Parameters
    ----------
    lots
        Lots to close in all.
    start
        Where the walk of ``"random"`` begins: draw it evenly from 0 to the number of candidates - 1.
    price
        Price of one lot at which they are closed, in settlement units. When given, accounts that it would
        leave with less than nothing are passed over by every allocation.

    Notes
    -----
    Closing one leg of a hedged account may leave it below maintenance margin: the caller re-checks margins
    after each fill.
    """
    if lots < 0:
        raise ValueError(f"lots is {lots}; it must be zero or more")
    held = candidates.lots
    solvent = np.ones(len(held), np.bool_)
    if price is not None:
        broke = candidates.bankruptcy_value / np.maximum(held, 1)
        solvent = bankruptcy_overlaps(candidates.side, broke, price)
    if rule.allocation == "random":
        return random_sequential(lots, held, start, solvent, rule.most_accounts or None)
    order = adl_order(RANKS[rule.rank](candidates))
    order = order[solvent[order]]
    closed = np.zeros(len(held), np.int64)
    closed[order] = _split(rule, lots, held[order])
    return closed


def _split(rule: AdlRule, lots: int, available: Amounts) -> Amounts:
    if rule.allocation == "queue":
        return sequential(lots, available)
    if rule.allocation == "pro_rata":
        return pro_rata(lots, available)
    if rule.allocation == "largest_remainder":
        return largest_remainder(lots, available)
    return capped_pro_rata(lots, available, rule.cap_share)
