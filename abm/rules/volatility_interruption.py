"""Call auction of a single instrument when its price leaves a range.

KRX (global.krx.co.kr GLB0602010204T9): the dynamic interruption compares with the last trade (3 % for KOSPI
200 stocks, 6 % for others), the static one with the last single price (10 %); either starts a two-minute
call auction, as often as it happens.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]
NANOSECONDS = 1_000_000_000


def interruption_limits(reference: npt.ArrayLike, rate: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return the upper and the lower price that interrupt: 51,500 and 48,500 at 50,000 and 3 %."""
    price, share = np.asarray(reference, np.float64), np.asarray(rate, np.float64)
    upper: Floats = price * (1.0 + share)
    lower: Floats = price * (1.0 - share)
    return upper, lower


@dataclass
class InterruptionState:
    """Last trade, last single price, end of the auction, whether one is on; ``(instruments,)`` each."""

    last: Floats
    single: Floats
    until_ns: Times
    paused: Flags


@dataclass(frozen=True)
class VolatilityInterruption:
    """Dynamic and static interruption.

    Parameters
    ----------
    dynamic, static
        Distances from the last trade and from the last single price, as fractions.
    auction_s
        Length of the call auction, seconds.
    """

    dynamic: float = 0.03
    static: float = 0.10
    auction_s: float = 120.0

    def __post_init__(self) -> None:
        for name in ("dynamic", "static"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must lie between 0 and 1")
        if not self.auction_s > 0.0:
            raise ValueError(f"auction_s is {self.auction_s}; it must be above zero")

    def start(self, price: Floats, now_ns: int = 0) -> InterruptionState:  # noqa: ARG002
        """Return the state after an opening auction at ``price``."""
        first = np.atleast_1d(np.array(price, np.float64))
        size = len(first)
        return InterruptionState(first, first.copy(), np.zeros(size, np.int64), np.zeros(size, np.bool_))

    def update(
        self,
        state: InterruptionState,
        now_ns: int,
        price: Floats,
        best_bid: Floats | None = None,  # noqa: ARG002
        best_ask: Floats | None = None,  # noqa: ARG002
    ) -> Flags:
        """Take note of last trades and tell where an auction is on; its price becomes both references."""
        known = np.isfinite(price)
        ended = state.paused & (now_ns >= state.until_ns)
        state.single = np.where(ended & known, price, state.single)
        state.last = np.where(ended & known, price, state.last)
        state.paused = state.paused & ~ended
        breach = self._beyond(price, state.last, self.dynamic) | self._beyond(
            price, state.single, self.static
        )
        starts = breach & ~state.paused
        state.until_ns = np.where(starts, now_ns + round(self.auction_s * NANOSECONDS), state.until_ns)
        state.paused = state.paused | starts
        state.last = np.where(state.paused | ~known, state.last, price)
        return state.paused.copy()

    def in_auction(self, state: InterruptionState, now_ns: int) -> Flags:
        """Tell where a call auction is on."""
        return state.paused & (now_ns < state.until_ns)

    def _beyond(self, price: Floats, reference: Floats, rate: float) -> Flags:
        upper, lower = interruption_limits(reference, rate)
        return (price >= upper) | (price <= lower)
