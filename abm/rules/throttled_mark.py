"""The last trade as mark, refreshed no more often than a minimum spacing.

Vega (specs 0009-MRKP at 5fea1f3e): out of transactions with one time stamp only the last trade counts, and
only if at least the minimum spacing has passed since the last update. Example: updated 12 s ago, spacing
10 s: a trade at 1,200 moves the mark; 1,100 after 8 s does not; 1,500 after 10.1 s does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from abm.rules.mark_price import NANOSECONDS, MarkInputs

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


@dataclass
class ThrottleState:
    """Marks, the last trade seen and the time of the last update, ``(instruments,)``."""

    price: Floats
    last: Floats
    updated_ns: Times


@dataclass(frozen=True)
class ThrottledMark:
    """The last trade, at least ``min_gap_s`` seconds after the last update."""

    min_gap_s: float = 5.0

    def __post_init__(self) -> None:
        if not self.min_gap_s >= 0.0:
            raise ValueError(f"min_gap_s is {self.min_gap_s}; it must be zero or more")

    def start(self, price: Floats) -> ThrottleState:
        """Return the memory; the first trade moves the mark at once."""
        first = np.array(price, np.float64)
        return ThrottleState(first, first.copy(), np.full(len(first), -self._gap_ns, np.int64))

    def update(self, state: ThrottleState, seen: MarkInputs) -> Floats:
        """Return the marks; a step without a new trade price leaves mark and clock as they are."""
        traded = np.isfinite(seen.last) & (seen.last != state.last)
        moved = traded & (seen.now_ns - state.updated_ns >= self._gap_ns)
        state.price = np.where(moved, seen.last, state.price)
        state.updated_ns = np.where(moved, seen.now_ns, state.updated_ns)
        state.last = np.where(traded, seen.last, state.last)
        return state.price

    @property
    def _gap_ns(self) -> int:
        return round(self.min_gap_s * NANOSECONDS)


def throttled_marks(
    trades: Sequence[tuple[float, float]], min_gap_s: float, age_s: float, mark: float = float("nan")
) -> list[float]:
    """Return the mark after each trade.

    Parameters
    ----------
    trades
        Pairs of time (seconds, not falling) and price; of those with one time the last one counts.
    min_gap_s
        Minimum spacing, seconds.
    age_s
        Seconds since the last update at time zero.
    mark
        The mark before the first trade.
    """
    final = dict(trades)
    updated, marks = -age_s, {}
    for time, price in final.items():
        if time - updated >= min_gap_s:
            mark, updated = price, time
        marks[time] = mark
    return [marks[time] for time, _ in trades]
