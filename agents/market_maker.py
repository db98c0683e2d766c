"""Market makers: they quote a ladder on every instrument, and stop when their own limits say so.

The centre of the ladder is a belief about the fair price that learns from the mid (others may know more),
from news about value and from the leading asset. In calm times it rests on value; the more volatile the
market, the more makers trust the tape and the less their own model (volatility over normal multiplies the one
rate and divides the other). The centre is shifted against inventory as in Avellaneda and Stoikov (2008,
Quantitative Finance 8, 217-224). What is bought or sold on a side is shown again only after a while. Size
shrinks and the ladder widens quickly as volatility exceeds its normal, and returns slowly. A maker withdraws
from an instrument when the feed is stale or when size times volatility breaks its risk limit (volatility rose
faster than it could cut), and from everything when it has lost too much. It comes back at a random time, with
less size.
"""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from abm.book.messages import BUY, POST_ONLY, REDUCE_ONLY, SELL, Records
from abm.book.queries import open_lots
from abm.compiled import for_kernels, kernel
from abm.instruments import SPOT
from abm.outbox import send, send_cancel
from abm.random_streams import uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, Row, lots_for

QUOTING, STALE_FEED, VOLATILITY, LOSS = 0, 1, 2, 3
REASONS = {STALE_FEED: "stale feed", VOLATILITY: "risk limit", LOSS: "loss limit"}

LEVELS = np.array([0.0001, 0.0003, 0.0008, 0.002, 0.004, 0.007, 0.0115, 0.02, 0.033, 0.05])
"""Distances of the ladder's levels beyond the half-spread, fractions of the price."""
LEAST_APPETITE = 0.02
"""Smallest factor on a side that has been traded against."""
DEPTH_SHAPE = 1.15
"""Exponent of cumulative depth in distance: 1.13-1.16 on 21 coins (min66633/liquidation-cascade-research)."""

maker_dtype = np.dtype(
    [
        ("account", "i4"),
        ("capital_usd", "f8"),
        ("risk_limit", "f8"),  # largest size times volatility over normal that it bears
        ("stretch", "f8"),  # own factor on ladder distances
        ("average_equity", "f8"),  # USD
    ],
    align=True,
)
quote_dtype = np.dtype(
    [
        ("fair", "f8"),  # log price
        ("value_seen", "f8"),  # log value
        ("leader_seen", "f8"),  # log mid of the leading instrument less its value
        ("size_factor", "f8"),  # factor on calm size, 0 to 1
        ("bid_appetite", "f8"),  # factor on what it bids for, less after it has bought, 0 to 1
        ("ask_appetite", "f8"),
        ("held", "i8"),  # lots at the last look
        ("depth_usd", "f8"),  # calm size within 1 %, one side
        ("home_usd", "f8"),  # inventory held for quoting the other side (spot)
        ("state", "i1"),  # QUOTING or the reason of withdrawal
    ],
    align=True,
)
level_dtype = np.dtype([("id", "i8"), ("price", "i8"), ("lots", "i8"), ("sent_ns", "i8")], align=True)


class MarketMakerParameters(Parameters):
    """Market makers."""

    makers: int = Field(6, ge=0, le=1000, description="number of market makers")
    half_spread: float = Field(
        0.00008, gt=0, le=0.1, description="half-spread in calm times, fraction of the price"
    )
    follow_s: float = Field(
        60.0,
        gt=0,
        le=1e5,
        description="time to take a change of the mid into the fair price in calm times, seconds",
    )
    anchor_s: float = Field(
        200.0,
        gt=0,
        le=1e6,
        description="time in which belief returns to fundamental value in calm times, seconds",
    )
    news_delay_s: float = Field(4.0, gt=0, le=1e5, description="time to take in a change of value, seconds")
    leader_weight: float = Field(
        0.6, ge=0, le=1.5, description="how far other assets follow the leader's excess moves"
    )
    skew: float = Field(
        0.006, ge=0, le=0.2, description="shift of the ladder at full inventory, fraction of the price"
    )
    inventory_over_depth: float = Field(
        2.5, gt=0, le=1000, description="inventory limit over own calm one-sided depth within 1 %"
    )
    size_power: float = Field(
        0.6, ge=0, le=5, description="exponent of size on normal over present volatility"
    )
    widen_power: float = Field(
        0.3, ge=0, le=5, description="exponent of ladder distances on volatility over normal"
    )
    shrink_s: float = Field(60.0, gt=0, le=1e5, description="time to cut size, seconds")
    refill_s: float = Field(
        240.0,
        gt=0,
        le=1e7,
        description="time in which a side that was traded against is shown again, seconds",
    )
    restore_s: float = Field(5400.0, gt=0, le=1e7, description="time to bring size back, seconds")
    risk_limit: float = Field(
        3.5,
        gt=1,
        le=1e3,
        description="median of the size times volatility, both over normal, that makers bear",
    )
    limit_spread: float = Field(
        0.4, ge=0, le=3, description="standard deviation of the log of that limit between makers"
    )
    loss_limit: float = Field(
        0.10, gt=0, le=1, description="loss over about an hour, share of capital, at which makers leave"
    )
    stale_feed_s: float = Field(2.0, gt=0, le=1e5, description="feed delay at which makers leave, seconds")
    return_s: float = Field(
        600.0, gt=0, le=1e7, description="mean time to come back once the reason is gone, seconds"
    )
    return_size: float = Field(0.1, ge=0, le=1, description="share of calm size on return")
    latency_ms: float = Field(8.0, ge=0, le=1e4, description="time from decision to book, milliseconds")
    capital_over_depth: float = Field(
        10.0, gt=0, le=1e4, description="capital over own calm one-sided depth, all instruments"
    )


@kernel
def withdraw(
    ladder: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    account: int,
    instrument: int,
    when: int,
) -> None:
    """Cancel every order of one maker's ladder in one instrument; ``ladder`` has shape ``(2, levels)``."""
    for side in range(2):
        for k in range(ladder.shape[1]):
            level = ladder[side, k]
            if level.id > 0:
                send_cancel(messages, counters, when, account, instrument, level.id)
                level.id = 0


@kernel
def recent_loss(
    maker: Row,
    view: Records,
    instruments: Records,
    cash: npt.NDArray[np.int64],
    position: npt.NDArray[np.int64],
    entry_value: npt.NDArray[np.int64],
    step_s: float,
) -> float:
    """Mark the maker's account to market; return its loss in about an hour, share of capital."""
    a = maker.account
    equity = cash[a] / 1e6
    for i in range(len(instruments)):
        worth = position[i, a] * instruments[i].lot * view[i].mid
        equity += worth if instruments[i].kind == SPOT else worth - entry_value[i, a] / 1e6
    if maker.average_equity == 0.0:
        maker.average_equity = equity
    maker.average_equity += (equity - maker.average_equity) * (1.0 - math.exp(-step_s / 3600.0))
    return (maker.average_equity - equity) / maker.capital_usd


@kernel
def reason_to_leave(p: Row, maker: Row, quote: Row, excess: float, lost: float, feed_delay_s: float) -> int:
    """Return why the maker should not quote, or `QUOTING`; ``excess`` is volatility over normal."""
    if p.withdrawal <= 0.0:
        return QUOTING
    if feed_delay_s > p.stale_feed_s:
        return STALE_FEED
    if lost > p.loss_limit:
        return LOSS
    return VOLATILITY if excess * quote.size_factor > maker.risk_limit else QUOTING


@kernel
def update_belief(
    p: Row,
    quote: Row,
    log_mid: float,
    log_value: float,
    leader: float,
    follow_leader: float,
    excess: float,
    step_s: float,
) -> None:
    """Move the fair price: with news, to the mid, back to value, along with the leader's excess."""
    before = quote.value_seen
    quote.value_seen += (log_value - before) * (1.0 - math.exp(-step_s / p.news_delay_s))
    quote.fair += quote.value_seen - before
    doubt = max(1.0, excess) if p.withdrawal > 0.0 else 1.0
    quote.fair += (log_mid - quote.fair) * (1.0 - math.exp(-step_s * doubt / p.follow_s))
    quote.fair += (quote.value_seen - quote.fair) * (1.0 - math.exp(-step_s / (doubt * p.anchor_s)))
    quote.fair += follow_leader * (leader - quote.leader_seen)
    quote.leader_seen = leader


@kernel
def update_size(p: Row, quote: Row, held: int, lot_usd: float, excess: float, step_s: float) -> None:
    """Shrink or restore size: with volatility on both sides, and on a side that was just traded."""
    if p.withdrawal > 0.0:
        target = min(1.0, (1.0 / max(excess, 1e-9)) ** p.size_power)
        time_s = p.shrink_s if target < quote.size_factor else p.restore_s
        quote.size_factor += (target - quote.size_factor) * (1.0 - math.exp(-step_s / time_s))
    traded = (held - quote.held) * lot_usd / quote.depth_usd
    quote.held = held
    refill = 1.0 - math.exp(-step_s / p.refill_s)
    quote.bid_appetite += refill * (1.0 - quote.bid_appetite) - max(0.0, traded)
    quote.ask_appetite += refill * (1.0 - quote.ask_appetite) - max(0.0, -traded)
    quote.bid_appetite = max(LEAST_APPETITE, quote.bid_appetite)
    quote.ask_appetite = max(LEAST_APPETITE, quote.ask_appetite)


@kernel
def move_ladder(
    p: Row,
    quote: Row,
    ladder: Records,
    levels: npt.NDArray[np.float64],
    shares: npt.NDArray[np.float64],
    book: Row,
    terms: Row,
    account: int,
    instrument: int,
    held: int,
    widen: float,
    messages: Records,
    counters: npt.NDArray[np.int64],
    cancel_at: int,
    quote_at: int,
    fresh_ns: int,
) -> None:
    """Replace the orders that are gone, too far from where they belong, or of the wrong size.

    Orders sent at or after ``fresh_ns`` may still be on their way and count as alive.
    """
    price_usd = math.exp(quote.fair)
    limit_usd = p.inventory_over_depth * quote.depth_usd
    q = max(-1.0, min(1.0, (held * terms.lot * price_usd - quote.home_usd) / limit_usd))
    centre = quote.fair - p.skew * q * math.sqrt(widen)
    for side in range(2):
        sign = 1 - 2 * side
        room = (1.0 - max(0.0, sign * q)) * (quote.bid_appetite if side == BUY else quote.ask_appetite)
        flags = REDUCE_ONLY if terms.kind == SPOT and side == SELL else 0
        for k in range(len(levels)):
            level = ladder[side, k]
            away = (p.half_spread + levels[k]) * widen
            raw = math.exp(centre - sign * away) / terms.tick
            price = max(1, math.floor(raw) if side == BUY else math.ceil(raw))
            lots = lots_for(quote.depth_usd * quote.size_factor * shares[k] * room, price_usd, terms.lot)
            if level.id > 0 and (level.sent_ns >= fresh_ns or open_lots(book, level.id) > 0):
                tolerance = (0.25 * away + 0.00002) * price
                if abs(price - level.price) <= tolerance and abs(lots - level.lots) <= 0.3 * level.lots:
                    continue
                send_cancel(messages, counters, cancel_at, account, instrument, level.id)
            level.id = 0
            if lots < 1:
                continue
            level.id = send(
                messages, counters, quote_at, account, instrument, POST_ONLY, side, lots, price, flags
            )
            level.price = price
            level.lots = lots
            level.sent_ns = quote_at


@kernel
def decide_makers(
    makers: Records,
    quotes: Records,
    ladders: Records,
    levels: npt.NDArray[np.float64],
    shares: npt.NDArray[np.float64],
    books: Records,
    view: Records,
    instruments: Records,
    log_value: npt.NDArray[np.float64],
    loading: npt.NDArray[np.float64],
    cash: npt.NDArray[np.int64],
    position: npt.NDArray[np.int64],
    entry_value: npt.NDArray[np.int64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
    feed_delay_s: float,
) -> None:
    """Let every maker check its limits, update its belief and move its quotes."""
    p = parameters[0]
    step_s = step_ns / 1e9
    leader = view[0].log_mid - log_value[0]
    comes_back = 1.0 - math.exp(-step_s / p.return_s)
    for m in range(len(makers)):
        maker = makers[m]
        a = maker.account
        lost = recent_loss(maker, view, instruments, cash, position, entry_value, step_s)
        for i in range(len(instruments)):
            seen = view[i]
            terms = instruments[i]
            quote = quotes[m, i]
            excess = seen.volatility / seen.volatility_slow
            reason = reason_to_leave(p, maker, quote, excess, lost, feed_delay_s)
            follow = p.leader_weight * loading[terms.asset] if terms.asset != 0 else 0.0
            update_belief(p, quote, seen.log_mid, log_value[terms.asset], leader, follow, excess, step_s)
            delay = uniform(key, m, index, 2 * i)
            cancel_at = start_ns + int(1e6 * p.latency_ms * (0.5 + delay))
            if quote.state == QUOTING and reason != QUOTING:
                withdraw(ladders[m, i], messages, counters, a, i, cancel_at)
                quote.state = reason
                quote.size_factor = p.return_size
            returns = reason == QUOTING and uniform(key, m, index, 2 * i + 1) < comes_back
            if quote.state != QUOTING and returns:
                quote.state = QUOTING
            if quote.state != QUOTING:
                continue
            held = position[i, a]
            update_size(p, quote, held, terms.lot * math.exp(quote.fair), excess, step_s)
            widen = maker.stretch * max(1.0, excess) ** p.widen_power
            quote_at = start_ns + int(1e6 * p.latency_ms * (2.5 + delay))
            move_ladder(
                p, quote, ladders[m, i], levels, shares, books[i], terms, a, i, held, widen,
                messages, counters, cancel_at, quote_at, start_ns - step_ns,
            )  # fmt: skip


class MarketMaker(CrowdAgent):
    """A market maker; see `MarketMakerParameters`."""

    crowd: "MarketMakers"

    capital_usd = Column()
    risk_limit = Column()
    stretch = Column()

    @property
    def quoting(self) -> int:
        """Number of instruments in which it quotes."""
        return int((self.crowd.quotes["state"][self.row] == QUOTING).sum())

    @property
    def withdrawn_because(self) -> list[str]:
        """Reasons for which it is absent, one for each instrument it has left."""
        return [REASONS[s] for s in self.crowd.quotes["state"][self.row].tolist() if s != QUOTING]


class MarketMakers(Crowd):
    """All market makers of a run.

    Attributes
    ----------
    quotes
        Beliefs and states, shape ``(makers, instruments)``.
    ladders
        Own orders, shape ``(makers, instruments, 2, levels)``.
    withdrawals
        Events so far: ``(time_s, maker, instrument, reason)``.
    """

    kind = "market_maker"
    agent_class = MarketMaker

    def __init__(
        self,
        parameters: MarketMakerParameters,
        table: Records,
        quotes: Records,
        loading: npt.NDArray[np.float64],
        seed: int,
        *,
        withdrawal: bool = True,
    ) -> None:
        super().__init__(parameters, table, seed, withdrawal=float(withdrawal))
        self.quotes = quotes
        self.loading = loading
        self.ladders: Records = for_kernels(np.zeros((*quotes.shape, 2, len(LEVELS)), level_dtype))
        self.instrument_names: list[str] = []
        self.withdrawals: list[tuple[float, int, int, str]] = []
        self._shares = ladder_shares()

    def report_share_quoting(self) -> float:
        """Return the share of (maker, instrument) pairs that quote."""
        return float((self.quotes["state"] == QUOTING).mean()) if self.quotes.size else 1.0

    def decide(self, sight: Sight) -> None:
        """Check limits, update beliefs, move quotes."""
        sight.outbox.reserve(2 * self.ladders.size)
        before = self.quotes["state"].copy()
        decide_makers(
            self.table,
            self.quotes,
            self.ladders,
            LEVELS,
            self._shares,
            sight.book_records,
            sight.view,
            sight.instruments,
            sight.log_value,
            self.loading,
            sight.ledger.cash[0],
            sight.ledger.position,
            sight.ledger.entry_value,
            self._record,
            sight.outbox.messages,
            sight.outbox.counters,
            self._key,
            sight.start_ns,
            sight.step_ns,
            sight.index,
            sight.feed_delay_s,
        )
        left = (before == QUOTING) & (self.quotes["state"] != QUOTING)
        for maker, instrument in np.argwhere(left):
            reason = REASONS[int(self.quotes["state"][maker, instrument])]
            self.withdrawals.append((sight.start_ns / 1e9, int(maker), int(instrument), reason))

    def withdrawal_table(self) -> pd.DataFrame:
        """Return withdrawals as a tidy table: time_s, maker, instrument, reason."""
        table = pd.DataFrame(self.withdrawals, columns=["time_s", "maker", "instrument", "reason"])
        table["instrument"] = [self.instrument_names[i] for i in table["instrument"]]
        return table


def ladder_shares() -> npt.NDArray[np.float64]:
    """Return each level's size over the depth within 1 %, so that depth grows as distance**DEPTH_SHAPE."""
    edges = np.append(LEVELS, 2 * LEVELS[-1] - LEVELS[-2])
    middle = np.concatenate([[0.0], 0.5 * (edges[1:] + edges[:-1])])
    return np.diff((middle / 0.01) ** DEPTH_SHAPE)
