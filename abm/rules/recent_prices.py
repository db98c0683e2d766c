"""Prices of a rolling window, kept in slots, for rules that look back some seconds or minutes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
NANOSECONDS = 1_000_000_000


@dataclass
class RecentState:
    """Sum, number, lowest, highest and first price of each slot ``(instruments, slots)``; the slot in use."""

    total: Floats
    count: Floats
    low: Floats
    high: Floats
    first: Floats
    slot: int


@dataclass(frozen=True)
class RecentPrices:
    """A window of ``window_s`` seconds in ``slots`` slots; prices stay until a whole slot leaves it."""

    window_s: float
    slots: int = 20

    def __post_init__(self) -> None:
        if not self.window_s > 0.0:
            raise ValueError(f"window_s is {self.window_s}; it must be above zero")
        if not self.slots >= 1:
            raise ValueError(f"slots is {self.slots}; it must be at least 1")

    def start(self, instruments: int) -> RecentState:
        """Return an empty window."""
        shape = (instruments, self.slots + 1)
        zero, none = np.zeros(shape), np.full(shape, np.nan)
        return RecentState(zero, zero.copy(), none, none.copy(), none.copy(), 0)

    def add(self, state: RecentState, now_ns: int, price: Floats) -> None:
        """Note a price of each instrument; nan leaves an instrument without one."""
        place = self._advance(state, now_ns)
        known = np.isfinite(price)
        state.total[:, place] += np.where(known, price, 0.0)
        state.count[:, place] += known
        state.low[:, place] = np.fmin(state.low[:, place], price)
        state.high[:, place] = np.fmax(state.high[:, place], price)
        first = state.first[:, place]
        state.first[:, place] = np.where(np.isnan(first), price, first)

    def clear(self, state: RecentState, which: Flags) -> None:
        """Forget all prices of some instruments."""
        for sums in (state.total, state.count):
            sums[which] = 0.0
        for marks in (state.low, state.high, state.first):
            marks[which] = np.nan

    def mean(self, state: RecentState) -> Floats:
        """Return the mean of the prices in the window; nan where there is none."""
        total, count = state.total.sum(axis=1), state.count.sum(axis=1)
        return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0.0)

    def lowest(self, state: RecentState) -> Floats:
        """Return the lowest price in the window; nan where there is none."""
        lowest: Floats = np.fmin.reduce(state.low, axis=1)
        return lowest

    def highest(self, state: RecentState) -> Floats:
        """Return the highest price in the window; nan where there is none."""
        highest: Floats = np.fmax.reduce(state.high, axis=1)
        return highest

    def oldest(self, state: RecentState) -> Floats:
        """Return the oldest price in the window; nan where there is none."""
        order = (state.slot + 1 + np.arange(self.slots + 1)) % (self.slots + 1)
        rolled = state.first[:, order]
        place = np.argmax(np.isfinite(rolled), axis=1)
        oldest: Floats = rolled[np.arange(len(rolled)), place]
        return oldest

    def _advance(self, state: RecentState, now_ns: int) -> int:
        slot = now_ns * self.slots // round(self.window_s * NANOSECONDS)
        passed = slot - state.slot
        if passed > 0:
            gone = (state.slot + 1 + np.arange(min(passed, self.slots + 1))) % (self.slots + 1)
            for sums in (state.total, state.count):
                sums[:, gone] = 0.0
            for marks in (state.low, state.high, state.first):
                marks[:, gone] = np.nan
            state.slot = slot
        return state.slot % (self.slots + 1)
