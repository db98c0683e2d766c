"""Tidy tables of what a liquidation engine did in one step."""

from dataclasses import dataclass, field
from typing import cast

import numpy as np

from abm.book.messages import Records, fill_table, joined
from abm.ledger.settlement import Amounts
from abm.rules.breaches import NO_BREACHES
from abm.venues.deleveraging import adl_dtype

ORDER = 0
TAKEOVER = 1
DELEVERAGED = 2
COLLATERAL = 3
BACKSTOP = 4
POOL = 5
HOW_NAMES = {
    ORDER: "order",
    TAKEOVER: "takeover",
    DELEVERAGED: "deleveraged",
    COLLATERAL: "collateral sold",
    BACKSTOP: "backstop",
    POOL: "against the pool",
}

liquidation_dtype = np.dtype(
    [
        ("time", "i8"),  # ns
        ("account", "i4"),
        ("instrument", "i2"),
        ("side", "i1"),  # of the closing trade: SELL closes a long
        ("how", "i1"),  # a key of HOW_NAMES
        ("lots", "i8"),
        ("price", "i8"),  # ticks, rounded average
        ("notional", "i8"),  # millionths
    ],
    align=True,
)
_NO_LIQUIDATIONS: Records = np.zeros(0, liquidation_dtype).view(np.recarray)
_NO_ADL: Records = np.zeros(0, adl_dtype).view(np.recarray)
_NO_FILLS = fill_table(0)


@dataclass
class LiquidationReport:
    """What was closed by force in one step; tables are record arrays.

    Attributes
    ----------
    liquidations
        Rows of `liquidation_dtype`: one for each filled order, sale of collateral, takeover, or position
        closed against others.
    deleveraged
        Rows of `abm.venues.deleveraging.adl_dtype`: one for each account on the other side.
    fills
        All fills in the books by orders of the engine, and by stops they triggered; already settled.
    unresolved
        Wallets still breached at the end, rows of `abm.rules.breaches.breach_dtype`.
    rounds
        Rounds that found breached wallets.
    bad_debt
        Millionths that the fund paid for wallets that owed money with nothing left to close.
    gaps_paid
        Millionths that the fund paid to fills below the bankruptcy price.
    uncovered
        Millionths still owed at the end by wallets that have neither positions nor holdings left: more than
        the fund could pay.
    """

    liquidations: Records = field(default_factory=lambda: _NO_LIQUIDATIONS)
    deleveraged: Records = field(default_factory=lambda: _NO_ADL)
    fills: Records = field(default_factory=lambda: _NO_FILLS)
    unresolved: Records = field(default_factory=lambda: NO_BREACHES)
    rounds: int = 0
    bad_debt: int = 0
    gaps_paid: int = 0
    uncovered: int = 0

    def add(self, name: str, rows: Records) -> bool:
        """Append rows to the table ``name``; tell whether there were any."""
        if len(rows):
            before = getattr(self, name)
            setattr(self, name, (joined(before, rows) if len(before) else rows).view(np.recarray))
        return len(rows) > 0


def liquidation_rows(orders: Records, lots: Amounts, notional: Amounts, unit: Amounts, how: int) -> Records:
    """Return one row of `liquidation_dtype` for each order of which ``lots`` were closed.

    ``unit`` is the ``tick_lot_value`` of each order's instrument, from which the average price follows.
    """
    done = np.flatnonzero(lots)
    rows = np.zeros(len(done), liquidation_dtype)
    for name in ("time", "account", "instrument", "side"):
        rows[name] = orders[name][done]
    rows["how"] = how
    rows["lots"] = lots[done]
    rows["notional"] = notional[done]
    rows["price"] = np.rint(notional[done] / (lots[done] * unit[done]))
    return cast("Records", rows)
