"""Leveraged retail: many small accounts, each with its own leverage, in one perpetual.

A trader without a position enters at a rate that grows with momentum and sentiment, long or short as they
point (`agents.retail.entry`). A trader with a position leaves after a while, sooner when the crowd's mood
turns against it (`agents.retail.holding`); many leave a stop-loss in the book, at a round number, and some a
take-profit (`agents.retail.exits`). Whoever does neither is left to the liquidation engine.
"""

import math

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.information.tiers import Readers
from abm.measures.disposition import Disposition
from abm.random_streams import uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, happens, lots_for, take_within
from agents.retail.entry import (
    EAGERNESS_LIMIT,
    SIZINGS,
    enter_otherwise,
    look_back,
    momentum,
    news_pull,
    set_goal,
)
from agents.retail.exits import cancel_exits, leave_exits
from agents.retail.holding import gives_up, look_after, patience, profit_of
from agents.retail.parameters import RetailParameters
from agents.retail.state import CLOSING, IDLE

HOUR_NS = 3_600_000_000_000


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
    target = 0 if t.working == CLOSING else t.goal
    lots = abs(target - held)
    if lots == 0 or (t.working != CLOSING and abs(held) > abs(target)):
        t.working = IDLE
        return
    most = max(1, lots_for(t.clip_usd * step_ns / 6e10, price_usd, instrument.lot))
    side = BUY if target > held else SELL
    flags = REDUCE_ONLY if t.working == CLOSING else 0
    when = start_ns + int(step_ns * u)
    take_within(
        messages, counters, when, t.account, t.instrument, instrument, side, min(lots, most), price_usd,
        slippage, flags,
    )  # fmt: skip


@kernel
def decide_retail(
    traders: Records,
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    entry_value: npt.NDArray[np.int64],
    isolated_margin: npt.NDArray[np.int64],
    cash: npt.NDArray[np.int64],
    sentiment: npt.NDArray[np.float64],
    hour_average: npt.NDArray[np.float64],
    peak: npt.NDArray[np.float64],
    items: Records,
    effect: npt.NDArray[np.float64],
    news_key: np.uint64,
    realised: npt.NDArray[np.int64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
) -> None:
    """Let every retail trader act in the step.

    Parameters
    ----------
    hour_average, peak
        Of each instrument: the last hour's average of the log mid, and the highest mid so far.
    items, effect, news_key
        News as these traders read it (`abm.information.tiers.Readers`).
    realised
        Decisions to close in profit and at a loss so far, shape ``(2,)``.
    """
    p = parameters[0]
    step_h = step_ns / 3.6e12
    now_s = (start_ns + step_ns) / 1e9
    most_entries = EAGERNESS_LIMIT * p.entry_per_hour * step_h
    cares = p.average_down_per_hour > 0.0 or p.top_up_per_hour > 0.0
    minds = cares or p.disposition != 1.0
    otherwise = p.chase_per_hour > 0.0 or p.dip_share > 0.0
    look_back(view, hour_average, peak, step_ns / 1e9)
    for j in range(len(traders)):
        t = traders[j]
        seen = view[t.instrument]
        instrument = instruments[t.instrument]
        held = position[t.instrument, t.account]
        mood = sentiment[j] * t.susceptibility
        if held != t.held:
            if abs(held) < abs(t.held) and t.working != CLOSING:
                t.working = IDLE
            if held == 0 or t.held == 0 or (held > 0) != (t.held > 0):
                cancel_exits(t, messages, counters, start_ns)
            t.held = held
        if t.working == IDLE and held != 0:
            if t.exits_left == 0 and t.uses_stop != 0:
                entry_usd = entry_value[t.instrument, t.account] / (held * instrument.lot * 1e6)
                leave_exits(
                    t, p, held, entry_usd, seen.mid, instrument.tick,
                    messages, counters, key, j, index, start_ns,
                )  # fmt: skip
            against = max(0.0, -mood if held > 0 else mood)
            rate = 1.0 / p.hold_hours
            if minds:
                profit = profit_of(held, seen.mid, instrument.lot, entry_value[t.instrument, t.account])
                rate *= patience(p, profit)
                if cares and profit < 0.0:
                    look_after(
                        t, p, held, seen.mid, instrument.lot, profit, cash, entry_value, isolated_margin,
                        messages, counters, key, j, index, step_h, start_ns,
                    )  # fmt: skip
            rate += p.panic_per_hour * against * against
            if happens(uniform(key, j, index, 0), rate * step_h):
                t.working = CLOSING
                profit = profit_of(held, seen.mid, instrument.lot, entry_value[t.instrument, t.account])
                realised[0 if profit > 0.0 else 1] += 1
        elif t.working == IDLE:
            draw = uniform(key, j, index, 2)
            if draw < most_entries:
                pull = (
                    p.momentum_weight * momentum(p, seen, hour_average[t.instrument])
                    + p.sentiment_weight * mood
                    + p.bullishness
                )
                if p.news_weight > 0.0:
                    pull += news_pull(p, items, effect, instrument.asset, news_key, j, now_s)
                eagerness = min(EAGERNESS_LIMIT, math.exp(abs(pull) - abs(p.bullishness)))
                if happens(draw, p.entry_per_hour * eagerness * step_h):
                    side = BUY if uniform(key, j, index, 4) < 0.5 + 0.5 * math.tanh(pull) else SELL
                    set_goal(t, p, side, pull, cash[0, t.account], seen, instrument.lot)
            if otherwise and t.working == IDLE:
                enter_otherwise(
                    t, p, seen, instrument.lot, hour_average[t.instrument], peak[t.instrument], cash,
                    key, j, index, step_h,
                )  # fmt: skip
        elif cares:
            gives_up(t, key, j, index, step_h)
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
    """All leveraged retail traders of an exchange.

    Parameters
    ----------
    parameters, table, seed, exchange
        As for every crowd.
    moods
        Sentiment of everybody on the social graph, shape ``(nodes,)``; the social herd moves it.
    price_usd
        Price of each instrument at the start, shape ``(instruments,)``.
    readers
        How they learn of news; they read none when not given.
    first_node
        Place of the first trader among the nodes.

    Attributes
    ----------
    trades
        Gains and losses, realised by choice and on paper, each counted at the end of an hour in which
        anybody chose to close a position (`abm.measures.disposition`): the crowd is taken as one account,
        since each trader has one position.
    """

    kind = "leveraged_retail"
    agent_class = LeveragedRetail

    def __init__(
        self,
        parameters: RetailParameters,
        table: Records,
        moods: npt.NDArray[np.float64],
        price_usd: npt.NDArray[np.float64],
        seed: int,
        exchange: int = 0,
        readers: Readers | None = None,
        first_node: int = 0,
    ) -> None:
        self.moods = moods
        self.first_node = first_node
        self.readers = readers or Readers((), 1, seed, f"{self.kind} {exchange}")
        self.trades = Disposition(0, 0, 0, 0)
        self._realised = np.zeros(2, np.int64)
        self._hour_average = np.log(price_usd)
        self._peak = price_usd.copy()
        share = parameters.in_position
        super().__init__(
            parameters,
            table,
            seed,
            exchange,
            entry_per_hour=share / max(1e-9, 1.0 - share) / parameters.hold_hours,
            bullishness=2.0 * (parameters.long_share - 0.5),
            kelly=SIZINGS[parameters.sizing],
        )

    @property
    def sentiment(self) -> npt.NDArray[np.float64]:
        """Present sentiment of each trader, shape ``(traders,)``."""
        # cut out anew each time: in a copy of the model a view that was kept would show other memory
        return self.moods[self.first_node : self.first_node + len(self.table)]

    def decide(self, sight: Sight) -> None:
        """Enter, leave, add, top up, place and remove stops."""
        sight.outbox.reserve(5 * len(self.table))
        ledger = sight.ledger
        decide_retail(
            self.table,
            sight.view,
            sight.instruments,
            ledger.position,
            ledger.entry_value,
            ledger.isolated_margin,
            ledger.cash,
            self.sentiment,
            self._hour_average,
            self._peak,
            self.readers.items,
            self.readers.effect,
            self.readers.key,
            self._realised,
            self._record,
            sight.outbox.messages,
            sight.outbox.counters,
            self._key,
            sight.start_ns,
            sight.step_ns,
            sight.index,
        )
        if (sight.start_ns + sight.step_ns) // HOUR_NS != sight.start_ns // HOUR_NS and self._realised.any():
            self._count_trades(sight)

    def _count_trades(self, sight: Sight) -> None:
        """Add the past hour to `trades`: what was realised in it, and what stands on paper at its end."""
        i, a = self.table["instrument"].astype(np.int64), self.table["account"].astype(np.int64)
        held = sight.ledger.position[i, a]
        value = held * (sight.instruments["lot"] * sight.view["mid"])[i]
        profit = value - sight.ledger.entry_value[i, a] / 1e6
        keeps = (held != 0) & (self.table["working"] != CLOSING)
        gains, losses = int((keeps & (profit > 0.0)).sum()), int((keeps & (profit < 0.0)).sum())
        self.trades += Disposition(int(self._realised[0]), gains, int(self._realised[1]), losses)
        self._realised[:] = 0
