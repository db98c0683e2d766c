"""Funding with an interval of its own for each symbol, shortened where the cap binds.

Binance lists each symbol with an interval of 8, 4 or 1 hours and moves a symbol whose rate reaches its cap
to a shorter one; on 2026-09-26 469 of 791 symbols were on 4 h and 321 on 8 h (fundingInfo). Averages are
weighted 1..n in time, of 1 h symbols plainly. What brings a symbol back to a longer interval is not
published: here nothing does.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from abm.rules.funding import NANOSECONDS, FundingRule, funding_rate_of_interval
from abm.rules.funding_cap import capped

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
LADDER = (8.0, 4.0, 1.0)


def shortened_interval(
    hours: npt.ArrayLike, rate: npt.ArrayLike, cap: npt.ArrayLike, ladder: tuple[float, ...] = LADDER
) -> Floats:
    """Return the next shorter interval of the ladder where the rate is at its cap, else the same one."""
    now = np.asarray(hours, np.float64)
    bound = np.abs(np.asarray(rate, np.float64)) >= np.asarray(cap, np.float64)
    steps = np.array(sorted(ladder))
    below = np.searchsorted(steps, now, side="left") - 1
    return np.where(bound & (below >= 0), steps[np.maximum(below, 0)], now)


@dataclass
class SymbolFundingState:
    """For each instrument: premium sums, interval, rate in force and when the next funding is."""

    linear: Floats  # sum of sample number x premium
    plain: Floats  # sum of premium
    samples: Whole
    interval_hours: Floats
    rate: Floats
    next_funding_ns: Whole
    next_sample_ns: int


@dataclass(frozen=True)
class SymbolFunding:
    """A funding rule whose interval differs between instruments.

    Parameters
    ----------
    rule
        Premium, interest, clamp and sampling; its interval is where all symbols start.
    ladder
        Intervals that a symbol may be moved to, hours.
    """

    rule: FundingRule = field(default_factory=FundingRule)
    ladder: tuple[float, ...] = LADDER

    def __post_init__(self) -> None:
        if any(not hours > 0.0 for hours in self.ladder):
            raise ValueError(f"ladder is {self.ladder}; each interval must be above zero")

    def start(self, instruments: int, now_ns: int = 0) -> SymbolFundingState:
        """Return an empty state: rates at the interest rate, first funding one interval away."""
        hours = np.full(instruments, self.rule.interval_hours)
        return SymbolFundingState(
            np.zeros(instruments),
            np.zeros(instruments),
            np.zeros(instruments, np.int64),
            hours,
            self.rule.interest * hours / 8.0 + self.rule.flat_interest,
            now_ns + _in_ns(hours),
            now_ns,
        )

    def observe(
        self,
        state: SymbolFundingState,
        now_ns: int,
        index: Floats,
        impact_bid: Floats,
        impact_ask: Floats,
    ) -> None:
        """Take the premium samples that are due by ``now_ns``; a long step counts as several equal ones."""
        if now_ns < state.next_sample_ns:
            return
        spacing = round(self.rule.sample_interval_s * NANOSECONDS)
        due = (now_ns - state.next_sample_ns) // spacing + 1
        premium = self.rule.premium(index, impact_bid, impact_ask)
        state.linear += (due * state.samples + due * (due + 1) / 2) * premium
        state.plain += due * premium
        state.samples += due
        state.next_sample_ns += due * spacing

    def average_premium(self, state: SymbolFundingState) -> Floats:
        """Return the average premium since each symbol's last funding; 0 before the first sample."""
        count = np.maximum(state.samples, 1)
        equal = (state.interval_hours <= 1.0) | (self.rule.weights == "equal")
        return np.where(equal, state.plain / count, state.linear / (count * (count + 1) / 2))

    def due(self, state: SymbolFundingState, now_ns: int, cap: Floats | float) -> Whole:
        """Return how many payments each symbol owes by ``now_ns``; set rates, averages and intervals."""
        ripe = now_ns >= state.next_funding_ns
        interval_ns = _in_ns(state.interval_hours)
        payments = np.where(ripe, (now_ns - state.next_funding_ns) // interval_ns + 1, 0)
        full = funding_rate_of_interval(
            self.average_premium(state), state.interval_hours, self.rule.interest, self.rule.clamp
        )
        rate = capped(full + self.rule.flat_interest, cap)
        shorter = shortened_interval(state.interval_hours, rate, cap, self.ladder)
        state.rate = np.where(ripe, rate, state.rate)
        last_ns = state.next_funding_ns + (payments - 1) * interval_ns
        state.interval_hours = np.where(ripe, shorter, state.interval_hours)
        state.next_funding_ns = np.where(ripe, last_ns + _in_ns(state.interval_hours), state.next_funding_ns)
        for sums in (state.linear, state.plain, state.samples):
            sums[ripe] = 0
        return payments

    def hours_to_funding(self, state: SymbolFundingState, now_ns: int) -> Floats:
        """Return the hours until each symbol's next funding."""
        return (state.next_funding_ns - now_ns) / (3600 * NANOSECONDS)


def _in_ns(hours: Floats) -> Whole:
    return np.rint(hours * 3600 * NANOSECONDS).astype(np.int64)
