"""Pricing at work: index, mark and funding of one venue, refreshed once a step from the books.

The index of a perpetual is the mid of the venue's own spot pair, the only source there is with one venue.
"""

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, SELL, Records
from abm.book.queries import impact_ticks
from abm.instruments import PERPETUAL
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts
from abm.rules.funding import pay_funding
from abm.rules.mark_price import MarkInputs, to_ticks
from abm.venues.venue import Venue

Floats = npt.NDArray[np.float64]


class Pricing:
    """Applies a venue's mark and funding rules.

    Parameters
    ----------
    venue
        The rules.
    instruments
        The instrument table.
    asset_names
        Names of the assets, in the order of the table's asset column.
    prices_usd
        First prices, shape ``(instruments,)``.

    Attributes
    ----------
    mark_ticks
        Mark of each instrument in ticks; the mid for spot pairs.
    """

    def __init__(
        self, venue: Venue, instruments: Records, asset_names: list[str], prices_usd: Floats
    ) -> None:
        self.venue = venue
        self.instruments = instruments
        self._perpetual = np.flatnonzero(instruments["kind"] == PERPETUAL)
        self._spot = instruments["index_source"][self._perpetual].astype(np.int64)
        self._tick = instruments["tick"].copy()
        self._caps = venue.funding_caps(instruments, asset_names)[self._perpetual]
        notional = venue.impact_notionals(instruments, asset_names)[self._perpetual]
        scale = self._tick[self._perpetual] * instruments["lot"][self._perpetual]
        self._impact = np.maximum(1, notional / scale).astype(np.int64)
        self._mark = venue.mark.start(prices_usd[self._perpetual])
        self._funding = venue.funding.start(len(self._perpetual))
        self.mark_ticks: Amounts = to_ticks(prices_usd, self._tick)

    @property
    def intervals_per_8h(self) -> float:
        """Funding intervals in eight hours."""
        return 8.0 / self.venue.funding.interval_hours

    def update(self, view: Records, books: Records, now_ns: int) -> Amounts:
        """Write index, mark and funding into ``view`` and return the marks in ticks."""
        perpetual, funding = self._perpetual, self.venue.funding
        index = view["mid"][self._spot]
        if now_ns >= self._funding.next_sample_ns:
            bid, ask = self._impact_prices(books)
            funding.observe(self._funding, now_ns, index, bid, ask)
        seen = MarkInputs(
            now_ns=now_ns,
            index=index,
            mid=view["mid"][perpetual],
            last=view["last"][perpetual],
            funding_rate=self._funding.rate,
            hours_to_funding=funding.hours_to_funding(self._funding, now_ns),
        )
        mark = view["mid"].copy()
        mark[perpetual] = self.venue.mark.update(self._mark, seen)
        view["mark"] = mark
        view["index"][perpetual] = index
        view["index"][self._spot] = index
        view["funding"][perpetual] = self._funding.rate
        self.mark_ticks = to_ticks(mark, self._tick)
        return self.mark_ticks

    def pay_funding(self, ledger: Ledger, now_ns: int) -> None:
        """Pay the funding that is due."""
        payments = self.venue.funding.due(self._funding, now_ns, self._caps)
        if payments:
            rate = np.zeros(len(self.instruments))
            rate[self._perpetual] = self._funding.rate * payments
            pay_funding(ledger, self.mark_ticks, rate)

    def _impact_prices(self, books: Records) -> tuple[Floats, Floats]:
        """Return impact bid and ask of every perpetual, USD; nan where a side is too thin."""
        prices = np.array(
            [
                [impact_ticks(books[i], side, size) for side in (SELL, BUY)]
                for i, size in zip(self._perpetual, self._impact, strict=True)
            ]
        )
        prices[prices <= 0.0] = np.nan
        prices *= self._tick[self._perpetual][:, None]
        return prices[:, 0], prices[:, 1]
