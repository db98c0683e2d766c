"""Halts when a price has fallen far enough from its reference.

Each level acts once a session. No levels is the default: crypto venues have none. Unknown prices never halt.
The levels of stock exchanges are in `abm.rules.market_wide_halt`. All halt rules have the same three methods
(`TradingHalt`), so that a market can hold any of them.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]
NANOSECONDS = 1_000_000_000


class TradingHalt(Protocol):
    """A halt rule for many instruments at once."""

    def start(self, price: Any, now_ns: int = 0) -> Any:
        """Return the state at the start, with the first reference price of each instrument."""

    def update(
        self,
        state: Any,
        now_ns: int,
        price: Floats,
        best_bid: Floats | None = None,
        best_ask: Floats | None = None,
    ) -> Flags:
        """Take note of prices and tell for each instrument whether continuous trading is halted."""

    def in_auction(self, state: Any, now_ns: int) -> Flags:
        """Tell where the halt is a call auction: orders come and go, a single price ends it."""


@dataclass(frozen=True)
class HaltLevel:
    """One level of a halt.

    Parameters
    ----------
    fall
        Fall from the reference at which it acts, as a fraction.
    duration_s
        How long trading stops, seconds.
    auction_s
        Length of the call auction that follows, seconds.
    hold_s
        How long the fall must last before the level acts, seconds.
    below_previous
        How far below the price at which the level before acted the price must be, as a fraction; above 0
        the level before must have acted.
    closes
        Trading stops until the session ends, whatever ``duration_s`` says.
    """

    fall: float
    duration_s: float
    auction_s: float = 0.0
    hold_s: float = 0.0
    below_previous: float = 0.0
    closes: bool = False

    def __post_init__(self) -> None:
        for name in ("auction_s", "hold_s", "below_previous"):
            if getattr(self, name) < 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be zero or more")
        if not 0.0 < self.fall < 1.0:
            raise ValueError(f"fall is {self.fall}; it must lie between 0 and 1")
        if not self.duration_s > 0.0:
            raise ValueError(f"duration_s is {self.duration_s}; it must be above zero")


@dataclass
class HaltState:
    """Reference and price of the last level that acted ``(n,)``; use of levels ``(n, levels)``; times, ns."""

    reference: Floats
    acted_at: Floats
    used: Flags
    since_ns: Times  # -1 where the price is not below the level
    until_ns: Times
    auction_ns: Times  # when the auction of the halt begins
    session_end_ns: int


@dataclass(frozen=True)
class HaltRule:
    """Levels of a halt; none means that trading never stops.

    A market-wide halt is this rule with one index price, its answer taken for all instruments.

    Parameters
    ----------
    levels
        Each level acts once a session.
    session_hours
        After so many hours the reference becomes the present price and all levels may act again.
    quiet_end_s
        In so many last seconds of a session only levels that close it act.
    """

    levels: tuple[HaltLevel, ...] = ()
    session_hours: float = 24.0
    quiet_end_s: float = 0.0

    def __post_init__(self) -> None:
        if not self.session_hours > 0.0:
            raise ValueError(f"session_hours is {self.session_hours}; it must be above zero")
        if not 0.0 <= self.quiet_end_s < self.session_hours * 3600.0:
            raise ValueError(f"quiet_end_s is {self.quiet_end_s}; it must be shorter than the session")

    def start(self, price: Floats | float, now_ns: int = 0) -> HaltState:
        """Return the state at the start of the first session."""
        first = np.atleast_1d(np.array(price, np.float64))
        shape = (len(first), len(self.levels))
        none = np.zeros(len(first), np.int64)
        return HaltState(
            first,
            np.full(len(first), np.inf),
            np.zeros(shape, np.bool_),
            np.full(shape, -1, np.int64),
            none,
            none.copy(),
            now_ns + self._session_ns,
        )

    def update(
        self,
        state: HaltState,
        now_ns: int,
        price: Floats,
        best_bid: Floats | None = None,  # noqa: ARG002
        best_ask: Floats | None = None,  # noqa: ARG002
    ) -> Flags:
        """Take note of prices and tell where trading is halted, call auctions included."""
        if now_ns >= state.session_end_ns:
            self._renew(state, now_ns, price)
        quiet = now_ns >= state.session_end_ns - round(self.quiet_end_s * NANOSECONDS)
        before = state.used.copy()
        for number, level in enumerate(self.levels):
            fallen = price <= level_price(state.reference, level.fall)
            since = state.since_ns[:, number]
            since[:] = np.where(fallen, np.where(since < 0, now_ns, since), -1)
            acts = fallen & ~state.used[:, number] & (now_ns - since >= round(level.hold_s * NANOSECONDS))
            if level.below_previous > 0.0 and number > 0:
                acts &= before[:, number - 1] & (price <= state.acted_at * (1.0 - level.below_previous))
            if not quiet or level.closes:
                self._halt(state, level, acts, now_ns)
                state.used[acts, number] = True
                state.acted_at = np.where(acts, price, state.acted_at)
        return now_ns < state.until_ns

    def in_auction(self, state: HaltState, now_ns: int) -> Flags:
        """Tell where the call auction of a halt is on."""
        return (now_ns >= state.auction_ns) & (now_ns < state.until_ns)

    def is_halted(self, state: HaltState, now_ns: int, price: float) -> bool:
        """Take note of the price of a single market and tell whether trading is halted."""
        return bool(self.update(state, now_ns, np.array([price], np.float64))[0])

    def _halt(self, state: HaltState, level: HaltLevel, acts: Flags, now_ns: int) -> None:
        auction_ns = now_ns + round(level.duration_s * NANOSECONDS)
        until_ns = auction_ns + round(level.auction_s * NANOSECONDS)
        if level.closes:
            auction_ns = until_ns = state.session_end_ns
        longer = acts & (until_ns > state.until_ns)
        state.until_ns = np.where(longer, until_ns, state.until_ns)
        state.auction_ns = np.where(longer, auction_ns, state.auction_ns)

    def _renew(self, state: HaltState, now_ns: int, price: Floats) -> None:
        state.reference = np.where(np.isfinite(price), price, state.reference)
        state.acted_at = np.full_like(state.reference, np.inf)
        state.used[:], state.since_ns[:] = False, -1
        state.session_end_ns = now_ns + self._session_ns

    @property
    def _session_ns(self) -> int:
        return round(self.session_hours * 3600 * NANOSECONDS)


def level_price(reference: npt.ArrayLike, fall: npt.ArrayLike) -> Floats:
    """Return the price at which a level acts: 4,650, 4,350 and 4,000 for 7, 13 and 20 % below 5,000."""
    share: Floats = 1.0 - np.asarray(fall, np.float64)
    return np.asarray(reference, np.float64) * share
