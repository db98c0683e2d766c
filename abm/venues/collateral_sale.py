"""Selling the collateral of breached wallets that owe money, through the venue's own spot book."""

from dataclasses import dataclass

import numpy as np

from abm.book.messages import IOC, LIQUIDATION, REDUCE_ONLY, SELL, Records, message_table
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
    values = desk.rules.backing["value"][:, 0]
    accepted = np.flatnonzero(values > 0)
    crossed = breaches.account[breaches.isolated == 0].astype(np.int64)
    accounts = crossed[(desk.ledger.cash[0, crossed] < 0)]
    if sale.slice_share < 1.0:
        accounts = accounts[served[accounts] == 0]
    if len(accepted) == 0 or len(accounts) == 0:
        return False
    orders = _orders(desk, sale, accounts, accepted)
    if len(orders) == 0:
        return False
    served[accounts] += 1
    desk.cancel(accounts)
    fills = desk.send(orders)
    return desk.record(orders, orders.filled, desk.traded(orders, fills), COLLATERAL)


def _orders(desk: Desk, sale: CollateralSale, accounts: Amounts, accepted: Amounts) -> Records:
    """Return bounded reduce-only orders, one instrument after the other until the debt is met."""
    ledger = desk.ledger
    owed = -ledger.cash[0, accounts]
    tables: list[Records] = []
    for i in accepted:
        unit = int(ledger.instruments[i].tick_lot_value)
        ticks = int(desk.rules.backing["value"][i, 0]) // unit
        bound = max(1, int(np.ceil(ticks * (1.0 - sale.max_discount))))
        held = ledger.position[i, accounts]
        most = np.ceil(held * sale.slice_share).astype(np.int64) if sale.slice_share < 1.0 else held
        lots = np.where(owed > 0, np.minimum(-(-owed // (bound * unit)), most), 0)
        chosen = np.flatnonzero(lots > 0)
        rows = message_table(len(chosen))
        rows["time"], rows["price"], rows["instrument"] = desk.now_ns, bound, i
        rows["account"], rows["lots"] = accounts[chosen], lots[chosen]
        rows["kind"], rows["side"], rows["flags"], rows["source"] = IOC, SELL, REDUCE_ONLY, LIQUIDATION
        owed = owed - lots * bound * unit
        tables.append(rows)
    return np.concatenate(tables).view(np.recarray)
