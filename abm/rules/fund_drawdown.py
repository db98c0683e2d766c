"""The insurance fund's fall from its highest balance of the last hours."""

from collections import deque

from abm.rules.adl_triggers import check_drawdowns, drawdown_active, drawdown_ratio

HOUR_NS = 3_600_000_000_000


class FundDrawdown:
    """Follows a balance, its peak of a rolling window, and whether ADL by drawdown is on.

    ADL is on as well while the balance is not positive: both OKX and Bybit (2025) say so.

    Parameters
    ----------
    window_hours
        Length of the window; 8 at OKX and Bybit.
    start, stop
        Drawdown below which ADL starts and above which it stops, as negative shares of the peak (Bybit -0.30
        and -0.25; OKX -0.30 for both).
    """

    def __init__(self, window_hours: float = 8.0, start: float = -0.30, stop: float = -0.25) -> None:
        if not window_hours > 0.0:
            raise ValueError(f"window_hours is {window_hours}; it must be above zero")
        check_drawdowns(start, stop)
        self._window_ns = int(window_hours * HOUR_NS)
        self._start = start
        self._stop = stop
        self._falling: deque[tuple[int, float]] = deque()  # balances not exceeded since, oldest first
        self._balance = 0.0
        self.active = False

    def record(self, time_ns: int, balance: float) -> bool:
        """Take the balance at a time, not before the last one; return whether ADL is on."""
        if self._falling and time_ns < self._falling[-1][0]:
            raise ValueError(f"time_ns is {time_ns}; it must be {self._falling[-1][0]} or later")
        while self._falling and self._falling[-1][1] <= balance:
            self._falling.pop()
        self._falling.append((time_ns, balance))
        while self._falling[0][0] < time_ns - self._window_ns:
            self._falling.popleft()
        self._balance = balance
        self.active = balance <= 0.0 or drawdown_active(self.active, self.ratio, self._start, self._stop)
        return self.active

    @property
    def peak(self) -> float:
        """Highest balance of the window."""
        return self._falling[0][1] if self._falling else 0.0

    @property
    def ratio(self) -> float:
        """Balance against the peak, over the peak: zero or negative."""
        return drawdown_ratio(self._balance, self.peak, self.peak)
