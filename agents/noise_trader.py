"""Noise traders: the background flow of buying and selling for reasons of their own.

They trade at a Poisson rate that rises with volatility (volume and volatility go together: Karpoff 1987, JFQA
22, 109-126), partly with marketable orders that stop at a slippage limit, since nobody who need not trade
clears out an empty book, partly with limit orders left in the book for a while. They lean against their own
inventory, so that nobody drifts away.
"""

import math

import numpy as np
import numpy.typing as npt
from pydantic import Field

from abm.book.messages import BUY, LIMIT, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.instruments import SPOT
from abm.outbox import send
from abm.random_streams import exponential, normal, uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, lots_for, poisson, take_within

noise_dtype = np.dtype(
    [("account", "i4"), ("instrument", "i2"), ("order_usd", "f8"), ("inventory_usd", "f8")], align=True
)


class NoiseParameters(Parameters):
    """Noise traders."""

    traders: int = Field(300, ge=0, le=1_000_000, description="number of noise traders")
    rate_per_hour: float = Field(12.0, gt=0, le=3600, description="orders of each in calm times, 1/hour")
    market_share: float = Field(
        0.6, gt=0, le=1, description="share of market orders; the rest are limit orders"
    )
    hourly_turnover: float = Field(
        1.0, ge=0, le=100, description="market-order volume in an hour over one-sided depth within 1 %"
    )
    size_spread: float = Field(1.0, ge=0, le=3, description="standard deviation of log order size")
    slippage: float = Field(
        0.003, gt=0, le=0.5, description="farthest from the mid that a market order may trade, fraction"
    )
    limit_distance: float = Field(
        0.002, gt=0, le=0.2, description="mean distance of limit orders from the mid, fraction"
    )
    limit_life_s: float = Field(600.0, gt=0, le=1e6, description="life of a limit order, seconds")
    volatility_power: float = Field(
        0.9, ge=0, le=2, description="exponent of activity on volatility over its normal"
    )
    activity_limit: float = Field(20.0, ge=1, le=1000, description="largest multiple of the calm rate")


@kernel
def decide_noise(
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
    """Let every noise trader act in the step."""
    p = parameters[0]
    step_s = step_ns / 1e9
    for j in range(len(traders)):
        t = traders[j]
        i = t.instrument
        seen = view[i]
        instrument = instruments[i]
        excess = seen.volatility / seen.volatility_slow
        activity = min(p.activity_limit, max(0.3, excess) ** p.volatility_power)
        n = poisson(uniform(key, j, index, 0), p.rate_per_hour / 3600.0 * activity * step_s)
        held = position[i, t.account] * instrument.lot * seen.mid
        for k in range(n):
            base = 8 * k
            when = start_ns + int(step_ns * uniform(key, j, index, base + 1))
            lean = math.tanh((held - t.inventory_usd) / (4.0 * t.order_usd))
            side = BUY if uniform(key, j, index, base + 2) < 0.5 - 0.45 * lean else SELL
            draw = normal(key, j, index, base + 3)
            size = t.order_usd * math.exp(p.size_spread * draw - 0.5 * p.size_spread * p.size_spread)
            lots = lots_for(size, seen.mid, instrument.lot)
            if lots < 1:
                continue
            flags = REDUCE_ONLY if instrument.kind == SPOT and side == SELL else 0
            if uniform(key, j, index, base + 5) < p.market_share:
                take_within(
                    messages, counters, when, t.account, i, instrument, side, lots, seen.screen, p.slippage,
                    flags,
                )  # fmt: skip
            else:
                sign = 1 - 2 * side
                away = p.limit_distance * exponential(key, j, index, base + 6)
                price = int(seen.screen * (1.0 - sign * away) / instrument.tick)
                send(messages, counters, when, t.account, i, LIMIT, side, lots, max(1, price), flags)
                messages[counters[0] - 1].expiry = when + int(p.limit_life_s * 1e9)


class NoiseTrader(CrowdAgent):
    """A trader without information; see `NoiseParameters`."""

    instrument = Column()
    order_usd = Column()
    inventory_usd = Column()


class NoiseTraders(Crowd):
    """All noise traders of a run."""

    kind = "noise_trader"
    agent_class = NoiseTrader

    def decide(self, sight: Sight) -> None:
        """Trade at random times within the step."""
        sight.outbox.reserve(20 * len(self.table))
        decide_noise(
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
