"""A market-wide halt: trading stops for a while when a price has fallen far enough from its reference.

Levels as in the US market-wide circuit breaker (NYSE Rule 7.12): 7 % and 13 % stop trading for 15 minutes,
20 % for the rest of the session, each level once a session. Crypto venues have none: no levels is the
default.
"""

from dataclasses import dataclass, field

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class HaltLevel:
    """A fall from the reference, as a fraction, and how long trading stops, seconds."""

    fall: float
    duration_s: float

    def __post_init__(self) -> None:
        if not 0.0 < self.fall < 1.0:
            raise ValueError(f"fall is {self.fall}; it must lie between 0 and 1")
        if not self.duration_s > 0.0:
            raise ValueError(f"duration_s is {self.duration_s}; it must be above zero")


@dataclass
class HaltState:
    """Reference price, levels already used in this session, end of the session and of the halt (ns)."""

    reference: float
    used: set[int] = field(default_factory=set)
    session_end_ns: int = 0
    until_ns: int = 0


@dataclass(frozen=True)
class HaltRule:
    """Levels of a market-wide halt; none means that trading never stops.

    Parameters
    ----------
    levels
        Falls and durations; each level acts once a session.
    session_hours
        After so many hours the reference becomes the present price and all levels may act again.
    """

    levels: tuple[HaltLevel, ...] = ()
    session_hours: float = 24.0

    def __post_init__(self) -> None:
        if not self.session_hours > 0.0:
            raise ValueError(f"session_hours is {self.session_hours}; it must be above zero")

    def start(self, price: float, now_ns: int = 0) -> HaltState:
        """Return the state at the start of the first session."""
        return HaltState(price, session_end_ns=now_ns + self._session_ns)

    def is_halted(self, state: HaltState, now_ns: int, price: float) -> bool:
        """Take note of ``price`` and tell whether trading is halted at ``now_ns``."""
        if now_ns >= state.session_end_ns:
            state.reference = price
            state.used.clear()
            state.session_end_ns = now_ns + self._session_ns
        fall = 1.0 - price / state.reference
        for number, level in enumerate(self.levels):
            if number not in state.used and fall >= level.fall:
                state.used.add(number)
                state.until_ns = max(state.until_ns, now_ns + round(level.duration_s * NANOSECONDS))
        return now_ns < state.until_ns

    @property
    def _session_ns(self) -> int:
        return round(self.session_hours * 3600 * NANOSECONDS)
