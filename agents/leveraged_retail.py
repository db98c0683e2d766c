"""Leveraged retail: many small accounts, each with its own leverage, in one perpetual.

A trader without a position enters at a rate that grows with momentum and sentiment, long or short as they
point. A trader with a position leaves after a while, sooner when the crowd's mood turns against it; many
leave a stop-loss in the book, at a round number, and some a take-profit. Whoever does neither is left to the
liquidation engine.
"""

import math

import numpy as np
import numpy.typing as npt
from pydantic import Field

from abm.book.messages import (
    BUY,
    IOC,
    REDUCE_ONLY,
    SELL,
    STOP,
    TRIGGER_ON_MARK,
    TRIGGER_RISING,
    Records,
)
from abm.compiled import kernel
from abm.outbox import send, send_cancel
from abm.random_streams import exponential, uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, happens, lots_for

IDLE, OPENING, CLOSING = 0, 1, 2
EAGERNESS_LIMIT = 8.0
"""Largest multiple of the calm rate of entry."""
MARGIN_USED = 0.8
"""Share of a trader's wealth that stands as margin behind its position."""

retail_dtype = np.dtype(
    [
        ("account", "i4"),
        ("instrument", "i2"),
        ("leverage", "i2"),
        ("wealth_usd", "f8"),
        ("susceptibility", "f8"),  # own factor on sentiment
        ("uses_stop", "i1"),  # bit 0: leaves a stop-loss; bit 1: leaves a take-profit
        ("stop_id", "i8"),
        ("profit_id", "i8"),
        ("held", "i8"),  # lots at the last look
        ("goal", "i8"),  # lots it wants to hold while it works an order
        ("clip_usd", "f8"),  # most it sends in a minute
        ("exits_left", "i1"),  # whether stop-loss and take-profit have been left for the position
        ("working", "i1"),  # IDLE, OPENING or CLOSING
    ],
    align=True,
)


class RetailParameters(Parameters):
    """Leveraged retail traders."""

    traders: int = Field(2000, ge=0, le=5_000_000, description="number of traders")
    open_interest_over_depth: float = Field(
        50.0,
        ge=0,
        le=10_000,
        description="open interest at the start (longs) over one-sided depth within 1 %",
    )
    long_share: float = Field(
        0.7, ge=0, le=1, description="share of the initial positions, by size, that is long"
    )
    in_position: float = Field(
        0.6, ge=0, le=1, description="share of traders that hold a position at the start"
    )
    leverage_median: float = Field(6.0, ge=1, le=125, description="median leverage")
    leverage_spread: float = Field(0.8, ge=0, le=3, description="standard deviation of log leverage")
    leverage_max: int = Field(100, ge=1, le=125, description="largest leverage allowed")
    size_limit_over_depth: float = Field(
        0.25, gt=0, le=100, description="largest position over one-sided depth within 1 %"
    )
    size_tail: float = Field(1.4, gt=1, le=10, description="Pareto exponent of position sizes")
    entry_spread: float = Field(
        0.02,
        ge=0,
        le=1,
        description="standard deviation of log entry prices of initial positions around the present price",
    )
    least_distance: float = Field(
        0.04,
        ge=0,
        le=1,
        description="least fall (for shorts: rise) between the present price and liquidation at the start",
    )
    hold_hours: float = Field(
        80.0, gt=0, le=1e5, description="mean time a position is held in calm times, hours"
    )
    momentum_weight: float = Field(
        0.3, ge=0, le=10, description="weight of momentum in the direction of entry"
    )
    momentum_scale: float = Field(
        0.01, gt=0, le=1, description="log-return over the last hours that counts as strong"
    )
    sentiment_weight: float = Field(
        0.3, ge=0, le=10, description="weight of sentiment in the direction of entry"
    )
    slippage: float = Field(
        0.005, gt=0, le=0.5, description="farthest from the mid that a voluntary order may trade, fraction"
    )
    clip_over_depth: float = Field(
        0.01,
        gt=0,
        le=10,
        description="largest market order of one trader in a minute over one-sided depth within 1 %",
    )
    panic_per_hour: float = Field(
        0.8, ge=0, le=3600, description="rate of leaving when sentiment is fully against the position, 1/hour"
    )
    stop_share: float = Field(0.2, ge=0, le=1, description="share of traders who leave a stop-loss")
    stop_distance: float = Field(
        0.05, gt=0, le=1, description="mean distance of stop-losses from entry, fraction"
    )
    stop_slippage: float = Field(
        0.01,
        gt=0,
        le=1,
        description="how far from its trigger a stop-loss or take-profit may trade, fraction",
    )
    profit_share: float = Field(
        0.15, ge=0, le=1, description="share of traders who leave a take-profit order"
    )
    profit_distance: float = Field(
        0.08, gt=0, le=5, description="mean distance of take-profits from entry, fraction"
    )


@kernel
def round_number(price_usd: float) -> float:
    """Return the nearest price with three significant digits, the last a 0 or a 5.

    There stops cluster: Osler 2003, J. Finance 58, 1791-1819.
    """
    step = 10.0 ** (math.floor(math.log10(price_usd)) - 2) * 0.5
    return max(step, round(price_usd / step) * step)


@kernel
def leave_exit(
    messages: Records,
    counters: npt.NDArray[np.int64],
    when: int,
    account: int,
    instrument: int,
    held: int,
    trigger: int,
    slippage: float,
    flags: int,
) -> int:
    """Leave an order that closes ``held`` lots at a trigger price, no worse than ``slippage`` from it."""
    side = SELL if held > 0 else BUY
    trigger = max(1, trigger)
    worst = max(1, int(trigger * (1.0 + (1 - 2 * side) * slippage)))
    order_id = send(
        messages, counters, when, account, instrument, IOC, side, abs(held), worst, flags | REDUCE_ONLY
    )
    row = messages[counters[0] - 1]
    row.trigger = trigger
    row.source = STOP
    return order_id


@kernel
def leave_exits(
    t: np.record,
    p: np.record,
    held: int,
    entry_usd: float,
    mid_usd: float,
    tick: float,
    messages: Records,
    counters: npt.NDArray[np.int64],
    stop_draw: float,
    profit_draw: float,
    when: int,
) -> None:
    """Leave the stop-loss and take-profit that trader ``t`` uses, unless the price is already beyond them."""
    way = 1.0 if held > 0 else -1.0
    if t.uses_stop & 1:
        price = round_number(entry_usd * math.exp(-way * p.stop_distance * (0.4 + 0.6 * stop_draw)))
        if (mid_usd - price) * way > 0.0:
            flags = TRIGGER_ON_MARK if held > 0 else TRIGGER_ON_MARK | TRIGGER_RISING
            t.stop_id = leave_exit(
                messages,
                counters,
                when,
                t.account,
                t.instrument,
                held,
                int(price / tick),
                p.stop_slippage,
                flags,
            )
    if t.uses_stop & 2:
        price = round_number(entry_usd * math.exp(way * p.profit_distance * (0.4 + 0.6 * profit_draw)))
        if (price - mid_usd) * way > 0.0:
            flags = TRIGGER_RISING if held > 0 else 0
            t.profit_id = leave_exit(
                messages,
                counters,
                when,
                t.account,
                t.instrument,
                held,
                int(price / tick),
                p.stop_slippage,
                flags,
            )
    t.exits_left = 1


@kernel
def cancel_exits(t: np.record, messages: Records, counters: npt.NDArray[np.int64], when: int) -> None:
    """Take back the stop-loss and take-profit of a position that is no longer there."""
    if t.stop_id > 0:
        send_cancel(messages, counters, when, t.account, t.instrument, t.stop_id)
    if t.profit_id > 0:
        send_cancel(messages, counters, when, t.account, t.instrument, t.profit_id)
    t.stop_id = 0
    t.profit_id = 0
    t.exits_left = 0


@kernel
def work(
    t: np.record,
    held: int,
    slippage: float,
    price_usd: float,
    instrument: np.record,
    messages: Records,
    counters: npt.NDArray[np.int64],
    u: float,
    start_ns: int,
    step_ns: int,
) -> None:
    """Send the next slice of the order that trader ``t`` works, at the share ``u`` of the step."""
    target = t.goal if t.working == OPENING else 0
    lots = abs(target - held)
    if lots == 0 or (t.working == OPENING and abs(held) > abs(target)):
        t.working = IDLE
        return
    most = max(1, lots_for(t.clip_usd * step_ns / 6e10, price_usd, instrument.lot))
    side = BUY if target > held else SELL
    flags = REDUCE_ONLY if t.working == CLOSING else 0
    when = start_ns + int(step_ns * u)
    worst = max(1, int(price_usd * (1.0 + (1 - 2 * side) * slippage) / instrument.tick))
    send(messages, counters, when, t.account, t.instrument, IOC, side, min(lots, most), worst, flags)


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
    most_entries = EAGERNESS_LIMIT * p.entry_per_hour * step_h
    for j in range(len(traders)):
        t = traders[j]
        seen = view[t.instrument]
        instrument = instruments[t.instrument]
        held = position[t.instrument, t.account]
        mood = sentiment[j] * t.susceptibility
        if held != t.held:
            if abs(held) < abs(t.held) and t.working == OPENING:
                t.working = IDLE
            if held == 0 or t.held == 0 or (held > 0) != (t.held > 0):
                cancel_exits(t, messages, counters, start_ns)
            t.held = held
        if t.working == IDLE and held != 0:
            if t.exits_left == 0 and t.uses_stop != 0:
                entry_usd = entry_value[t.instrument, t.account] / (held * instrument.lot * 1e6)
                stop_draw = exponential(key, j, index, 10)
                profit_draw = exponential(key, j, index, 11)
                leave_exits(
                    t, p, held, entry_usd, seen.mid, instrument.tick,
                    messages, counters, stop_draw, profit_draw, start_ns,
                )  # fmt: skip
            against = max(0.0, -mood if held > 0 else mood)
            rate = 1.0 / p.hold_hours + p.panic_per_hour * against * against
            if happens(uniform(key, j, index, 0), rate * step_h):
                t.working = CLOSING
        elif t.working == IDLE:
            draw = uniform(key, j, index, 2)
            if draw < most_entries:
                pull = (
                    p.momentum_weight * math.tanh(seen.momentum_slow / p.momentum_scale)
                    + p.sentiment_weight * mood
                    + p.bullishness
                )
                eagerness = min(EAGERNESS_LIMIT, math.exp(abs(pull) - abs(p.bullishness)))
                if happens(draw, p.entry_per_hour * eagerness * step_h):
                    notional = MARGIN_USED * t.leverage * min(cash[t.account] / 1e6, t.wealth_usd)
                    side = BUY if uniform(key, j, index, 4) < 0.5 + 0.5 * math.tanh(pull) else SELL
                    t.goal = (1 - 2 * side) * lots_for(notional, seen.mid, instrument.lot)
                    t.working = OPENING
        if t.working != IDLE:
            u = uniform(key, j, index, 1)
            work(t, held, p.slippage, seen.screen, instrument, messages, counters, u, start_ns, step_ns)


class LeveragedRetail(CrowdAgent):
    """One leveraged retail trader; see `RetailParameters`."""

    crowd: "LeveragedRetailTraders"

    instrument = Column()
    leverage = Column()
    wealth_usd = Column()
    susceptibility = Column()
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
        self,
        parameters: RetailParameters,
        table: Records,
        sentiment: npt.NDArray[np.float64],
        seed: int,
        exchange: int = 0,
    ) -> None:
        self.sentiment = sentiment
        share = parameters.in_position
        super().__init__(
            parameters,
            table,
            seed,
            exchange,
            entry_per_hour=share / max(1e-9, 1.0 - share) / parameters.hold_hours,
            bullishness=2.0 * (parameters.long_share - 0.5),
        )

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
