"""Mark made of the oracle, the own book and other venues' books.

Hyperliquid (docs, Robust price indices, read 2026), refreshed about every 3 s: the median of (a) oracle plus
the 150 s decaying average of (mid - oracle), (b) the median of best bid, best ask and last trade, (c) the
weighted median of the perpetual mids of Binance, OKX, Bybit, Gate and MEXC, weights 3, 2, 2, 1, 1. When
exactly two of them exist, the 30 s decaying average of (b) joins them. The docs do not say what (b) is when
a side is empty (here: the median of what there is) nor what holds with one input or none (that one; the mark
stays). A halted or unreachable venue drops out of (c).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from abm.rules.decaying_average import AverageState, DecayingAverage
from abm.rules.mark_price import NANOSECONDS, MarkInputs
from abm.rules.weighted_median import column_medians, weighted_median

Floats = npt.NDArray[np.float64]
WEIGHTS = (3.0, 2.0, 2.0, 1.0, 1.0)


@dataclass
class VenueMedianState:
    """The two averages, the marks ``(instruments,)``, time of the last refresh (-1 before the first)."""

    basis: AverageState
    book: AverageState
    price: Floats
    refreshed_ns: int = -1


@dataclass(frozen=True)
class VenueMedianMark:
    """The median of oracle with basis, own book and other venues.

    Parameters
    ----------
    weights
        Weight of each row of ``MarkInputs.other_mids``.
    basis_tau_s, book_tau_s
        Time constants of the two averages, seconds.
    refresh_s
        Seconds between marks.
    """

    weights: tuple[float, ...] = WEIGHTS
    basis_tau_s: float = 150.0
    book_tau_s: float = 30.0
    refresh_s: float = 3.0

    def __post_init__(self) -> None:
        for name in ("basis_tau_s", "book_tau_s", "refresh_s"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above zero")
        if any(weight < 0.0 for weight in self.weights):
            raise ValueError(f"weights is {self.weights}; each must be zero or more")

    def start(self, price: Floats) -> VenueMedianState:
        """Return the memory of a rule whose first marks are ``price``."""
        size = len(price)
        return VenueMedianState(
            DecayingAverage(self.basis_tau_s).start(size),
            DecayingAverage(self.book_tau_s).start(size),
            np.array(price, np.float64),
        )

    def update(self, state: VenueMedianState, seen: MarkInputs) -> Floats:
        """Return the marks, refreshed when due; where nothing is known they stay.

        Raises
        ------
        ValueError
            If ``seen.other_mids`` has not as many rows as there are weights.
        """
        elapsed_s = (seen.now_ns - state.refreshed_ns) / NANOSECONDS
        if state.refreshed_ns < 0:
            elapsed_s = self.refresh_s
        elif elapsed_s < self.refresh_s:
            return state.price
        state.refreshed_ns = seen.now_ns
        oracle, others = seen.oracle_prices(), seen.other_mids
        book = _median_of(seen.bids(), seen.asks(), seen.last)
        basis = DecayingAverage(self.basis_tau_s).update(state.basis, elapsed_s, seen.mid - oracle)
        smooth = DecayingAverage(self.book_tau_s).update(state.book, elapsed_s, book)
        abroad = np.full(oracle.shape, np.nan) if others is None else weighted_median(others, self.weights)
        marks = venue_median(oracle + np.where(np.isnan(basis), 0.0, basis), book, abroad, smooth)
        state.price = np.where(np.isnan(marks), state.price, marks)
        return state.price


def venue_median(based: Floats, book: Floats, abroad: Floats, smooth_book: Floats) -> Floats:
    """Return the median of three inputs, with the smoothed book as a fourth where exactly two are known."""
    known = np.isfinite(based).astype(np.int64) + np.isfinite(book) + np.isfinite(abroad)
    return _median_of(based, book, abroad, np.where(known == 2, smooth_book, np.nan))


def _median_of(*prices: Floats) -> Floats:
    """Return the median of the prices that are known."""
    table = np.array(prices)
    return column_medians(table, np.isfinite(table).astype(np.float64))
