"""Limit up, limit down: bands around a five-minute mean, and a pause when quotes stick to a band.

US National Market System plan (secondary copies read 2026): reference the mean of the trades of the last five
minutes, renewed at most every 30 s and only when it differs by 1 % or more; band 5 % (tier 1) or 10 % (tier
2) above 3 USD, 20 % from 0.75 to 3 USD, below that the lesser of 0.15 USD and 75 %; doubled in the first 15
and last 25 minutes. A best bid at the upper or best ask at the lower band is a limit state; after 15 s of it
trading pauses for 5 minutes and reopens by auction.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from abm.rules.recent_prices import NANOSECONDS, RecentPrices, RecentState

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]


def band_width(previous_close: npt.ArrayLike, tier: int = 1, doubled: bool = False) -> Floats:
    """Return the width of the band as a fraction of the reference.

    Raises
    ------
    ValueError
        If ``tier`` is neither 1 nor 2 or a close is not above zero.
    """
    if tier not in (1, 2):
        raise ValueError(f"tier is {tier}; it must be 1 or 2")
    close = np.asarray(previous_close, np.float64)
    if not (close > 0.0).all():
        raise ValueError(f"previous_close is {close.tolist()}; it must be above zero")
    low = np.minimum(0.15 / close, 0.75)
    width = np.where(close > 3.0, 0.05 * tier, np.where(close >= 0.75, 0.20, low))
    return width * 2.0 if doubled else width


@dataclass
class LimitState:
    """References, window of trades, and for each instrument when the limit state began and the pause ends."""

    reference: Floats
    recent: RecentState
    renewed_ns: Times
    since_ns: Times  # -1 outside a limit state
    until_ns: Times
    paused: Flags


@dataclass(frozen=True)
class LimitUpDown:
    """Bands and pauses.

    Parameters
    ----------
    width
        Half-width of the band as a fraction (`band_width`).
    limit_state_s, pause_s
        How long quotes stick to the band before a pause, and its length.
    window_s, renew_s, least_change
        Window of the mean, seconds between renewals of the reference, and the smallest change for one.
    """

    width: float = 0.05
    limit_state_s: float = 15.0
    pause_s: float = 300.0
    window_s: float = 300.0
    renew_s: float = 30.0
    least_change: float = 0.01

    def __post_init__(self) -> None:
        if not 0.0 < self.width < 1.0:
            raise ValueError(f"width is {self.width}; it must lie between 0 and 1")
        for name in ("limit_state_s", "pause_s", "window_s", "renew_s"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above zero")
        if self.least_change < 0.0:
            raise ValueError(f"least_change is {self.least_change}; it must be zero or more")

    def start(self, price: Floats, now_ns: int = 0) -> LimitState:
        """Return the state whose references are ``price``."""
        first = np.atleast_1d(np.array(price, np.float64))
        never = np.full(len(first), -1, np.int64)
        none = np.zeros(len(first), np.int64)
        window = RecentPrices(self.window_s).start(len(first))
        return LimitState(first, window, none + now_ns, never, none, np.zeros(len(first), np.bool_))

    def limits(self, state: LimitState) -> tuple[Floats, Floats]:
        """Return the lowest and the highest price at which trades may happen."""
        return state.reference * (1.0 - self.width), state.reference * (1.0 + self.width)

    def update(
        self,
        state: LimitState,
        now_ns: int,
        price: Floats,
        best_bid: Floats | None = None,
        best_ask: Floats | None = None,
    ) -> Flags:
        """Take note of trades and quotes and tell where trading is paused; without quotes trades count."""
        self._reopen(state, now_ns, price)
        self._renew(state, now_ns, price)
        lowest, highest = self.limits(state)
        bid, ask = (price if quote is None else quote for quote in (best_bid, best_ask))
        stuck = ((bid >= highest) | (ask <= lowest)) & ~state.paused
        state.since_ns = np.where(stuck, np.where(state.since_ns < 0, now_ns, state.since_ns), -1)
        pauses = stuck & (now_ns - state.since_ns >= round(self.limit_state_s * NANOSECONDS))
        state.until_ns = np.where(pauses, now_ns + round(self.pause_s * NANOSECONDS), state.until_ns)
        state.since_ns = np.where(pauses, -1, state.since_ns)
        state.paused = state.paused | pauses
        return state.paused.copy()

    def in_auction(self, state: LimitState, now_ns: int) -> Flags:
        """Tell where a pause is on; it ends in an auction."""
        return state.paused & (now_ns < state.until_ns)

    def _reopen(self, state: LimitState, now_ns: int, price: Floats) -> None:
        ended = state.paused & (now_ns >= state.until_ns)
        state.paused = state.paused & ~ended
        state.reference = np.where(ended & np.isfinite(price), price, state.reference)
        state.renewed_ns = np.where(ended, now_ns, state.renewed_ns)
        RecentPrices(self.window_s).clear(state.recent, ended)

    def _renew(self, state: LimitState, now_ns: int, price: Floats) -> None:
        window = RecentPrices(self.window_s)
        window.add(state.recent, now_ns, np.where(state.paused, np.nan, price))
        mean = window.mean(state.recent)
        far = np.abs(mean - state.reference) >= self.least_change * state.reference
        due = far & ~state.paused & (now_ns - state.renewed_ns >= round(self.renew_s * NANOSECONDS))
        state.reference = np.where(due, mean, state.reference)
        state.renewed_ns = np.where(due, now_ns, state.renewed_ns)
