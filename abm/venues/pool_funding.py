"""Funding on a pool: traders of the larger side pay those of the smaller one, the pool nothing."""

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel
from abm.ledger.accounts import FIRST_TRADER, INSURANCE_FUND
from abm.ledger.arithmetic import floor_share
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts, Small
from abm.rules.funding_imbalance import AdaptiveFunding, imbalance_share

Floats = npt.NDArray[np.float64]
BILLION = 1_000_000_000
NANOSECONDS = 1_000_000_000


@kernel
def pay_smaller_side(
    rate_ppb: Amounts,
    mark_value: Amounts,
    cash: Amounts,
    position: Amounts,
    isolated_margin: Amounts,
    isolated: Small,
) -> None:
    """Let the longs pay ``rate_ppb`` billionths of the larger side's value to the shorts, or shorts longs.

    Payers pay by their lots, rounded up; receivers share by theirs, rounded down; the rest, less than a
    millionth for each account, is the pool's. An isolated position whose account lacks the cash pays from
    its margin. Nothing is due where one side is empty.
    """
    for i in range(position.shape[0]):
        payer = 1 if rate_ppb[i] > 0 else -1
        paying = mark_value[i] * 0
        receiving = mark_value[i] * 0
        for a in range(FIRST_TRADER, position.shape[1]):
            held = payer * position[i, a]
            paying += max(0, held)
            receiving += max(0, -held)
        if rate_ppb[i] == 0 or mark_value[i] == 0 or paying == 0 or receiving == 0:
            continue
        value = max(paying, receiving) * mark_value[i]
        billions = value // BILLION
        due = billions * abs(rate_ppb[i]) + (value - billions * BILLION) * abs(rate_ppb[i]) // BILLION
        rest = due * 0
        for a in range(FIRST_TRADER, position.shape[1]):
            held = payer * position[i, a]
            if held > 0:
                owed = -floor_share(-due, held, paying)
                rest += owed
                if isolated[i, a] != 0 and cash[0, a] < owed:
                    from_margin = min(owed - max(0, cash[0, a]), isolated_margin[i, a])
                    isolated_margin[i, a] -= from_margin
                    owed -= from_margin
                cash[0, a] -= owed
            elif held < 0:
                received = floor_share(due, -held, receiving)
                rest -= received
                cash[0, a] += received
        cash[0, INSURANCE_FUND] += rest


class PoolFunding:
    """Accrues funding and pays it at an interval.

    Parameters
    ----------
    rule
        How the rate follows the imbalance.
    interval_hours
        Hours between payments.
    instruments
        Number of instruments.

    Attributes
    ----------
    rate
        Rate of each instrument per second, positive where longs pay, ``(instruments,)``.
    """

    def __init__(self, rule: AdaptiveFunding, interval_hours: float, instruments: int) -> None:
        self.rule = rule
        self.rate: Floats = np.zeros(instruments)
        self._interval_ns = round(interval_hours * 3600 * NANOSECONDS)
        self._accrued: Floats = np.zeros(instruments)
        self._last_ns = 0
        self._due_ns = self._interval_ns

    def accrue(self, usd: Floats, now_ns: int) -> None:
        """Move the rates and let funding accrue; ``usd`` is open interest of longs and shorts."""
        seconds = (now_ns - self._last_ns) / NANOSECONDS
        self._last_ns = now_ns
        share = imbalance_share(usd[:, 0], usd[:, 1])
        self.rate = self.rule.next_rate(self.rate, share, seconds)
        size = np.clip(np.abs(self.rate), self.rule.lowest, self.rule.highest)
        self._accrued += np.sign(self.rate) * size * seconds

    def shown(self, usd: Floats) -> Floats:
        """Return what longs pay in one interval at the present rate, a fraction of their value."""
        by_long, _ = self.rule.paid(self.rate, usd[:, 0], usd[:, 1])
        return by_long * self._interval_ns / NANOSECONDS

    def pay(self, ledger: Ledger, mark_value: Amounts, now_ns: int) -> bool:
        """Pay what has accrued if a payment is due; ``mark_value`` of a lot, millionths, 0 for spot."""
        if now_ns < self._due_ns:
            return False
        self._due_ns += ((now_ns - self._due_ns) // self._interval_ns + 1) * self._interval_ns
        billionths = np.rint(self._accrued * BILLION).astype(np.int64)
        self._accrued -= billionths / BILLION
        pay_smaller_side(
            billionths, mark_value, ledger.cash, ledger.position, ledger.isolated_margin, ledger.isolated
        )
        return True
