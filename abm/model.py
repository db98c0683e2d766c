"""The market model: one step of the world, as a table of contents."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import mesa
import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.book.messages import Records
from abm.clock import Clock
from abm.compiled import for_kernels
from abm.exchange_events import halt_table, outage_table, refusal_table
from abm.information.fundamental import Fundamentals
from abm.ledger.accounts import INSURANCE_FUND
from abm.owners import Owners
from abm.recorder import Recorder
from abm.sight import Sight
from abm.trace import INSTRUMENT_SERIES, Trace
from abm.venues.exchange import Exchange
from abm.venues.transfers import Transfers


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

    exchange: int
    """Which exchange it trades on, or has its home on."""

    def decide(self, sight: Sight) -> None:
        """Write messages into ``sight.outbox``."""


class Spreads(Protocol):
    """A network: moves once a step and hears about liquidations."""

    def spread(self, momentum: npt.NDArray[np.float64], step_s: float) -> None:
        """Move the state of the network over ``step_s``; ``momentum`` has one entry for each instrument."""

    def on_liquidations(
        self, exchange: int, accounts: npt.NDArray[np.int64], was_long: npt.NDArray[np.bool_]
    ) -> None:
        """Hear who was liquidated in the step before."""


class MarketModel(mesa.Model):
    """A market of exchanges, margined accounts and agents.

    Parameters
    ----------
    name, seed, twin
        What is run; they go into the trace. The parts draw from streams of their own.
    clock
        Phases and step lengths.
    exchanges
        Venues at work; the first is the hub.
    fundamentals
        Values, news, outside equity index.
    transfers
        Money on its way between exchanges.
    asset_names
        Names of the assets, in the order of the values.

    Attributes
    ----------
    crowds
        Populations that decide in one call, in order.
    networks
        Contagion networks.
    reporters
        World series by name: functions without arguments.
    event_reporters
        Tables of events by name: functions without arguments.
    datacollector
        A Mesa data collector to call at the end of each step, if any.
    recorder
        Series so far.
    owners
        Which accounts belong together.
    """

    def __init__(
        self,
        *,
        name: str,
        seed: int,
        twin: str,
        clock: Clock,
        exchanges: Sequence[Exchange],
        fundamentals: Fundamentals,
        transfers: Transfers,
        asset_names: Sequence[str],
    ) -> None:
        super().__init__(rng=np.random.default_rng(seed))
        self.name, self.seed_used, self.twin = name, seed, twin
        self.clock = clock
        self.exchanges = tuple(exchanges)
        self.instrument_names = [item for exchange in exchanges for item in exchange.instrument_names]
        self.asset_names = list(asset_names)
        self.fundamentals = fundamentals
        self.transfers = transfers
        self.crowds: list[DecidesTogether] = []
        self.networks: list[Spreads] = []
        self.reporters: dict[str, Callable[[], float]] = {}
        names = [exchange.name for exchange in exchanges]
        self.recorder = Recorder(clock.steps(), len(self.instrument_names), len(asset_names), names)
        self.owners = Owners()
        self.event_reporters: dict[str, Callable[[], pd.DataFrame]] = {}
        self.datacollector: mesa.DataCollector | None = None

    @property
    def hub(self) -> Exchange:
        """The first exchange."""
        return self.exchanges[0]

    def step(self) -> None:
        """Advance the world by one step."""
        self.clock.advance()
        self.move_world()
        self.move_networks()
        self.let_agents_decide()
        arrived = self.pass_gateways()
        self.match_and_settle(arrived)
        self.update_prices()
        self.control_risk()
        self.record()

    def move_world(self) -> None:
        """Move fundamental values, news and the outside equity index; let transfers arrive."""
        self.fundamentals.step(self.clock.now_s, self.clock.step_s, self.clock.index)
        self.transfers.arrive(self.exchanges, self.clock.start_ns)

    def move_networks(self) -> None:
        """Let sentiment spread."""
        momentum = np.concatenate([exchange.published["momentum"] for exchange in self.exchanges])
        for network in self.networks:
            network.spread(momentum, self.clock.step_s)

    def let_agents_decide(self) -> None:
        """Ask every crowd and every agent with a ``step`` of its own for messages."""
        sights = self.sights()
        for crowd in self.crowds:
            crowd.decide(sights[crowd.exchange])
        for kind in self.agent_types:
            if not hasattr(kind, "crowd_member"):
                for agent in list(self.agents_by_type[kind]):
                    agent.step()

    def pass_gateways(self) -> list[Records]:
        """Return, for each exchange, the messages that reach its books in this step, in arrival order."""
        return [exchange.receive(self.clock) for exchange in self.exchanges]

    def match_and_settle(self, arrived: Sequence[Records]) -> None:
        """Match messages and settle the fills."""
        for exchange, messages in zip(self.exchanges, arrived, strict=True):
            exchange.match(messages, self.row_of(exchange))

    def update_prices(self) -> None:
        """Refresh quotes everywhere, then index, marks and funding, which may draw on other exchanges."""
        for exchange in self.exchanges:
            exchange.update_quotes(self.clock.step_s)
        for exchange in self.exchanges:
            exchange.pricing.look_around(self.exchanges)
            exchange.collateral.see_values(self.fundamentals.value)
        for exchange in self.exchanges:
            exchange.update_prices(self.clock, self.row_of(exchange))

    def control_risk(self) -> None:
        """Apply each venue's liquidation policy."""
        for exchange in self.exchanges:
            if exchange.risk is not None:
                exchange.risk.run(self)

    def record(self) -> None:
        """Write the step's row."""
        for exchange in self.exchanges:
            exchange.record(self.row_of(exchange))
        funds = {item.name: int(item.ledger.cash[0, INSURANCE_FUND]) / 1e6 for item in self.exchanges}
        self.recorder.finish_step(
            self.clock.now_s,
            self.fundamentals.value,
            equity_index=self.fundamentals.equity_index,
            insurance_fund=sum(funds[item.name] for item in self.exchanges if item.pool is None),
            feed_delay_s=self.hub.gateway.feed_delay_s,
            **{f"insurance_fund@{name}": usd for name, usd in funds.items()},
            **{f"feed_delay_s@{item.name}": item.gateway.feed_delay_s for item in self.exchanges},
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

    def row_of(self, exchange: Exchange) -> Records:
        """Return the part of the step's row that belongs to ``exchange``."""
        row: Records = for_kernels(self.recorder.row[exchange.place])
        return row

    def sights(self) -> list[Sight]:
        """Return what agents can see now, one for each exchange; each knows of the others."""
        log_value = self.fundamentals.log_value
        sights = [exchange.sight(self.clock, log_value) for exchange in self.exchanges]
        for sight in sights:
            sight.elsewhere, sight.transfers = sights, self.transfers
        return sights

    def exchange(self, name: str) -> Exchange:
        """Return the exchange called ``name``.

        Raises
        ------
        ValueError
            If there is none.
        """
        for exchange in self.exchanges:
            if exchange.name == name:
                return exchange
        known = ", ".join(item.name for item in self.exchanges)
        raise ValueError(f"unknown exchange {name!r}; known: {known}")

    def exchange_of(self, instrument: str) -> Exchange:
        """Return the exchange on which ``instrument`` is traded.

        Raises
        ------
        ValueError
            If it is traded nowhere.
        """
        for exchange in self.exchanges:
            if instrument in exchange.instrument_names:
                return exchange
        raise ValueError(f"unknown instrument {instrument!r}; known: {', '.join(self.instrument_names)}")

    def price(self, instrument: str) -> float:
        """Return the mid price of ``instrument`` in USD."""
        exchange = self.exchange_of(instrument)
        return float(exchange.view["mid"][exchange.index_of(instrument)])

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
            exchanges=tuple(exchange.name for exchange in self.exchanges),
            collateral=tuple(
                item.instrument_names[i] for item in self.exchanges for i in item.collateral.accepted
            ),
        )

    def event_tables(self) -> dict[str, pd.DataFrame]:
        """Return tidy tables of what happened, by name."""
        time_s, world = self.recorder.time_s[: self.recorder.steps], self.recorder.world
        exchanges = {exchange.name: exchange for exchange in self.exchanges}
        delays = {name: world[f"feed_delay_s@{name}"][: time_s.size] for name in exchanges}
        windows = {
            name: [(window.start_s, window.end_s) for window in exchange.gateway.outages]
            for name, exchange in exchanges.items()
        }
        return {name: report() for name, report in self.event_reporters.items()} | {
            "outages": outage_table(time_s, delays, windows),
            "halts": halt_table({name: exchange.halts() for name, exchange in exchanges.items()}),
            "refused": refusal_table(
                {name: exchange.admission.refused for name, exchange in exchanges.items()},
                {name: exchange.gateway.refused for name, exchange in exchanges.items()},
            ),
        }
