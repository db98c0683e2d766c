"""Leveraged retail: many small accounts, each with its own leverage, in one perpetual.

A trader without a position enters at a rate that grows with momentum and sentiment, long or short as they point. A trader
with a position leaves after a while, sooner when the crowd's mood turns against it; many leave a stop-loss in the book, at a
round number, and some a take-profit. Whoever does neither is left to the liquidation engine.
"""

import math

import numpy as np
import numpy.typing as npt
from pydantic import Field

from abm.book.messages import (
    BUY,
    MARKET,
    REDUCE_ONLY,
    SELL,
    STOP,
    TRIGGER_ON_MARK,
    TRIGGER_RISING,
    Records,
)
from abm.compiled import kernel
from abm.outbox import send, send_cancel
from abm.random_streams import exponential, normal, stream_key, uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, lots_for, parameter_record

retail_dtype = np.dtype(
    [
        ("account", "i4"),
        ("instrument", "i2"),
        ("leverage", "i2"),
        ("wealth_usd", "f8"),
        ("sentiment_weight", "f8"),
        ("uses_stop", "i1"),
        ("stop_id", "i8"),
        ("profit_id", "i8"),
        ("held", "i8"),  # lots at the last look
    ],
    align=True,
)


class RetailParameters(Parameters):
    """Leveraged retail traders."""

    traders: int = Field(2000, ge=0, le=5_000_000, description="number of traders")
    open_interest_over_depth: float = Field(
        40.0, ge=0, le=10_000, description="open interest at the start (longs) over one-sided depth within 1 %"
    )
    long_share: float = Field(0.7, ge=0, le=1, description="share of the initial positions, by size, that is long")
    in_position: float = Field(0.6, ge=0, le=1, description="share of traders that hold a position at the start")
    leverage_median: float = Field(5.0, ge=1, le=125, description="median leverage")
    leverage_spread: float = Field(0.8, ge=0, le=3, description="standard deviation of log leverage")
    leverage_max: int = Field(100, ge=1, le=125, description="largest leverage allowed")
    wealth_tail: float = Field(1.3, gt=1, le=10, description="Pareto exponent of wealth")
    entry_spread: float = Field(
        0.02, ge=0, le=1, description="standard deviation of log entry prices of initial positions around the present price"
    )
    hold_hours: float = Field(24.0, gt=0, le=1e5, description="mean time a position is held in calm times, hours")
    momentum_weight: float = Field(1.0, ge=0, le=10, description="weight of momentum in the direction of entry")
    momentum_scale: float = Field(0.01, gt=0, le=1, description="log-return over the last hours that counts as strong")
    sentiment_weight: float = Field(1.0, ge=0, le=10, description="weight of sentiment in the direction of entry")
    panic_per_hour: float = Field(
        1.5, ge=0, le=3600, description="rate of leaving when sentiment is fully against the position, 1/hour"
    )
    stop_share: float = Field(0.35, ge=0, le=1, description="share of traders who leave a stop-loss")
    stop_distance: float = Field(0.05, gt=0, le=1, description="mean distance of stop-losses from entry, fraction")
    profit_share: float = Field(0.15, ge=0, le=1, description="share of traders who leave a take-profit order")
    profit_distance: float = Field(0.08, gt=0, le=5, description="mean distance of take-profits from entry, fraction")


@kernel
def round_number(price_usd: float) -> float:
    """Return the nearest price with two significant digits and a half, where stops cluster (Osler 2003, J. Finance 58)."""
    step = 10.0 ** (math.floor(math.log10(price_usd)) - 1) * 0.5
    return max(step, round(price_usd / step) * step)


@kernel
def place_exit(
    messages: Records,
    counters: npt.NDArray[np.int64],
    when: int,
    account: int,
    instrument: int,
    side: int,
    lots: int,
    trigger: int,
    flags: int,
) -> int:
    """Leave a market order that waits for a trigger price; return its id."""
    order_id = send(messages, counters, when, account, instrument, MARKET, side, lots, 0, flags | REDUCE_ONLY)
    row = messages[counters[0] - 1]
    row.trigger = max(1, trigger)
    row.source = STOP
    return order_id


@kernel
def decide_retail(
    traders: Records,
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    entry_value: npt.NDArray[np.int64],
    cash: npt.NDArray[np.int64],
    sentiment: npt.NDArray[np.float64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
) -> None:
    """Let every retail trader act in the step."""
    p = parameters[0]
    step_h = step_ns / 3.6e12
    for j in range(len(traders)):
        t = traders[j]
        i = t.instrument
        instrument = instruments[i]
        held = position[i, t.account]
        mood = sentiment[j] * t.sentiment_weight
        if held != t.held:
            if held == 0 or t.held == 0 or (held > 0) != (t.held > 0):
                if t.stop_id > 0:
                    send_cancel(messages, counters, start_ns, t.account, i, t.stop_id)
                if t.profit_id > 0:
                    send_cancel(messages, counters, start_ns, t.account, i, t.profit_id)
                t.stop_id = 0
                t.profit_id = 0
            if held != 0 and t.stop_id == 0 and t.uses_stop != 0:
                entry = entry_value[i, t.account] / (held * instrument.lot * 1e6)
                way = 1.0 if held > 0 else -1.0
                side = SELL if held > 0 else BUY
                if t.uses_stop & 1:
                    away = p.stop_distance * (0.4 + 0.6 * exponential(key, j, index, 10))
                    price = round_number(entry * math.exp(-way * away))
                    if (price - view[i].mid) * way < 0.0:
                        flags = TRIGGER_ON_MARK | (0 if held > 0 else TRIGGER_RISING)
                        ticks = int(price / instrument.tick)
                        t.stop_id = place_exit(
                            messages, counters, start_ns, t.account, i, side, abs(held), ticks, flags
                        )
                if t.uses_stop & 2:
                    away = p.profit_distance * (0.4 + 0.6 * exponential(key, j, index, 11))
                    price = round_number(entry * math.exp(way * away))
                    if (price - view[i].mid) * way > 0.0:
                        flags = TRIGGER_RISING if held > 0 else 0
                        ticks = int(price / instrument.tick)
                        t.profit_id = place_exit(
                            messages, counters, start_ns, t.account, i, side, abs(held), ticks, flags
                        )
            t.held = held
        if held != 0:
            way = 1.0 if held > 0 else -1.0
            against = max(0.0, -way * mood)
            rate = 1.0 / p.hold_hours + p.panic_per_hour * against * against
            if uniform(key, j, index, 0) < 1.0 - math.exp(-rate * step_h):
                when = start_ns + int(step_ns * uniform(key, j, index, 1))
                side = SELL if held > 0 else BUY
                send(messages, counters, when, t.account, i, MARKET, side, abs(held), 0, REDUCE_ONLY)
        else:
            pull = p.momentum_weight * math.tanh(view[i].momentum_slow / p.momentum_scale) + mood + p.bullishness
            rate = p.entry_per_hour * min(8.0, math.exp(abs(pull) - 1.0))
            if uniform(key, j, index, 2) < 1.0 - math.exp(-rate * step_h):
                free_usd = cash[t.account] / 1e6
                notional = 0.8 * t.leverage * min(free_usd, t.wealth_usd)
                lots = lots_for(notional, view[i].mid, instrument.lot)
                if lots > 0:
                    when = start_ns + int(step_ns * uniform(key, j, index, 3))
                    side = BUY if pull + normal(key, j, index, 4) > 0.0 else SELL
                    send(messages, counters, when, t.account, i, MARKET, side, lots, 0, 0)


class LeveragedRetail(CrowdAgent):
    """One leveraged retail trader; see `RetailParameters`."""

    instrument = Column()
    leverage = Column()
    wealth_usd = Column()
    sentiment_weight = Column()
    held = Column()

    @property
    def sentiment(self) -> float:
        """Present sentiment of the trader, -1 to 1."""
        return float(self.crowd.sentiment[self.row])


class LeveragedRetailTraders(Crowd):
    """All leveraged retail traders of a run.

    Attributes
    ----------
    sentiment
        Sentiment of each trader, shape ``(traders,)``; shared with the social herd, which moves it.
    """

    kind = "leveraged_retail"
    agent_class = LeveragedRetail

    def __init__(
        self, parameters: RetailParameters, table: Records, sentiment: npt.NDArray[np.float64], seed: int
    ) -> None:
        self.parameters = parameters
        self.table = table
        self.sentiment = sentiment
        share = parameters.in_position
        self._record = parameter_record(
            parameters,
            entry_per_hour=share / max(1e-9, 1.0 - share) / parameters.hold_hours,
            bullishness=2.0 * (parameters.long_share - 0.5),
        )
        self._key = stream_key(seed, self.kind)

    def decide(self, sight: Sight) -> None:
        """Enter, leave, place and remove stops."""
        sight.outbox.reserve(5 * len(self.table))
        decide_retail(
            self.table,
            sight.view,
            sight.instruments,
            sight.ledger.position,
            sight.ledger.entry_value,
            sight.ledger.cash[0],
            self.sentiment,
            self._record,
            sight.outbox.messages,
            sight.outbox.counters,
            self._key,
            sight.start_ns,
            sight.step_ns,
            sight.index,
        )
