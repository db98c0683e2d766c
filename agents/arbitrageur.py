"""Arbitrageurs: they carry prices between two markets of one coin, as far as their capital goes.

A pair is a perpetual and, on the same exchange or another, spot or another perpetual. When the first is
cheaper than the second beyond costs they buy it and sell the second, and the other way round, with orders
that stop at the price that still pays. Many are short the perpetual against spot from the start: the other
side of a crowd that is long with leverage. A desk that has lost one leg (deleveraged, liquidated, an order
that did not fill) trades the other until it is even. Where a feed lags it does not trade.
"""

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from pydantic import Field

from abm.book.messages import BUY, IOC, REDUCE_ONLY, SELL, Records
from abm.compiled import for_kernels, kernel
from abm.instruments import SPOT
from abm.outbox import send
from abm.random_streams import uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, Row, lots_for

arbitrageur_dtype = np.dtype(
    [
        ("account", "i4"),  # on the exchange of the perpetual
        ("other_account", "i4"),  # on the exchange of the other leg
        ("perpetual", "i2"),
        ("other", "i2"),
        ("exchange", "i2"),  # of the perpetual
        ("other_exchange", "i2"),
        ("capital_usd", "f8"),
        ("home", "f8"),  # short in the perpetual held against the other leg from the start, units
        ("clip_usd", "f8"),  # size of one trade
        ("threshold", "f8"),  # log gap beyond which a trade pays
        ("net", "f8"),  # both legs together when even, units of the asset
    ],
    align=True,
)


class ArbitrageurParameters(Parameters):
    """Arbitrageurs between spot and perpetual, and between exchanges."""

    traders: int = Field(24, ge=1, le=1_000_000, description="number of arbitrageurs on each exchange")
    capital_over_depth: float = Field(
        10.0, ge=0, le=1000, description="position that all can add or shed, over one-sided depth within 1 %"
    )
    threshold: float = Field(0.0008, ge=0, le=0.5, description="smallest gap acted on, fraction of the price")
    clip_over_depth: float = Field(
        0.02, gt=0, le=10, description="size of one trade over one-sided depth within 1 %"
    )
    rate_per_hour: float = Field(360.0, gt=0, le=36000, description="how often each looks, 1/hour")
    uneven_limit: float = Field(
        2.0, gt=0, le=1000, description="difference between the legs that is left alone, over one trade"
    )
    stale_feed_s: float = Field(5.0, gt=0, le=1e5, description="feed delay beyond which it does not trade")
    rebalance_s: float = Field(
        300.0, gt=0, le=1e6, description="time between two looks at where its money is, seconds"
    )
    rebalance_below: float = Field(
        0.25, ge=0, le=0.5, description="share of its money on one exchange below which it sends some there"
    )


@kernel
def take(
    messages: Records,
    counters: npt.NDArray[np.int64],
    when: int,
    account: int,
    instrument: int,
    terms: Row,
    side: int,
    usd: float,
    mid: float,
    limit_usd: float,
) -> None:
    """Send an order for ``usd`` that trades no worse than ``limit_usd``."""
    lots = lots_for(usd, mid, terms.lot)
    if lots > 0:
        raw = limit_usd / terms.tick
        price = max(1, int(raw) if side == BUY else math.ceil(raw))
        flags = REDUCE_ONLY if terms.kind == SPOT and side == SELL else 0
        send(messages, counters, when, account, instrument, IOC, side, lots, price, flags)


@kernel
def decide_arbitrageurs(
    traders: Records,
    first: int,
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    messages: Records,
    counters: npt.NDArray[np.int64],
    other_view: Records,
    other_instruments: Records,
    other_position: npt.NDArray[np.int64],
    other_messages: Records,
    other_counters: npt.NDArray[np.int64],
    parameters: Records,
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
) -> None:
    """Trade the gap where it pays, and even out legs; ``traders`` all work between the same exchanges."""
    p = parameters[0]
    looks = 1.0 - math.exp(-p.rate_per_hour / 3600.0 * step_ns / 1e9)
    for j in range(len(traders)):
        if uniform(key, first + j, index, 0) >= looks:
            continue
        t = traders[j]
        here = view[t.perpetual]
        there = other_view[t.other]
        if here.bid == 0 or here.ask == 0 or there.bid == 0 or there.ask == 0:
            continue
        terms = instruments[t.perpetual]
        other_terms = other_instruments[t.other]
        held = position[t.perpetual, t.account] * terms.lot
        other_held = other_position[t.other, t.other_account] * other_terms.lot
        when = start_ns + int(step_ns * uniform(key, first + j, index, 1))
        uneven = (held + other_held - t.net) * here.mid
        if abs(uneven) > p.uneven_limit * t.clip_usd:
            side = SELL if uneven > 0.0 else BUY
            usd = min(abs(uneven), 3.0 * t.clip_usd)
            limit = there.mid * (1.0 - (2 * side - 1) * 4.0 * t.threshold)
            take(
                other_messages, other_counters, when, t.other_account, t.other, other_terms, side, usd,
                there.mid, limit,
            )  # fmt: skip
            continue
        gap = here.log_mid - there.log_mid
        if abs(gap) < t.threshold:
            continue
        direction = -1.0 if gap > 0.0 else 1.0
        room = max(0.0, 1.0 - direction * (held + t.home) * here.mid / t.capital_usd)
        usd = t.clip_usd * min(1.0, room) * min(3.0, abs(gap) / t.threshold)
        middle = 0.5 * (here.log_mid + there.log_mid)
        pay = math.exp(middle - 0.5 * t.threshold)
        get = math.exp(middle + 0.5 * t.threshold)
        side = BUY if direction > 0.0 else SELL
        take(
            messages, counters, when, t.account, t.perpetual, terms, side, usd, here.mid,
            pay if side == BUY else get,
        )  # fmt: skip
        take(
            other_messages, other_counters, when, t.other_account, t.other, other_terms, SELL - side, usd,
            there.mid, get if side == BUY else pay,
        )  # fmt: skip


class Arbitrageur(CrowdAgent):
    """A desk between two markets; see `ArbitrageurParameters`."""

    perpetual = Column()
    other = Column()
    exchange = Column()
    other_exchange = Column()
    capital_usd = Column()
    threshold = Column()


class Arbitrageurs(Crowd):
    """All arbitrageurs of a run, grouped by the exchanges that they work between."""

    parameters: ArbitrageurParameters
    kind = "arbitrageur"
    agent_class = Arbitrageur

    def __init__(self, parameters: ArbitrageurParameters, table: Records, seed: int) -> None:
        super().__init__(parameters, table, seed)
        self._stale_feed_s = parameters.stale_feed_s
        pairs = np.stack([table["exchange"], table["other_exchange"]], axis=1)
        edges = np.flatnonzero(np.any(np.diff(pairs, axis=0) != 0, axis=1)) + 1
        bounds = [0, *edges.tolist(), len(table)]
        self._since_transfer_s = 0.0
        self._arrival_ns = np.zeros(len(table), np.int64)
        self._groups = [slice(a, b) for a, b in pairwise(bounds) if b > a]

    def decide(self, sight: Sight) -> None:
        """Compare the two legs of every pair and trade the gap; move money where it is short."""
        self._since_transfer_s += sight.step_s
        moves_money = self._since_transfer_s >= self.parameters.rebalance_s
        for group in self._groups:
            first = self.table[group.start]
            here = sight.elsewhere[first["exchange"]]
            there = sight.elsewhere[first["other_exchange"]]
            if moves_money and here is not there:
                self._rebalance(group, sight)
            if max(here.feed_delay_s, there.feed_delay_s) > self._stale_feed_s:
                continue
            here.outbox.reserve(2 * (group.stop - group.start))
            there.outbox.reserve(2 * (group.stop - group.start))
            decide_arbitrageurs(
                for_kernels(self.table[group]),
                group.start,
                here.view,
                here.instruments,
                here.ledger.position,
                here.outbox.messages,
                here.outbox.counters,
                there.view,
                there.instruments,
                there.ledger.position,
                there.outbox.messages,
                there.outbox.counters,
                self._record,
                self._key,
                sight.start_ns,
                sight.step_ns,
                sight.index,
            )
        if moves_money:
            self._since_transfer_s = 0.0

    def _rebalance(self, group: slice, sight: Sight) -> None:
        """Send half the difference to the account that has too small a share of a desk's cash.

        A desk waits for what is on its way, and leaves behind what backs its position.
        """
        if sight.transfers is None:
            return
        for row in range(group.start, group.stop):
            desk = self.table[row]
            if sight.start_ns < self._arrival_ns[row]:
                continue
            ends = (
                (int(desk["exchange"]), int(desk["account"]), int(desk["perpetual"])),
                (int(desk["other_exchange"]), int(desk["other_account"]), int(desk["other"])),
            )
            cash = [int(sight.elsewhere[e].ledger.cash[0, account]) for e, account, _ in ends]
            poor = int(cash[1] < cash[0])
            rich, total = 1 - poor, sum(cash)
            if total <= 0 or cash[poor] >= self.parameters.rebalance_below * total:
                continue
            spare = cash[rich] - margin_in_use(sight.elsewhere[ends[rich][0]], *ends[rich][1:])
            amount = min((cash[rich] - max(0, cash[poor])) // 2, spare)
            if amount > 0 and sight.transfers.send(
                sight.elsewhere, ends[rich][:2], ends[poor][:2], amount, sight.start_ns
            ):
                self._arrival_ns[row] = sight.start_ns + round(sight.transfers.delay_s * 1e9)


def margin_in_use(sight: Sight, account: int, instrument: int) -> int:
    """Return the initial margin of a position at the mid, millionths; 0 for spot."""
    terms = sight.instruments[instrument]
    if terms["kind"] == SPOT:
        return 0
    units = abs(float(sight.ledger.position[instrument, account] * terms["lot"]))
    gearing = float(sight.ledger.leverage[instrument, account])
    return math.ceil(units * float(sight.view["mid"][instrument]) / gearing * 1e6)
