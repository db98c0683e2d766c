"""How the insurance fund sells back what it took over: bounded reduce-only slices at a rate per second."""

from typing import cast

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, FUND, IOC, REDUCE_ONLY, SELL, Records, message_table
from abm.compiled import for_kernels, kernel
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts
from abm.rules.insurance_fund import FundRule

_NO_ORDERS: Records = for_kernels(message_table(0))


class FundUnwinding:
    """Keeps time and fractions of lots between slices.

    Parameters
    ----------
    rule
        Rate of decay and price bound.
    instruments
        Number of instruments.
    """

    def __init__(self, rule: FundRule, instruments: int) -> None:
        self.rule = rule
        self._last_ns = -1
        self._carry = np.zeros(instruments)
        self._room: Records = for_kernels(message_table(instruments))

    def orders(self, now_ns: int, mark_ticks: Amounts, ledger: Ledger, first_id: int) -> Records:
        """Return IOC orders of the fund for the time since the last call; none at the first call."""
        seconds = 0.0 if self._last_ns < 0 else (now_ns - self._last_ns) / 1e9
        self._last_ns = now_ns
        orders = self._room
        rows = _write_slices(
            ledger.position, ledger.perpetual, self.rule.share_sold(seconds), self._carry, mark_ticks,
            self.rule.unwind_slippage, now_ns, first_id, orders,
        )  # fmt: skip
        if rows == 0:
            return _NO_ORDERS
        self._room = for_kernels(message_table(len(orders)))
        return cast("Records", orders[:rows])


@kernel
def _write_slices(
    position: Amounts,
    perpetual: npt.NDArray[np.bool_],
    share: float,
    carry: npt.NDArray[np.float64],
    mark_ticks: Amounts,
    slippage: float,
    now_ns: int,
    first_id: int,
    out: Records,
) -> int:
    """Write an order for ``share`` of each position of the fund; fractions of a lot are kept in ``carry``.

    Over any split of a period into steps the lots sold are the same up to one.
    """
    holds = False
    for i in range(len(position)):
        holds = holds or (perpetual[i] and position[i, INSURANCE_FUND] != 0)
    if not holds:
        return 0
    rows = 0
    for i in range(len(position)):
        held = position[i, INSURANCE_FUND] if perpetual[i] else 0
        due = carry[i] + abs(held) * share
        lots = min(abs(held), int(due))
        carry[i] = due - lots
        if lots == 0:
            continue
        row = out[rows]
        row.time = now_ns
        row.id = first_id + rows
        row.account = INSURANCE_FUND
        row.instrument = i
        row.kind = IOC
        row["flags"] = REDUCE_ONLY
        row.source = FUND
        row.lots = lots
        row.side = SELL if held > 0 else BUY
        worst = mark_ticks[i] * (1.0 - slippage if held > 0 else 1.0 + slippage)
        row.price = max(1, int(np.rint(worst)))
        rows += 1
    return rows
