"""An exchange: one venue at work, with books, accounts, gateway and prices of its own.

What is traded, who has an account and how margin is counted never crosses from one exchange to another; only
agents, prices that rules draw from elsewhere, and transfers do.
"""

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records, copied, overwrite
from abm.book.orderbook import OrderBooks
from abm.clock import Clock
from abm.compiled import for_kernels
from abm.instruments import PERPETUAL, Instrument
from abm.ledger.ledger import Ledger
from abm.market_view import refresh
from abm.outbox import Outbox
from abm.recorder import record_books, record_fills
from abm.sight import Sight
from abm.venues.admission import Admission
from abm.venues.collateral_prices import Collateral
from abm.venues.gateway import Gateway
from abm.venues.pool import LiquidityPool
from abm.venues.pricing import Pricing

if TYPE_CHECKING:
    from abm.model import MarketModel


class RiskEngine(Protocol):
    """Whoever applies the venue's liquidation policy."""

    def run(self, model: "MarketModel") -> None:
        """Close what must be closed and record it."""


class Exchange:
    """One venue at work.

    Parameters
    ----------
    name
        Name in the scenario, such as ``"hub"``.
    instruments
        What is traded here; the instrument table follows this order.
    view
        Market data before any trade (`abm.market_view.market_view`).
    books, ledger
        Order books and ledger, which share the positions.
    gateway
        What lies between agents and the books.
    pricing
        Index, mark and funding rules at work.
    admission
        What the venue refuses before matching.
    collateral
        Which coins count as margin, and at which price.
    first
        Place of its first instrument among those of all exchanges.
    pool
        Who takes the other side of every trade; None: traders meet in the books.

    Attributes
    ----------
    risk
        Who applies the liquidation policy; None: nobody.
    published
        The view as agents see it: as late as the feed is.
    outbox
        Messages of the step in progress.
    deleveraged
        Accounts auto-deleveraged in the last step.
    spare_accounts
        Account rows that `open_account` gives out.
    """

    def __init__(
        self,
        name: str,
        instruments: Sequence[Instrument],
        view: Records,
        books: OrderBooks,
        ledger: Ledger,
        gateway: Gateway,
        pricing: Pricing,
        admission: Admission,
        collateral: Collateral,
        first: int = 0,
        pool: LiquidityPool | None = None,
    ) -> None:
        self.name = name
        self.instruments = tuple(instruments)
        self.instrument_names = [item.name for item in instruments]
        self.table = ledger.instruments
        self._kernel_table = for_kernels(self.table)
        self.view = view
        self.books = books
        self.ledger = ledger
        self.gateway = gateway
        self.pricing = pricing
        self.admission = admission
        self.collateral = collateral
        admission.collateral_value = collateral.lot_values(view, 0)
        self.place = slice(first, first + len(instruments))
        self.pool = pool
        self.risk: RiskEngine | None = None
        self.outbox = Outbox()
        self.deleveraged: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self.spare_accounts: list[int] = []
        self.published = view.copy()
        self._recent_views: deque[tuple[int, Records]] = deque()

    def index_of(self, instrument: str) -> int:
        """Return the row of an instrument by name.

        Raises
        ------
        ValueError
            If it is not traded here.
        """
        if instrument not in self.instrument_names:
            raise ValueError(
                f"unknown instrument {instrument!r} on {self.name}; known: {', '.join(self.instrument_names)}"
            )
        return self.instrument_names.index(instrument)

    def perpetuals(self) -> npt.NDArray[np.int64]:
        """Return the indices of the perpetuals."""
        return np.flatnonzero(self.table["kind"] == PERPETUAL)

    def sight(self, clock: Clock, log_value: npt.NDArray[np.float64]) -> Sight:
        """Return what agents with an account here can see now."""
        return Sight(
            start_ns=clock.start_ns,
            step_ns=clock.step_ns,
            index=clock.index,
            view=self.published,
            feed_delay_s=self.gateway.feed_delay_s,
            log_value=log_value,
            instruments=self._kernel_table,
            book_records=for_kernels(self.books.books),
            books=self.books,
            ledger=self.ledger,
            outbox=self.outbox,
            collateral_value=self.admission.collateral_value,
            deleveraged=self.deleveraged,
        )

    def receive(self, clock: Clock) -> Records:
        """Return the messages that reach the books in this step, in arrival order."""
        return self.gateway.deliver(self.outbox.take(), clock.now_ns, clock.step_ns)

    def match(self, messages: Records, row: Records) -> None:
        """Refuse what may not trade, match the rest and settle the fills; count volume in ``row``."""
        self.books.reset_range()
        admitted = self.admission.admit(messages, self.ledger, self.pricing.mark_ticks, self.books.books)
        if self.pool is not None:
            self.pool.quote(self.books, self.ledger, self.view["mark"])
            admitted = self.pool.screen(admitted, self.ledger)
        self.settle(self.books.process(admitted), row)

    def update_quotes(self, step_s: float) -> None:
        """Read the books into the view."""
        refresh(self.view, for_kernels(self.books.books), self._kernel_table, step_s)

    def update_prices(self, clock: Clock, row: Records) -> None:
        """Refresh index, marks and funding, fire stops on the mark, set bands and halts, publish the view."""
        marks = self.pricing.update(self.view, for_kernels(self.books.books), clock.now_ns)
        if self.pool is not None:
            self.pool.quote(self.books, self.ledger, self.view["mark"], clock.now_ns)
        watched = np.where(self.admission.halted, 0, marks)
        self.settle(self.books.mark_triggers(watched, clock.now_ns), row)
        if self.pool is None:
            self.pricing.pay_funding(self.ledger, clock.now_ns)
        else:
            self.pool.pay_funding(self.ledger, marks, clock.now_ns)
            self.pool.show(self.view, self.ledger, self.books)
        self.admission.update(self.view, clock.now_ns, clock.step_s)
        self.admission.collateral_value = self.collateral.lot_values(self.view, clock.now_ns)
        self.publish(clock.now_ns)

    def record(self, row: Records) -> None:
        """Write prices, depth and open interest into ``row``."""
        record_books(
            row,
            for_kernels(self.books.books),
            self.view,
            self._kernel_table,
            self.ledger.position,
            self.pricing.intervals_per_8h,
        )

    def halts(self) -> list[tuple[float, str, bool]]:
        """Return when trading stopped and came back: time in seconds, instrument, whether it stopped."""
        return [(when, self.instrument_names[i], stopped) for when, i, stopped in self.admission.halts]

    def settle(self, fills: Records, row: Records) -> None:
        """Settle fills in the ledger and count their volume."""
        if len(fills):
            self.ledger.settle(fills)
            if self.pool is not None:
                self.pool.collect(fills)
            self.count_volume(fills, row)

    def count_volume(self, fills: Records, row: Records) -> None:
        """Count the volume of fills that are settled already."""
        if len(fills):
            record_fills(row, for_kernels(fills), self._kernel_table)

    def publish(self, now_ns: int) -> None:
        """Make the view public, as late as the feed is."""
        delay_ns = round(self.gateway.feed_delay_s * 1e9)
        if delay_ns == 0:
            self._recent_views.clear()
            overwrite(self.published, self.view)
            return
        self._recent_views.append((now_ns, for_kernels(copied(self.view))))
        while self._recent_views and self._recent_views[0][0] <= now_ns - delay_ns:
            overwrite(self.published, self._recent_views.popleft()[1])

    def open_account(self, deposit_usd: float, leverage: int) -> int:
        """Give an agent of its own an account with cash, and return its row in the ledger.

        Raises
        ------
        ValueError
            If there is no spare account left, or the deposit or leverage is out of range.
        """
        if not self.spare_accounts:
            raise ValueError(
                f"no spare account left on {self.name}; build the model with more spare_accounts"
            )
        if deposit_usd < 0 or not 1 <= leverage <= 125:
            raise ValueError(
                f"deposit_usd {deposit_usd:g} must be at least 0, leverage {leverage} from 1 to 125"
            )
        account = self.spare_accounts.pop(0)
        self.ledger.leverage[:, account] = leverage
        self.ledger.deposit(account, round(deposit_usd * 1e6))
        return account
