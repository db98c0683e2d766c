"""Mark prices: what margin is measured against.

`MedianMark` (Binance USDS-M, FAQ fff6ec1b3f5845d19f1fb924644a0877): the median of the last trade, ``P1 =
index * (1 + last funding rate * hours to funding / interval)`` and ``P2 = index + moving average of (mid -
index)``, 30 samples 5 s apart (Bybit, article of 2024-10-16: the same with 300 samples 1 s apart).
`FairPriceMark` is P1 alone (BitMEX; Binance until 2020). `IndexMark` is the index. Marks that draw on an
oracle or on other venues have files of their own. Prices are floats in any one unit; `to_ticks` rounds them.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from abm.ledger.settlement import Amounts

Floats = npt.NDArray[np.float64]
NANOSECONDS = 1_000_000_000


@dataclass(slots=True)
class MarkInputs:
    """What a mark may be made of: prices of each instrument, nan where unknown.

    Attributes
    ----------
    now_ns
        Time, nanoseconds since the start.
    index, mid, last
        Index price, mid of the book, last trade, ``(instruments,)``.
    funding_rate
        Rate of the last funding as a fraction, ``(instruments,)``.
    hours_to_funding
        Hours until the next one, one number or ``(instruments,)``.
    other_mids
        Mids on other venues, ``(sources, instruments)``; nan where stale, halted or unreachable.
    oracle
        Oracle price, ``(instruments,)``; the index when not given.
    best_bid, best_ask
        Best prices of the own book, ``(instruments,)``; the mid when not given.
    interval_hours
        Hours between fundings where they differ from the mark rule's own, one number or ``(instruments,)``.
    """

    now_ns: int
    index: Floats
    mid: Floats
    last: Floats
    funding_rate: Floats
    hours_to_funding: float | Floats
    other_mids: Floats | None = None
    oracle: Floats | None = None
    best_bid: Floats | None = None
    best_ask: Floats | None = None
    interval_hours: float | Floats | None = None

    def oracle_prices(self) -> Floats:
        """Return the oracle prices, the index where there is no oracle."""
        return self.index if self.oracle is None else self.oracle

    def bids(self) -> Floats:
        """Return the best bids, the mid where the book is not given."""
        return self.mid if self.best_bid is None else self.best_bid

    def asks(self) -> Floats:
        """Return the best asks, the mid where the book is not given."""
        return self.mid if self.best_ask is None else self.best_ask

    def funding_basis_prices(self, interval_hours: float) -> Floats:
        """Return the index carried to the next funding; the inputs' own interval comes first."""
        interval = interval_hours if self.interval_hours is None else self.interval_hours
        return funding_basis_price(self.index, self.funding_rate, self.hours_to_funding, interval)


@dataclass
class MarkState:
    """Basis samples ``(instruments, samples)``, how many were taken, when the next is due, the last marks."""

    basis: Floats
    taken: int
    next_sample_ns: int
    price: Floats


class MarkRule(Protocol):
    """A mark rule: `start` gives its memory, `update` the marks after a step."""

    def start(self, price: Floats) -> Any:
        """Return the memory of a rule whose first marks are ``price``; each rule has its own kind."""

    def update(self, state: Any, seen: MarkInputs) -> Floats:
        """Return the marks, one for each instrument, and remember them."""


def funding_basis_price(
    index: Floats, funding_rate: Floats, hours: float | Floats, interval_hours: float | Floats
) -> Floats:
    """Return ``index * (1 + rate * hours / interval)``: 10,000 at 0.03 % and 4 of 8 h gives 10,001.5."""
    return index * (1.0 + funding_rate * hours / interval_hours)


def median_of_three(a: Floats, b: Floats, c: Floats) -> Floats:
    """Return the middle of three prices, element by element."""
    middle: Floats = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
    return middle


def to_ticks(price: Floats, tick: Floats) -> Amounts:
    """Return prices in whole ticks, nearest, at least 1."""
    ticks: Amounts = np.maximum(np.rint(price / tick), 1.0).astype(np.int64)
    return ticks


@dataclass(frozen=True)
class MedianMark:
    """The median of last trade, funding basis and averaged book basis.

    Parameters
    ----------
    samples
        Length of the moving average.
    sample_interval_s
        Seconds between samples, whatever the step length: a long step counts as several equal samples.
    funding_interval_hours
        Hours between fundings.
    """

    samples: int = 30
    sample_interval_s: float = 5.0
    funding_interval_hours: float = 8.0

    def __post_init__(self) -> None:
        for name in ("samples", "sample_interval_s", "funding_interval_hours"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above zero")

    def start(self, price: Floats) -> MarkState:
        """Return the memory before the first sample."""
        return MarkState(np.zeros((len(price), self.samples)), 0, 0, np.array(price, np.float64))

    def update(self, state: MarkState, seen: MarkInputs) -> Floats:
        """Return the marks.

        An unknown mid counts as no basis, an unknown last trade as P2; an unknown index keeps the mark.
        """
        self._sample(state, seen)
        count = max(1, min(state.taken, self.samples))
        averaged = seen.index + state.basis[:, :count].sum(axis=1) / count
        carried = seen.funding_basis_prices(self.funding_interval_hours)
        middle = median_of_three(carried, averaged, np.where(np.isnan(seen.last), averaged, seen.last))
        state.price = np.where(np.isnan(middle), state.price, middle)
        return state.price

    def _sample(self, state: MarkState, seen: MarkInputs) -> None:
        if seen.now_ns < state.next_sample_ns:
            return
        spacing = round(self.sample_interval_s * NANOSECONDS)
        due = (seen.now_ns - state.next_sample_ns) // spacing + 1
        state.next_sample_ns += due * spacing
        basis = seen.mid - seen.index
        basis[~np.isfinite(basis)] = 0.0
        for place in range(state.taken, state.taken + min(due, self.samples)):
            state.basis[:, place % self.samples] = basis
        state.taken += due


@dataclass(frozen=True)
class FairPriceMark:
    """Index times one plus the funding that is still to come; nothing in the book moves it."""

    funding_interval_hours: float = 8.0

    def start(self, price: Floats) -> MarkState:
        """Return the memory: the last marks only."""
        return MarkState(np.zeros((len(price), 0)), 0, 0, np.array(price, np.float64))

    def update(self, state: MarkState, seen: MarkInputs) -> Floats:
        """Return the marks; an unknown index keeps the mark."""
        fair = seen.funding_basis_prices(self.funding_interval_hours)
        state.price = np.where(np.isnan(fair), state.price, fair)
        return state.price


@dataclass(frozen=True)
class IndexMark:
    """The index itself."""

    def start(self, price: Floats) -> MarkState:
        """Return the memory: the last marks only."""
        return MarkState(np.zeros((len(price), 0)), 0, 0, np.array(price, np.float64))

    def update(self, state: MarkState, seen: MarkInputs) -> Floats:
        """Return the marks; an unknown index keeps the mark."""
        state.price = np.where(np.isnan(seen.index), state.price, seen.index)
        return state.price
