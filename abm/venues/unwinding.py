"""How the insurance fund sells back what it took over: bounded reduce-only slices at a rate per second."""

import numpy as np

from abm.book.messages import BUY, FUND, IOC, REDUCE_ONLY, SELL, Records, message_table
from abm.instruments import PERPETUAL
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts
from abm.rules.insurance_fund import FundRule


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

    def orders(self, now_ns: int, mark_ticks: Amounts, ledger: Ledger, first_id: int) -> Records:
        """Return IOC orders of the fund for the time since the last call; none at the first call."""
        seconds = 0.0 if self._last_ns < 0 else (now_ns - self._last_ns) / 1e9
        self._last_ns = now_ns
        if not ledger.position[:, INSURANCE_FUND].any():
            return message_table(0)
        orders = message_table(len(mark_ticks))
        rows = 0
        for i in np.flatnonzero(ledger.instruments.kind == PERPETUAL):
            held = int(ledger.position[i, INSURANCE_FUND])
            lots, self._carry[i] = self.rule.slice_lots(held, seconds, float(self._carry[i]))
            if lots == 0:
                continue
            row = orders[rows]
            slip = self.rule.unwind_slippage * (-1 if held > 0 else 1)
            row.time, row.id, row.account, row.instrument = now_ns, first_id + rows, INSURANCE_FUND, i
            row.kind, row.flags, row.source, row.lots = IOC, REDUCE_ONLY, FUND, lots
            row.side = SELL if held > 0 else BUY
            row.price = max(1, round(int(mark_ticks[i]) * (1.0 + slip)))
            rows += 1
        return orders[:rows].view(np.recarray)
