"""Auction instead of trading when a price would leave the range of a horizon.

Vega (specs 0032-PRIM at 5fea1f3e): triggers of horizon, probability and auction length. The range is that of
the risk model around the latest price at least one horizon old, or the earliest there is. A breach starts an
auction as long as the lengths of all triggers breached; when it ends, triggers not yet used that the auction
price breaches prolong it; then the ranges restart at the last price. Orders of the network's own liquidation
are held one tick inside the range and never start an auction.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from abm.rules.recent_prices import NANOSECONDS, RecentPrices, RecentState

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]
MOST_TRIGGERS = 5
YEAR_S = 365.25 * 86_400.0


@dataclass(frozen=True)
class Trigger:
    """Horizon and auction length in seconds, and the range as fractions of the reference price."""

    horizon_s: float
    down: float
    up: float
    auction_s: float

    def __post_init__(self) -> None:
        for name in ("horizon_s", "up", "auction_s"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above zero")
        if not 0.0 < self.down < 1.0:
            raise ValueError(f"down is {self.down}; it must lie between 0 and 1")


def lognormal_trigger(horizon_s: float, probability: float, auction_s: float, volatility: float) -> Trigger:
    """Return the trigger of a driftless log-normal price with yearly ``volatility``.

    Raises
    ------
    ValueError
        If ``probability`` lies outside [0.9, 1) or a value is not above zero.
    """
    if not 0.9 <= probability < 1.0:
        raise ValueError(f"probability is {probability}; it must be at least 0.9 and below 1")
    if not volatility > 0.0:
        raise ValueError(f"volatility is {volatility}; it must be above zero")
    spread = volatility * math.sqrt(horizon_s / YEAR_S)
    reach = NormalDist().inv_cdf(0.5 + probability / 2.0) * spread
    middle = -0.5 * spread**2
    return Trigger(horizon_s, 1.0 - math.exp(middle - reach), math.exp(middle + reach) - 1.0, auction_s)


@dataclass
class MonitoringState:
    """Prices of each horizon, triggers used by the auction that is on ``(n, triggers)``, and its end."""

    recent: list[RecentState]
    used: Flags
    until_ns: Times
    paused: Flags


@dataclass(frozen=True)
class PriceMonitoring:
    """Up to five triggers."""

    triggers: tuple[Trigger, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.triggers) <= MOST_TRIGGERS:
            raise ValueError(f"triggers has {len(self.triggers)} entries; it must have 1 to {MOST_TRIGGERS}")

    def start(self, price: Floats, now_ns: int = 0) -> MonitoringState:
        """Return the state after a first price."""
        first = np.atleast_1d(np.array(price, np.float64))
        state = MonitoringState(
            [RecentPrices(trigger.horizon_s).start(len(first)) for trigger in self.triggers],
            np.zeros((len(first), len(self.triggers)), np.bool_),
            np.zeros(len(first), np.int64),
            np.zeros(len(first), np.bool_),
        )
        self._remember(state, now_ns, first)
        return state

    def limits(self, state: MonitoringState) -> tuple[Floats, Floats]:
        """Return the lowest and highest price that breach no trigger; nan before the first price."""
        ranges = [self._range(state, number) for number in range(len(self.triggers))]
        lowest: Floats = np.fmax.reduce([low for low, _ in ranges])
        highest: Floats = np.fmin.reduce([high for _, high in ranges])
        return lowest, highest

    def update(
        self,
        state: MonitoringState,
        now_ns: int,
        price: Floats,
        best_bid: Floats | None = None,  # noqa: ARG002
        best_ask: Floats | None = None,  # noqa: ARG002
    ) -> Flags:
        """Take note of prices, in an auction the indicative ones, and tell where an auction is on."""
        tested = ~state.paused | (now_ns >= state.until_ns)
        added_ns = np.zeros(len(price), np.int64)
        for number, trigger in enumerate(self.triggers):
            lowest, highest = self._range(state, number)
            breached = tested & ~state.used[:, number] & ((price < lowest) | (price > highest))
            state.used[:, number] |= breached
            added_ns += breached * round(trigger.auction_s * NANOSECONDS)
        halted = added_ns > 0
        begins = np.where(state.paused, state.until_ns, now_ns)
        ended = state.paused & tested & ~halted
        state.until_ns = np.where(halted, begins + added_ns, state.until_ns)
        state.paused = (state.paused & ~ended) | halted
        state.used[ended] = False
        for window, trigger in zip(state.recent, self.triggers, strict=True):
            RecentPrices(trigger.horizon_s).clear(window, ended)
        self._remember(state, now_ns, np.where(state.paused, np.nan, price))
        return state.paused.copy()

    def in_auction(self, state: MonitoringState, now_ns: int) -> Flags:
        """Tell where an auction is on."""
        return state.paused & (now_ns < state.until_ns)

    def _range(self, state: MonitoringState, number: int) -> tuple[Floats, Floats]:
        trigger = self.triggers[number]
        reference = RecentPrices(trigger.horizon_s).oldest(state.recent[number])
        return reference * (1.0 - trigger.down), reference * (1.0 + trigger.up)

    def _remember(self, state: MonitoringState, now_ns: int, price: Floats) -> None:
        for window, trigger in zip(state.recent, self.triggers, strict=True):
            RecentPrices(trigger.horizon_s).add(window, now_ns, price)
