"""How the insurance fund sells back what it took over: bounded reduce-only slices at a rate per second."""

import numpy as np

from abm.book.messages import BUY, FUND, IOC, REDUCE_ONLY, SELL, Records, message_dtype, message_table
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts
from abm.rules.insurance_fund import FundRule

_NO_ORDERS = message_table(0)


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
        held = np.where(ledger.perpetual, ledger.position[:, INSURANCE_FUND], 0)
        if not held.any():
            return _NO_ORDERS
        lots, self._carry = self.rule.slice_lots(held, seconds, self._carry)
        sold = np.flatnonzero(lots)
        long = held[sold] > 0
        worst = mark_ticks[sold] * (1.0 + self.rule.unwind_slippage * np.where(long, -1, 1))
        orders = np.zeros(len(sold), message_dtype)
        orders["time"], orders["id"] = now_ns, first_id + np.arange(len(sold))
        orders["account"], orders["instrument"] = INSURANCE_FUND, sold
        orders["kind"], orders["flags"], orders["source"] = IOC, REDUCE_ONLY, FUND
        orders["lots"], orders["side"] = lots[sold], np.where(long, SELL, BUY)
        orders["price"] = np.maximum(1, np.rint(worst))
        return orders.view(np.recarray)
