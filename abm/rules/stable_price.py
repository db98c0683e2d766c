"""A slow price for collateral that cannot be manipulated fast.

Mango v4 (stable_price.rs at 1303a4a1): the stable price follows the oracle, its relative change limited to
0.03 % a second times (smaller / larger of stable and delay price) squared. The delay price is the oracle's
hourly average of 24 hours ago, its relative change limited to 6 % an hour. Updates less than 10 s apart are
passed over; a gap counts as at most 10 minutes. A tenfold jump moves the stable price to 1.8 in an hour.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from abm.rules.mark_price import NANOSECONDS, MarkInputs

Floats = npt.NDArray[np.float64]
LEAST_GAP_S = 10
LARGEST_GAP_S = 600
INTERVALS = 24


@dataclass
class StableState:
    """Stable prices, delay prices ``(instruments, 24)``, the running average, time and interval."""

    price: Floats
    delay: Floats
    summed: Floats
    summed_s: int
    updated_s: int
    interval: int


@dataclass(frozen=True)
class StablePrice:
    """A price limited in its rate of change; also usable as a mark rule on the oracle.

    Parameters
    ----------
    stable_growth
        Largest relative change a second.
    delay_growth
        Largest relative change of the delay price from one interval to the next.
    delay_interval_s
        Length of an interval; the delay is 24 of them.
    """

    stable_growth: float = 0.0003
    delay_growth: float = 0.06
    delay_interval_s: int = 3600

    def __post_init__(self) -> None:
        for name in ("stable_growth", "delay_growth", "delay_interval_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above zero")

    def start(self, price: Floats) -> StableState:
        """Return the state at time zero after a reset to ``price``; 0 waits for the first price."""
        first = np.array(price, np.float64)
        delay = np.repeat(first[:, None], INTERVALS, axis=1)
        return StableState(first, delay, np.zeros(len(first)), 0, 0, 0)

    def update(self, state: StableState, seen: MarkInputs) -> Floats:
        """Return the stable prices of the oracle in ``seen``."""
        return self.follow(state, seen.now_ns, seen.oracle_prices())

    def follow(self, state: StableState, now_ns: int, oracle: Floats) -> Floats:
        """Return the stable prices at ``now_ns``; where the oracle is unknown it counts as unchanged."""
        seen = np.where(np.isfinite(oracle), oracle, state.price)
        fresh = (state.price == 0.0) & (seen > 0.0)
        state.price = np.where(fresh, seen, state.price)
        state.delay = np.where(fresh[:, None], seen[:, None], state.delay)
        now_s = now_ns // NANOSECONDS
        gap_s = now_s - state.updated_s
        if gap_s < LEAST_GAP_S:
            return state.price
        state.updated_s = now_s
        counted_s = min(gap_s, LARGEST_GAP_S)
        self._move_delay(state, now_s, gap_s, seen * counted_s)
        delay = state.delay[:, state.interval]
        smaller, larger = np.minimum(delay, state.price), np.maximum(delay, state.price)
        nearness = np.divide(smaller, larger, out=np.zeros_like(larger), where=larger > 0.0)
        state.price = _limited(seen, state.price, self.stable_growth * nearness**2 * counted_s)
        return state.price

    def _move_delay(self, state: StableState, now_s: int, gap_s: int, weighted: Floats) -> None:
        state.summed = state.summed + weighted
        state.summed_s += gap_s
        interval = now_s // self.delay_interval_s % INTERVALS
        if interval == state.interval:
            return
        average = state.summed / state.summed_s
        newest = _limited(average, state.delay[:, state.interval - 1], self.delay_growth)
        passed = (np.arange(INTERVALS) - state.interval) % INTERVALS < (interval - state.interval) % INTERVALS
        if gap_s > INTERVALS * self.delay_interval_s:
            passed[:] = True
        state.delay[:, passed] = newest[:, None]
        state.summed, state.summed_s, state.interval = np.zeros_like(state.summed), 0, interval


def _limited(target: Floats, before: Floats, growth: Floats | float) -> Floats:
    """Return the target held within ``before * (1 +- growth)``."""
    return np.clip(target, before * (1.0 - growth), before * (1.0 + growth))
