"""The whale: one large account that sells short on a schedule and covers into the fall.

The order is sliced evenly in time (TWAP). A lucky whale sells at the times that the scenario gives, whatever
comes. An informed one is told of news ahead: it sells from then until the news is out, and does nothing when
there is no bad news. It covers once the price has fallen far enough below its average entry, at most
as fast as it is told to.
"""

import math

import numpy as np
import numpy.typing as npt
from pydantic import Field

from abm.book.messages import BUY, MARKET, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.outbox import send
from abm.random_streams import uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, lots_for

whale_dtype = np.dtype(
    [
        ("account", "i4"),
        ("instrument", "i2"),
        ("target_usd", "f8"),  # short to build
        ("owed_usd", "f8"),  # part of the schedule not yet sent
        ("covering", "i1"),
    ],
    align=True,
)


class WhaleParameters(Parameters):
    """The whale."""

    short_over_depth: float = Field(
        1.5,
        ge=0,
        le=1000,
        description="short to build in each perpetual it trades, over one-sided depth within 1 %",
    )
    informed: bool = Field(
        False,
        description="whether it sells because it is told of bad news ahead, from then until the news is out; "
        "else by `start_s` and `end_s`, whatever comes",
    )
    start_s: float = Field(0.0, ge=0, description="start of selling, seconds from the start of the run")
    end_s: float = Field(3600.0, gt=0, description="end of selling, seconds from the start of the run")
    cover_below: float = Field(
        0.06, gt=0, lt=1, description="fall below average entry at which it begins to cover"
    )
    cover_s: float = Field(1800.0, gt=0, le=1e6, description="time in which it buys back, seconds")
    leverage: int = Field(5, ge=1, le=125, description="leverage of the account")
    venue: str = Field("", description="name of the exchange it trades on; empty = the hub")


@kernel
def decide_whale(
    whales: Records,
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    entry_value: npt.NDArray[np.int64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
) -> None:
    """Sell on schedule, then buy back into the fall."""
    p = parameters[0]
    step_s = step_ns / 1e9
    start_s = start_ns / 1e9
    for w in range(len(whales)):
        whale = whales[w]
        i = whale.instrument
        seen = view[i]
        instrument = instruments[i]
        held = position[i, whale.account]
        overlap = max(0.0, min(start_s + step_s, p.end_s) - max(start_s, p.start_s))
        whale.owed_usd += whale.target_usd * overlap / (p.end_s - p.start_s)
        if held < 0:
            entry = entry_value[i, whale.account] / (held * instrument.lot * 1e6)
            if seen.mid < entry * (1.0 - p.cover_below):
                whale.covering = 1
        when = start_ns + int(step_ns * uniform(key, w, index, 0))
        if whale.covering == 1:
            whale.owed_usd = 0.0
            lots = min(-held, math.ceil(whale.target_usd / (seen.mid * instrument.lot) * step_s / p.cover_s))
            if lots > 0:
                send(messages, counters, when, whale.account, i, MARKET, BUY, lots, 0, REDUCE_ONLY)
        else:
            lots = lots_for(whale.owed_usd, seen.mid, instrument.lot)
            if lots > 0:
                whale.owed_usd -= lots * instrument.lot * seen.mid
                send(messages, counters, when, whale.account, i, MARKET, SELL, lots, 0, 0)


class Whale(CrowdAgent):
    """A large trader; see `WhaleParameters`."""

    instrument = Column()
    target_usd = Column()
    covering = Column()


class Whales(Crowd):
    """The whale's positions: one row for each perpetual it trades, on one account.

    Parameters
    ----------
    parameters, table, seed, exchange
        As for every crowd.
    schedule
        Start and end of selling, seconds from the start of the run; as in the parameters when not given.
    """

    kind = "whale"
    agent_class = Whale

    def __init__(
        self,
        parameters: WhaleParameters,
        table: Records,
        seed: int,
        exchange: int = 0,
        schedule: tuple[float, float] | None = None,
    ) -> None:
        times = {} if schedule is None else {"start_s": schedule[0], "end_s": schedule[1]}
        super().__init__(parameters, table, seed, exchange, **times)

    def decide(self, sight: Sight) -> None:
        """Follow the schedule."""
        sight.outbox.reserve(len(self.table))
        decide_whale(
            self.table,
            sight.view,
            sight.instruments,
            sight.ledger.position,
            sight.ledger.entry_value,
            self._record,
            sight.outbox.messages,
            sight.outbox.counters,
            self._key,
            sight.start_ns,
            sight.step_ns,
            sight.index,
        )
