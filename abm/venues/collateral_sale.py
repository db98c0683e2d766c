"""Selling the collateral of breached wallets that owe money, through the venue's own spot book."""

import math
from dataclasses import dataclass
from typing import cast

import numpy as np

from abm.book.messages import IOC, LIQUIDATION, REDUCE_ONLY, SELL, Records, message_table
from abm.compiled import for_kernels, kernel
from abm.ledger.settlement import Amounts
from abm.venues.desk import Desk
from abm.venues.liquidation_report import COLLATERAL


@dataclass(frozen=True)
class CollateralSale:
    """How far and how fast collateral is sold.

    Parameters
    ----------
    max_discount
        No order goes below the collateral price by more than this fraction; what does not fill there stays.
    slice_share
        Largest share of a holding sold in one run; 1 sells at once what the debt asks for.
    """

    max_discount: float = 0.05
    slice_share: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.max_discount < 1.0:
            raise ValueError(f"max_discount is {self.max_discount}; it must be at least 0 and below 1")
        if not 0.0 < self.slice_share <= 1.0:
            raise ValueError(f"slice_share is {self.slice_share}; it must be above 0 and at most 1")


def sell_collateral(desk: Desk, sale: CollateralSale, breaches: Records, served: Amounts) -> bool:
    """Sell enough collateral of each breached cross wallet to pay what it owes; tell whether any was sold.

    ``served`` counts the sales of each account in this run: with slices there is one a run.
    """
    if not desk.rules.backing["value"][:, 0].any():
        return False
    crossed = breaches["account"][breaches["isolated"] == 0].astype(np.int64)
    accounts = crossed[(desk.ledger.cash[0, crossed] < 0)]
    if sale.slice_share < 1.0:
        accounts = accounts[served[accounts] == 0]
    if len(accounts) == 0:
        return False
    orders = _orders(desk, sale, accounts)
    if len(orders) == 0:
        return False
    served[accounts] += 1
    desk.cancel(accounts)
    fills = desk.send(orders)
    return desk.record(orders, orders["filled"], desk.traded(orders, fills), COLLATERAL)


def _orders(desk: Desk, sale: CollateralSale, accounts: Amounts) -> Records:
    """Return bounded reduce-only orders, one instrument after the other until the debt is met."""
    orders = for_kernels(message_table(len(accounts) * len(desk.values)))
    rows = _write_orders(
        accounts, desk.now_ns, desk.rules.backing, desk.ledger.instruments, desk.ledger.position,
        -desk.ledger.cash[0, accounts], sale.max_discount, sale.slice_share, orders,
    )  # fmt: skip
    return cast("Records", orders[:rows])


@kernel
def _write_orders(
    accounts: Amounts,
    now_ns: int,
    backing: Records,
    instruments: Records,
    position: Amounts,
    owed: Amounts,
    max_discount: float,
    slice_share: float,
    out: Records,
) -> int:
    rows = 0
    for i in range(len(instruments)):
        unit = instruments[i].tick_lot_value
        ticks = backing[i, 0].value // unit
        if ticks <= 0:
            continue
        bound = max(1, math.ceil(ticks * (1.0 - max_discount)))
        for k in range(len(accounts)):
            held = position[i, accounts[k]]
            most = math.ceil(held * slice_share) if slice_share < 1.0 else held
            lots = min(-(-owed[k] // (bound * unit)), most)
            if owed[k] <= 0 or lots <= 0:
                continue
            owed[k] -= lots * bound * unit
            row = out[rows]
            rows += 1
            row.time = now_ns
            row.price = bound
            row.lots = lots
            row.account = accounts[k]
            row.instrument = i
            row.kind = IOC
            row.side = SELL
            row["flags"] = REDUCE_ONLY
            row.source = LIQUIDATION
    return rows
