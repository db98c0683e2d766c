"""Arbitrageurs: they carry prices between spot and perpetual, as far as their capital goes.

When the perpetual is cheaper than spot beyond costs they buy it and sell spot, and the other way round, with
orders that stop at the price that still pays. Many are short the perpetual against spot from the start: the
other side of a crowd that is long with leverage.
"""

import math

import numpy as np
import numpy.typing as npt
from pydantic import Field

from abm.book.messages import BUY, IOC, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.outbox import send
from abm.random_streams import uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, lots_for

arbitrageur_dtype = np.dtype(
    [
        ("account", "i4"),
        ("spot", "i2"),
        ("perpetual", "i2"),
        ("capital_usd", "f8"),
        ("home_usd", "f8"),  # short in the perpetual held against spot from the start
        ("clip_usd", "f8"),  # size of one trade
        ("threshold", "f8"),  # log basis beyond which a trade pays
    ],
    align=True,
)


class ArbitrageurParameters(Parameters):
    """Arbitrageurs between spot and perpetual."""

    traders: int = Field(24, ge=1, le=1_000_000, description="number of arbitrageurs")
    capital_over_depth: float = Field(
        10.0, ge=0, le=1000, description="position that all can add or shed, over one-sided depth within 1 %"
    )
    threshold: float = Field(
        0.0008, ge=0, le=0.5, description="smallest basis acted on, fraction of the price"
    )
    clip_over_depth: float = Field(
        0.02, gt=0, le=10, description="size of one trade over one-sided depth within 1 %"
    )
    rate_per_hour: float = Field(360.0, gt=0, le=36000, description="how often each looks, 1/hour")


@kernel
def decide_arbitrageurs(
    traders: Records,
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
) -> None:
    """Trade the basis where it pays."""
    p = parameters[0]
    looks = 1.0 - math.exp(-p.rate_per_hour / 3600.0 * step_ns / 1e9)
    for j in range(len(traders)):
        if uniform(key, j, index, 0) >= looks:
            continue
        t = traders[j]
        spot = view[t.spot]
        perpetual = view[t.perpetual]
        if spot.bid == 0 or spot.ask == 0 or perpetual.bid == 0 or perpetual.ask == 0:
            continue
        basis = perpetual.log_mid - spot.log_mid
        if abs(basis) < t.threshold:
            continue
        spot_row = instruments[t.spot]
        perpetual_row = instruments[t.perpetual]
        shifted = position[t.perpetual, t.account] * perpetual_row.lot * perpetual.mid + t.home_usd
        direction = -1.0 if basis > 0.0 else 1.0
        room = max(0.0, 1.0 - direction * shifted / t.capital_usd)
        size = t.clip_usd * min(1.0, room) * min(3.0, abs(basis) / t.threshold)
        middle = 0.5 * (perpetual.log_mid + spot.log_mid)
        when = start_ns + int(step_ns * uniform(key, j, index, 1))
        pay = math.exp(middle - 0.5 * t.threshold)
        get = math.exp(middle + 0.5 * t.threshold)
        if direction > 0.0:
            lots = lots_for(size, perpetual.mid, perpetual_row.lot)
            if lots > 0:
                send(
                    messages,
                    counters,
                    when,
                    t.account,
                    t.perpetual,
                    IOC,
                    BUY,
                    lots,
                    int(pay / perpetual_row.tick),
                    0,
                )
            lots = lots_for(size, spot.mid, spot_row.lot)
            if lots > 0:
                price = math.ceil(get / spot_row.tick)
                send(messages, counters, when, t.account, t.spot, IOC, SELL, lots, price, REDUCE_ONLY)
        else:
            lots = lots_for(size, perpetual.mid, perpetual_row.lot)
            if lots > 0:
                price = math.ceil(get / perpetual_row.tick)
                send(messages, counters, when, t.account, t.perpetual, IOC, SELL, lots, price, 0)
            lots = lots_for(size, spot.mid, spot_row.lot)
            if lots > 0:
                send(messages, counters, when, t.account, t.spot, IOC, BUY, lots, int(pay / spot_row.tick), 0)


class Arbitrageur(CrowdAgent):
    """A basis trader; see `ArbitrageurParameters`."""

    spot = Column()
    perpetual = Column()
    capital_usd = Column()
    threshold = Column()


class Arbitrageurs(Crowd):
    """All arbitrageurs of a run."""

    kind = "arbitrageur"
    agent_class = Arbitrageur

    def decide(self, sight: Sight) -> None:
        """Compare spot and perpetual and trade the gap."""
        sight.outbox.reserve(2 * len(self.table))
        decide_arbitrageurs(
            self.table,
            sight.view,
            sight.instruments,
            sight.ledger.position,
            self._record,
            sight.outbox.messages,
            sight.outbox.counters,
            self._key,
            sight.start_ns,
            sight.step_ns,
            sight.index,
        )
