"""A short pause when the price moves too far too fast.

CME Velocity Logic (wiki 46730074): a move of a preset distance within a preset time puts the market into a
reserved state for a few seconds; orders may be entered and cancelled, and a single price ends it. Distance,
time and length differ by product.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from abm.rules.recent_prices import NANOSECONDS, RecentPrices, RecentState

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]


@dataclass
class VelocityPauseState:
    """Prices of the window, and when the pause of each instrument ends."""

    recent: RecentState
    until_ns: Times
    paused: Flags


@dataclass(frozen=True)
class VelocityPause:
    """A pause after a fast move.

    Parameters
    ----------
    move
        Distance between the price and any other of the window that causes a pause, as a fraction of that
        other price.
    window_s
        Length of the window, seconds.
    pause_s
        Length of the pause, seconds.
    """

    move: float = 0.02
    window_s: float = 1.0
    pause_s: float = 5.0

    def __post_init__(self) -> None:
        if not 0.0 < self.move < 1.0:
            raise ValueError(f"move is {self.move}; it must lie between 0 and 1")
        for name in ("window_s", "pause_s"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above zero")

    def start(self, price: Floats, now_ns: int = 0) -> VelocityPauseState:
        """Return the state after a first price."""
        first = np.atleast_1d(np.array(price, np.float64))
        window = RecentPrices(self.window_s)
        state = VelocityPauseState(
            window.start(len(first)), np.zeros(len(first), np.int64), np.zeros(len(first), np.bool_)
        )
        window.add(state.recent, now_ns, first)
        return state

    def update(
        self,
        state: VelocityPauseState,
        now_ns: int,
        price: Floats,
        best_bid: Floats | None = None,  # noqa: ARG002
        best_ask: Floats | None = None,  # noqa: ARG002
    ) -> Flags:
        """Take note of last trades and tell where trading is paused; after a pause the window is empty."""
        window = RecentPrices(self.window_s)
        state.paused = state.paused & (now_ns < state.until_ns)
        window.add(state.recent, now_ns, np.where(state.paused, np.nan, price))
        rise = price >= window.lowest(state.recent) * (1.0 + self.move)
        fall = price <= window.highest(state.recent) * (1.0 - self.move)
        fast = (rise | fall) & ~state.paused
        window.clear(state.recent, fast)
        state.until_ns = np.where(fast, now_ns + round(self.pause_s * NANOSECONDS), state.until_ns)
        state.paused = state.paused | fast
        return state.paused.copy()

    def in_auction(self, state: VelocityPauseState, now_ns: int) -> Flags:
        """Tell where the reserved state is on."""
        return state.paused & (now_ns < state.until_ns)
