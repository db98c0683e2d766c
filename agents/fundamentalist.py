"""Fundamentalists: patient capital that buys below value and sells above it.

Each has an opinion about value, learns of changes with its own delay (of news, if the
scenario says so, by the delay and error of its information tier), and moves its holding towards a target
that grows with the mispricing beyond a threshold (the value-based demand of Farmer and Joshi 2002, JEBO 49,
149-171). It takes what the book offers near the mid and leaves the rest there as a resting order for a while:
patient bids below value, patient offers above.
"""

import math

import numpy as np
import numpy.typing as npt
from pydantic import Field

from abm.book.messages import BUY, LIMIT, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.information.tiers import Readers
from abm.instruments import SPOT
from abm.outbox import send
from abm.random_streams import uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, lots_for

fundamentalist_dtype = np.dtype(
    [
        ("account", "i4"),
        ("instrument", "i2"),
        ("opinion", "f8"),  # own log deviation from true value
        ("value_seen", "f8"),  # log value it knows of
        ("delay_s", "f8"),
        ("threshold", "f8"),  # log mispricing below which it stays put
        ("capital_usd", "f8"),
        ("holding_usd", "f8"),  # what it holds without an opinion
    ],
    align=True,
)


class FundamentalistParameters(Parameters):
    """Fundamentalists."""

    traders: int = Field(120, ge=0, le=1_000_000, description="number of fundamentalists")
    capital_over_depth: float = Field(
        21.0, ge=0, le=1000, description="what all would hold at most, over one-sided depth within 1 %"
    )
    opinion_spread: float = Field(
        0.006, ge=0, le=0.5, description="standard deviation of opinions about log value"
    )
    threshold: float = Field(0.001, ge=0, le=0.5, description="mean log mispricing needed before acting")
    full_at: float = Field(0.15, gt=0, le=1, description="log mispricing at which all capital is used")
    demand_power: float = Field(
        1.25,
        gt=0,
        le=5,
        description="exponent of demand in the mispricing: above 1, deep discounts draw in more",
    )
    delay_s: float = Field(
        300.0, gt=0, le=1e6, description="median time to learn of a change in value, seconds"
    )
    patience_s: float = Field(
        3600.0, gt=0, le=1e6, description="time over which a gap to the target is closed, seconds"
    )
    rate_per_hour: float = Field(
        60.0, gt=0, le=3600, description="how often each looks at the market, 1/hour"
    )
    life_s: float = Field(120.0, gt=0, le=1e6, description="how long an order rests in the book, seconds")
    slippage: float = Field(
        0.003, gt=0, le=0.5, description="largest distance from the mid that is paid, fraction"
    )


@kernel
def decide_fundamentalists(
    traders: Records,
    view: Records,
    instruments: Records,
    log_value: npt.NDArray[np.float64],
    news_known: npt.NDArray[np.float64],
    position: npt.NDArray[np.int64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
) -> None:
    """Let every fundamentalist learn, compare and trade in the step.

    Parameters
    ----------
    log_value
        What each learns of with its own delay: log values, less the news that is known by tier.
    news_known
        Change of log value by news that each knows of by its tier, shape ``(traders,)``.
    """
    p = parameters[0]
    step_s = step_ns / 1e9
    looks = 1.0 - math.exp(-p.rate_per_hour / 3600.0 * step_s)
    for j in range(len(traders)):
        t = traders[j]
        i = t.instrument
        instrument = instruments[i]
        t.value_seen += (log_value[instrument.asset] - t.value_seen) * (1.0 - math.exp(-step_s / t.delay_s))
        if uniform(key, j, index, 0) >= looks:
            continue
        seen = view[i]
        believed = t.value_seen + news_known[j] + t.opinion
        gap = believed - seen.log_mid
        beyond = max(0.0, abs(gap) - t.threshold)
        wanted = (
            math.copysign(min(1.0, beyond / p.full_at) ** p.demand_power, gap) * t.capital_usd + t.holding_usd
        )
        held = position[i, t.account] * instrument.lot * seen.mid
        since_last = 3600.0 / p.rate_per_hour
        trade = (wanted - held) * (1.0 - math.exp(-max(step_s, since_last) / p.patience_s))
        if beyond == 0.0 or trade * gap < 0.0:
            trade *= 0.1
        lots = lots_for(abs(trade), seen.mid, instrument.lot)
        if lots < 1:
            continue
        side = BUY if trade > 0.0 else SELL
        sign = 1 - 2 * side
        reservation = math.exp(believed)
        reach = seen.screen * (1.0 + sign * p.slippage)
        price = max(
            1, int((min(reach, reservation) if side == BUY else max(reach, reservation)) / instrument.tick)
        )
        flags = REDUCE_ONLY if instrument.kind == SPOT and side == SELL else 0
        when = start_ns + int(step_ns * uniform(key, j, index, 1))
        send(messages, counters, when, t.account, i, LIMIT, side, lots, price, flags)
        messages[counters[0] - 1].expiry = when + int(p.life_s * 1e9)


class Fundamentalist(CrowdAgent):
    """A value investor; see `FundamentalistParameters`."""

    instrument = Column()
    opinion = Column()
    value_seen = Column()
    delay_s = Column()
    threshold = Column()
    capital_usd = Column()


class Fundamentalists(Crowd):
    """All fundamentalists of an exchange.

    Parameters
    ----------
    parameters, table, seed, exchange
        As for every crowd.
    readers
        How they learn of news; with their own delay when not given.
    """

    kind = "fundamentalist"
    agent_class = Fundamentalist

    def __init__(
        self,
        parameters: FundamentalistParameters,
        table: Records,
        seed: int,
        exchange: int = 0,
        readers: Readers | None = None,
    ) -> None:
        super().__init__(parameters, table, seed, exchange)
        self.readers = readers
        self._no_news = np.zeros(len(table))

    def decide(self, sight: Sight) -> None:
        """Move holdings towards what the mispricing asks for."""
        sight.outbox.reserve(len(self.table))
        log_value, known = sight.log_value, self._no_news
        if self.readers is not None:
            now_s = (sight.start_ns + sight.step_ns) / 1e9
            log_value = log_value - self.readers.public(now_s)
            known = self.readers.known(sight.instruments["asset"][self.table["instrument"]], now_s)
        decide_fundamentalists(
            self.table,
            sight.view,
            sight.instruments,
            log_value,
            known,
            sight.ledger.position,
            self._record,
            sight.outbox.messages,
            sight.outbox.counters,
            self._key,
            sight.start_ns,
            sight.step_ns,
            sight.index,
        )
