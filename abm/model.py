"""The market model: one step of the world, as a table of contents."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import mesa
import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.book.messages import Records
from abm.book.orderbook import OrderBooks
from abm.clock import Clock
from abm.compiled import for_kernels
from abm.information.fundamental import Fundamentals
from abm.instruments import PERPETUAL, Instrument
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.ledger import Ledger
from abm.market_view import refresh
from abm.outbox import Outbox
from abm.recorder import Recorder, record_books, record_fills
from abm.sight import Sight
from abm.trace import INSTRUMENT_SERIES, Trace
from abm.venues.gateway import Gateway
from abm.venues.pricing import Pricing


class ModelCounter(WeakKeyDictionary[Any, Any]):
    """Agent ids of each model, without keeping the model alive; a model read from a pickle counts on.

    Mesa 3.3.1 counts ids in an attribute of its agent class, keyed by the model itself, so that no model is
    ever freed (mesa issue 3179). This takes its place; later versions of Mesa have no such attribute.
    """

    def __getitem__(self, model: Any) -> Any:
        """Return the running counter of ``model``."""
        if model not in self:
            last = max((agent.unique_id for agent in model.agents), default=0)
            self[model] = iter(range(last + 1, 1 << 62))
        return super().__getitem__(model)


AGENT_IDS = ModelCounter()
if hasattr(mesa.Agent, "_ids"):
    mesa.Agent._ids = AGENT_IDS


class DecidesTogether(Protocol):
    """A crowd: decides for all its members in one call."""

    def decide(self, sight: Sight) -> None:
        """Write messages into ``sight.outbox``."""


class Spreads(Protocol):
    """A network: moves once a step and hears about liquidations."""

    def spread(self, view: Records, step_s: float) -> None:
        """Move the state of the network over ``step_s``."""

    def on_liquidations(self, accounts: npt.NDArray[np.int64], was_long: npt.NDArray[np.bool_]) -> None:
        """Hear who was liquidated in the step before."""


class RiskEngine(Protocol):
    """Whoever applies the venue's liquidation policy."""

    def run(self, model: "MarketModel") -> None:
        """Close what must be closed and record it."""


class MarketModel(mesa.Model):
    """A market of order books, margined accounts and agents.

    Parameters
    ----------
    name, seed, twin
        What is run; they go into the trace. The parts draw from streams of their own.
    clock
        Phases and step lengths.
    instruments
        What is traded; the instrument table follows this order.
    table
        The same as a record array.
    view
        Market data before any trade (`abm.market_view.market_view`).
    books, ledger
        Order books and ledger, which share the positions.
    fundamentals
        Values, news, outside equity index.
    gateway
        Capacity and outages.
    pricing
        Index, mark and funding rules at work.
    asset_names
        Names of the assets, in the order of the values.

    Attributes
    ----------
    crowds
        Populations that decide in one call, in order.
    networks
        Contagion networks.
    risk
        Who applies the venue's liquidation policy; None: nobody.
    reporters
        World series by name: functions without arguments.
    event_reporters
        Tables of events by name: functions without arguments.
    datacollector
        A Mesa data collector to call at the end of each step, if any.
    spare_accounts
        Account rows that `open_account` gives out.
    published
        The view as agents see it: as late as the feed is.
    outbox
        Messages of the step in progress.
    recorder
        Series so far.
    """

    def __init__(
        self,
        *,
        name: str,
        seed: int,
        twin: str,
        clock: Clock,
        instruments: Sequence[Instrument],
        table: Records,
        view: Records,
        books: OrderBooks,
        ledger: Ledger,
        fundamentals: Fundamentals,
        gateway: Gateway,
        pricing: Pricing,
        asset_names: Sequence[str],
    ) -> None:
        super().__init__(rng=np.random.default_rng(seed))
        self.name, self.seed_used, self.twin = name, seed, twin
        self.clock = clock
        self.instruments = tuple(instruments)
        self.instrument_names = [item.name for item in instruments]
        self.asset_names = list(asset_names)
        self.table = table
        self._kernel_table = for_kernels(table)
        self.view = view
        self.books = books
        self.ledger = ledger
        self.fundamentals = fundamentals
        self.gateway = gateway
        self.pricing = pricing
        self.crowds: list[DecidesTogether] = []
        self.networks: list[Spreads] = []
        self.risk: RiskEngine | None = None
        self.reporters: dict[str, Callable[[], float]] = {}
        self.outbox = Outbox()
        self.recorder = Recorder(clock.steps(), len(instruments), len(asset_names))
        self.event_reporters: dict[str, Callable[[], pd.DataFrame]] = {}
        self.datacollector: mesa.DataCollector | None = None
        self.spare_accounts: list[int] = []
        self.published = view.copy()
        self._recent_views: deque[tuple[int, Records]] = deque()

    def step(self) -> None:
        """Advance the world by one step."""
        self.clock.advance()
        self.move_world()
        self.move_networks()
        self.let_agents_decide()
        arrived = self.pass_gateway()
        self.match_and_settle(arrived)
        self.update_prices()
        self.control_risk()
        self.record()

    def move_world(self) -> None:
        """Move fundamental values, news and the outside equity index."""
        self.fundamentals.step(self.clock.now_s, self.clock.step_s, self.clock.index)

    def move_networks(self) -> None:
        """Let sentiment spread."""
        for network in self.networks:
            network.spread(self.published, self.clock.step_s)

    def let_agents_decide(self) -> None:
        """Ask every crowd and every agent with a ``step`` of its own for messages."""
        sight = self.sight()
        for crowd in self.crowds:
            crowd.decide(sight)
        for kind in self.agent_types:
            if not hasattr(kind, "crowd_member"):
                for agent in list(self.agents_by_type[kind]):
                    agent.step()

    def pass_gateway(self) -> Records:
        """Return the messages that reach the books in this step, in arrival order."""
        return self.gateway.deliver(self.outbox.take(), self.clock.now_ns, self.clock.step_ns)

    def match_and_settle(self, messages: Records) -> None:
        """Match messages and settle the fills."""
        self.books.reset_range()
        self.settle(self.books.process(messages))

    def update_prices(self) -> None:
        """Refresh quotes, index, marks and funding, fire stops on the mark, publish what agents see."""
        books = for_kernels(self.books.books)
        refresh(self.view, books, self._kernel_table, self.clock.step_s)
        marks = self.pricing.update(self.view, books, self.clock.now_ns)
        self.settle(self.books.mark_triggers(marks, self.clock.now_ns))
        self.pricing.pay_funding(self.ledger, self.clock.now_ns)
        self.publish()

    def control_risk(self) -> None:
        """Apply the venue's liquidation policy."""
        if self.risk is not None:
            self.risk.run(self)

    def record(self) -> None:
        """Write the step's row."""
        recorder = self.recorder
        record_books(
            recorder.row,
            for_kernels(self.books.books),
            self.view,
            self._kernel_table,
            self.ledger.position,
            self.pricing.intervals_per_8h,
        )
        recorder.finish_step(
            self.clock.now_s,
            self.fundamentals.value,
            equity_index=self.fundamentals.equity_index,
            insurance_fund=self.ledger.cash[0, INSURANCE_FUND] / 1e6,
            feed_delay_s=self.gateway.feed_delay_s,
            **{name: report() for name, report in self.reporters.items()},
        )
        if self.datacollector is not None:
            self.datacollector.collect(self)
        self.running = not self.clock.finished

    def run(self, until_s: float | None = None) -> None:
        """Step until the last phase is over, or until ``until_s`` seconds."""
        end_ns = self.clock.end_ns if until_s is None else min(self.clock.end_ns, round(until_s * 1e9))
        while self.clock.now_ns < end_ns:
            self.step()

    def settle(self, fills: Records) -> None:
        """Settle fills in the ledger and count their volume."""
        if len(fills):
            self.ledger.settle(fills)
            self.count_volume(fills)

    def count_volume(self, fills: Records) -> None:
        """Count the volume of fills that are settled already."""
        if len(fills):
            record_fills(self.recorder.row, for_kernels(fills), self._kernel_table)

    def sight(self) -> Sight:
        """Return what agents can see now."""
        return Sight(
            start_ns=self.clock.start_ns,
            step_ns=self.clock.step_ns,
            index=self.clock.index,
            view=self.published,
            feed_delay_s=self.gateway.feed_delay_s,
            log_value=self.fundamentals.log_value,
            instruments=self._kernel_table,
            book_records=for_kernels(self.books.books),
            books=self.books,
            ledger=self.ledger,
            outbox=self.outbox,
        )

    def publish(self) -> None:
        """Make the view public, as late as the feed is."""
        delay_ns = round(self.gateway.feed_delay_s * 1e9)
        if delay_ns == 0:
            self._recent_views.clear()
            self.published[:] = self.view
            return
        self._recent_views.append((self.clock.now_ns, self.view.copy()))
        while self._recent_views and self._recent_views[0][0] <= self.clock.now_ns - delay_ns:
            self.published[:] = self._recent_views.popleft()[1]

    def open_account(self, deposit_usd: float, leverage: int) -> int:
        """Give an agent of its own an account with cash, and return its row in the ledger.

        Raises
        ------
        ValueError
            If there is no spare account left, or the deposit or leverage is out of range.
        """
        if not self.spare_accounts:
            raise ValueError("no spare account left; build the model with more spare_accounts")
        if deposit_usd < 0 or not 1 <= leverage <= 125:
            raise ValueError(
                f"deposit_usd {deposit_usd:g} must be at least 0, leverage {leverage} from 1 to 125"
            )
        account = self.spare_accounts.pop(0)
        self.ledger.leverage[:, account] = leverage
        self.ledger.deposit(account, round(deposit_usd * 1e6))
        return account

    def price(self, instrument: str) -> float:
        """Return the mid price of ``instrument`` in USD."""
        return float(self.view["mid"][self.instrument_names.index(instrument)])

    def trace(self, marks: dict[str, float] | None = None) -> Trace:
        """Return what has been recorded so far."""
        recorder = self.recorder
        n = recorder.steps
        return Trace(
            scenario=self.name,
            seed=self.seed_used,
            twin=self.twin,
            time_s=recorder.time_s[:n].copy(),
            instruments=tuple(self.instrument_names),
            assets=tuple(self.asset_names),
            by_instrument={name: recorder.by_instrument[name][:n].copy() for name in INSTRUMENT_SERIES},
            by_asset={name: series[:n].copy() for name, series in recorder.by_asset.items()},
            world={name: series[:n].copy() for name, series in recorder.world.items()},
            events=self.event_tables(),
            marks=dict(marks or {}),
        )

    def event_tables(self) -> dict[str, pd.DataFrame]:
        """Return tidy tables of what happened, by name."""
        return {name: report() for name, report in self.event_reporters.items()}

    def perpetuals(self) -> npt.NDArray[np.int64]:
        """Return the indices of the perpetuals."""
        return np.flatnonzero(self.table["kind"] == PERPETUAL)
