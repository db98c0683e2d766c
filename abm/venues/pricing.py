"""Pricing at work: index, mark and funding of one exchange, refreshed once a step.

The index of a perpetual draws on spot pairs, the mark may draw on perpetuals of other exchanges. From its
own books an exchange knows the present; of the others it knows what they publish, as late as their feeds are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.book.queries import impact_both_sides
from abm.instruments import PERPETUAL
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts
from abm.rules.funding import pay_funding
from abm.rules.index_price import SpotQuotes
from abm.rules.mark_price import MarkInputs, to_ticks
from abm.venues.venue import Venue

if TYPE_CHECKING:
    from abm.venues.exchange import Exchange

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
STALE_S = 10.0
"""Prices of another exchange that are older than this are not used in a mark, seconds."""


@dataclass(frozen=True)
class Source:
    """Where prices come from: an exchange, and there the instrument for each own perpetual (-1 = none)."""

    exchange: int
    instruments: tuple[int, ...]


@dataclass(frozen=True)
class Feed:
    """A source at its place in a table of prices: ``row``, the perpetuals that it has, its instruments."""

    exchange: int
    row: int
    columns: Places
    instruments: Places


def by_place(sources: Sequence[Source], here: int) -> tuple[list[Feed], list[Feed]]:
    """Return the feeds from other exchanges, and those from the exchange ``here``."""
    feeds = []
    for row, source in enumerate(sources):
        chosen = np.array(source.instruments, np.int64)
        columns = np.flatnonzero(chosen >= 0)
        feeds.append(Feed(source.exchange, row, columns, chosen[columns]))
    own = [feed for feed in feeds if feed.exchange == here]
    return [feed for feed in feeds if feed.exchange != here], own


def read(feeds: Sequence[Feed], exchanges: Sequence["Exchange"], prices: Floats, ages: Floats) -> None:
    """Write published mids and their ages, seconds, into tables of shape ``(sources, perpetuals)``."""
    for feed in feeds:
        exchange = exchanges[feed.exchange]
        prices[feed.row, feed.columns] = exchange.published["mid"][feed.instruments]
        ages[feed.row] = exchange.gateway.feed_delay_s


class Pricing:
    """Applies a venue's index, mark and funding rules.

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
    here
        Which exchange this is.
    index_sources, mark_sources
        Where index and mark draw their prices from; without index sources, the exchange's own spot pairs.

    Attributes
    ----------
    mark_ticks
        Mark of each instrument in ticks; the mid for spot pairs.
    """

    def __init__(
        self,
        venue: Venue,
        instruments: Records,
        asset_names: list[str],
        prices_usd: Floats,
        here: int = 0,
        index_sources: Sequence[Source] = (),
        mark_sources: Sequence[Source] = (),
    ) -> None:
        self.venue = venue
        self.instruments = instruments
        self._perpetual = np.flatnonzero(instruments["kind"] == PERPETUAL)
        own = tuple(int(i) for i in instruments["index_source"][self._perpetual])
        self._index_sources = tuple(index_sources) or (Source(here, own),)
        self._mark_sources = tuple(mark_sources)
        self._seen_index, self._own_index = by_place(self._index_sources, here)
        self._seen_mark, _ = by_place(self._mark_sources, here)
        self._tick = instruments["tick"].copy()
        self._perpetual_tick = self._tick[self._perpetual]
        self._caps = venue.funding_caps(instruments, asset_names)[self._perpetual]
        notional = venue.impact_notionals(instruments, asset_names)[self._perpetual]
        scale = self._perpetual_tick * instruments["lot"][self._perpetual]
        self._impact = np.maximum(1, notional / scale).astype(np.int64)
        self._mark = venue.mark.start(prices_usd[self._perpetual])
        self._funding = venue.funding.start(len(self._perpetual))
        self._index = prices_usd[self._perpetual].copy()
        self._index_prices = np.full((len(self._index_sources), len(self._perpetual)), np.nan)
        self._index_ages = np.zeros_like(self._index_prices)
        self._other_mids = np.full((len(self._mark_sources), len(self._perpetual)), np.nan)
        self._other_ages = np.zeros_like(self._other_mids)
        self.mark_ticks: Amounts = to_ticks(prices_usd, self._tick)

    @property
    def intervals_per_8h(self) -> float:
        """Funding intervals in eight hours."""
        return 8.0 / self.venue.funding.interval_hours

    def look_around(self, exchanges: Sequence["Exchange"]) -> None:
        """Take in what other exchanges publish."""
        read(self._seen_index, exchanges, self._index_prices, self._index_ages)
        read(self._seen_mark, exchanges, self._other_mids, self._other_ages)

    def _work_out_index(self, mid: Floats) -> Floats:
        """Return the index from the own ``mid`` of every instrument and what was seen elsewhere."""
        for own in self._own_index:
            self._index_prices[own.row, own.columns] = mid[own.instruments]
        if len(self._index_sources) == 1:
            fresh = self._index_prices[0]
        else:
            fresh = self.venue.index.price(SpotQuotes(self._index_prices, age_s=self._index_ages))
        self._index = np.where(np.isnan(fresh), self._index, fresh)
        return self._index

    def update(self, view: Records, books: Records, now_ns: int) -> Amounts:
        """Write index, mark and funding into ``view`` and return the marks in ticks."""
        perpetual, funding = self._perpetual, self.venue.funding
        index = self._work_out_index(view["mid"])
        if now_ns >= self._funding.next_sample_ns:
            bid, ask = self._impact_prices(books)
            funding.observe(self._funding, now_ns, index, bid, ask)
        mid = view["mid"]
        seen = MarkInputs(
            now_ns=now_ns,
            index=index,
            mid=mid[perpetual],
            last=view["last"][perpetual],
            funding_rate=self._funding.rate,
            hours_to_funding=funding.hours_to_funding(self._funding, now_ns),
            other_mids=self._others() if self._mark_sources else None,
            best_bid=self._quote(view["bid"]),
            best_ask=self._quote(view["ask"]),
            interval_hours=funding.interval_hours,
        )
        mark = mid.copy()
        mark[perpetual] = self.venue.mark.update(self._mark, seen)
        view["mark"] = mark
        view["index"] = mid
        view["index"][perpetual] = index
        view["funding"][perpetual] = self._funding.rate
        self.mark_ticks = to_ticks(mark, self._tick)
        return self.mark_ticks

    def _others(self) -> Floats:
        """Return mids on other exchanges, nan where they are too old."""
        return np.where(self._other_ages <= STALE_S, self._other_mids, np.nan)

    def _quote(self, ticks: Amounts) -> Floats:
        """Return one side's best prices of the perpetuals in USD, nan where the side is empty."""
        best = ticks[self._perpetual]
        return np.where(best > 0, best * self._perpetual_tick, np.nan)

    def pay_funding(self, ledger: Ledger, now_ns: int) -> None:
        """Pay the funding that is due."""
        payments = self.venue.funding.due(self._funding, now_ns, self._caps)
        if payments:
            rate = np.zeros(len(self.instruments))
            rate[self._perpetual] = self._funding.rate * payments
            pay_funding(ledger, self._funding_ticks(), rate)

    def _funding_ticks(self) -> Amounts:
        """Return the prices that funding is paid on: the mark, or the index where the venue says oracle."""
        if self.venue.funding.paid_on == "mark":
            return self.mark_ticks
        ticks = self.mark_ticks.copy()
        ticks[self._perpetual] = to_ticks(self._index, self._perpetual_tick)
        return ticks

    def _impact_prices(self, books: Records) -> tuple[Floats, Floats]:
        """Return impact bid and ask of every perpetual, USD; nan where a side is too thin."""
        prices = np.empty((len(self._perpetual), 2))
        impact_both_sides(books, self._perpetual, self._impact, prices)
        prices[prices <= 0.0] = np.nan
        prices *= self._perpetual_tick[:, None]
        return prices[:, 0], prices[:, 1]
