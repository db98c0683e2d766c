"""Market makers: they quote a ladder on every exchange, hedge on the hub, and stop when their limits say so.

How one instrument is quoted stands in `agents.quoting`. A maker withdraws from an instrument when size times
volatility breaks its risk limit (volatility rose faster than it could cut), from an exchange when its feed is
stale, when the hub where it hedges cannot be reached or when a position of its own there was
auto-deleveraged, and from everything when it has lost too much. It comes back at a random time, with less
size. At its inventory limit it stops quoting one side.
"""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from abm.book.messages import BUY, EXPIRE_MAKER, IOC, SELL, Records
from abm.compiled import for_kernels, kernel
from abm.instruments import PERPETUAL, SPOT
from abm.outbox import send
from abm.random_streams import uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, Row, lots_for
from agents.quoting import (
    LEVELS,
    doubts,
    ladder_shares,
    level_dtype,
    move_ladder,
    pick_off,
    update_belief,
    update_size,
    withdraw,
)

QUOTING, STALE_FEED, VOLATILITY, LOSS, NO_HEDGE, DELEVERAGED, INVENTORY = range(7)
REASONS = {
    STALE_FEED: "stale feed",
    VOLATILITY: "risk limit",
    LOSS: "loss limit",
    NO_HEDGE: "hedge unreachable",
    DELEVERAGED: "auto-deleveraged",
    INVENTORY: "inventory limit",
}
HOUR_S = 3600.0

maker_dtype = np.dtype(
    [
        ("account", "i4"),  # on the hub
        ("capital_usd", "f8"),
        ("risk_limit", "f8"),  # largest size times volatility over what it tolerates
        ("stretch", "f8"),  # own factor on ladder distances
        ("average_equity", "f8"),  # USD, over about an hour
        ("lost", "f8"),  # share of capital lost since about an hour ago
    ],
    align=True,
)


class MarketMakerParameters(Parameters):
    """Market makers."""

    makers: int = Field(6, ge=0, le=1000, description="number of market makers")
    tolerance: float = Field(
        3.0,
        ge=1,
        le=100,
        description="volatility over its normal up to which makers behave as in calm times",
    )
    doubt_power: float = Field(
        0.5,
        ge=0,
        le=3,
        description="exponent of doubt in the own model on volatility over what is tolerated",
    )
    requote_s: float = Field(
        2.0,
        gt=0,
        le=1e4,
        description="time between two looks at its ladder, seconds",
    )
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
    pick_off_news: float = Field(
        0.003,
        gt=0,
        le=1,
        description="change of value within a minute at which it trades against quotes left behind, fraction",
    )
    pick_off_size: float = Field(
        0.5, ge=0, le=100, description="size of such a trade over own calm one-sided depth within 1 %"
    )
    leader_weight: float = Field(
        0.6,
        ge=0,
        le=1.5,
        description="how far, in a very volatile market, beliefs about a coin follow what moves the other "
        "coins away from value",
    )
    reference_s: float = Field(
        15.0,
        gt=0,
        le=1e5,
        description="away from the hub: time to take over the hub's price of the same coin, seconds",
    )
    hedge_at: float = Field(
        0.5,
        gt=0,
        le=100,
        description="inventory of a coin on all exchanges, over its limit on the hub, beyond which what is "
        "held elsewhere is hedged there with orders that take",
    )
    hedge_slippage: float = Field(
        0.002, gt=0, le=0.5, description="farthest from the mid that a hedge may trade, fraction"
    )
    skew: float = Field(
        0.006, ge=0, le=0.2, description="shift of the ladder at full inventory, fraction of the price"
    )
    inventory_over_depth: float = Field(
        5.0, gt=0, le=1000, description="inventory limit over own calm one-sided depth within 1 %"
    )
    size_power: float = Field(
        0.6, ge=0, le=5, description="exponent of size on tolerated over present volatility"
    )
    widen_power: float = Field(
        0.3, ge=0, le=5, description="exponent of ladder distances on volatility over what is tolerated"
    )
    shrink_s: float = Field(60.0, gt=0, le=1e5, description="time to cut size, seconds")
    refill_s: float = Field(
        60.0,
        gt=0,
        le=1e7,
        description="time in which a side that was traded against is shown again, seconds",
    )
    restore_s: float = Field(20_000.0, gt=0, le=1e7, description="time to bring size back, seconds")
    risk_limit: float = Field(
        3.5,
        gt=1,
        le=1e3,
        description="median of size over calm size times volatility over what is tolerated, that makers bear",
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
    may_withdraw: bool = Field(
        True,
        description="whether it may leave; otherwise it quotes on, whatever happens, in the size it bears",
    )
    least_size: float = Field(
        0.0,
        ge=0,
        le=1,
        description="smallest share of calm size that it must offer while it quotes, before what was just "
        "traded and its inventory limit",
    )
    latency_ms: float = Field(8.0, ge=0, le=1e4, description="time from decision to book, milliseconds")
    capital_over_depth: float = Field(
        10.0, gt=0, le=1e4, description="capital over own calm one-sided depth, all instruments"
    )
    leverage: int = Field(3, ge=1, le=125, description="leverage of its accounts")


@kernel
def reason_to_leave(
    p: Row,
    maker: Row,
    quote: Row,
    excess: float,
    feed_delay_s: float,
    hedge_delay_s: float,
    deleveraged: bool,
) -> int:
    """Return why the maker should not quote, or `QUOTING`; ``excess`` is volatility over that tolerated."""
    if p.withdrawal <= 0.0 or p.may_withdraw <= 0.0:
        return QUOTING
    if deleveraged:
        return DELEVERAGED
    if feed_delay_s > p.stale_feed_s:
        return STALE_FEED
    if hedge_delay_s > p.stale_feed_s:
        return NO_HEDGE
    if maker.lost > p.loss_limit:
        return LOSS
    return VOLATILITY if excess * quote.size_factor > maker.risk_limit else QUOTING


@kernel
def looks(row: int, rows: int, requote_s: float, start_ns: int, step_ns: int) -> bool:
    """Tell whether maker ``row`` of ``rows`` looks at its ladder in the step; they take turns."""
    every = int(requote_s * 1e9)
    shift = every * row // max(1, rows)
    return (start_ns + step_ns + shift) // every != (start_ns + shift) // every


@kernel
def inventory(quote: Row, held_usd: float, elsewhere_usd: float, limit: float) -> float:
    """Return inventory over its limit, what other exchanges hold of the coin included."""
    return (held_usd + elsewhere_usd - quote.home_usd) / (limit * quote.depth_usd)


@kernel
def decide_makers(
    makers: Records,
    accounts: npt.NDArray[np.int32],
    quotes: Records,
    ladders: Records,
    levels: npt.NDArray[np.float64],
    shares: npt.NDArray[np.float64],
    books: Records,
    view: Records,
    instruments: Records,
    log_value: npt.NDArray[np.float64],
    loading: npt.NDArray[np.float64],
    reference: npt.NDArray[np.float64],
    leader: npt.NDArray[np.float64],
    abroad: npt.NDArray[np.float64],
    deleveraged: npt.NDArray[np.bool_],
    position: npt.NDArray[np.int64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
    feed_delay_s: float,
    hedge_delay_s: float,
) -> None:
    """Let every maker check its limits, update its beliefs and move its quotes on one exchange.

    Parameters
    ----------
    accounts
        Of the makers on this exchange.
    reference
        Log mid of the same coin on the hub for each instrument, nan where none.
    leader
        For each asset: mean over the other assets of log mid on the hub less log value.
    abroad
        What each maker holds of each coin in perpetuals of other exchanges, USD, ``(makers, assets)``.
    deleveraged
        Which makers were auto-deleveraged here in the last step.
    """
    p = parameters[0]
    step_s = step_ns / 1e9
    comes_back = 1.0 - math.exp(-step_s / p.return_s)
    for m in range(len(makers)):
        maker = makers[m]
        a = accounts[m]
        turn = looks(m, len(makers), p.requote_s, start_ns, step_ns)
        for i in range(len(instruments)):
            seen = view[i]
            terms = instruments[i]
            quote = quotes[m, i]
            excess = seen.volatility / (p.tolerance * seen.volatility_slow)
            reason = reason_to_leave(p, maker, quote, excess, feed_delay_s, hedge_delay_s, deleveraged[m])
            n = terms.asset
            doubt = doubts(p, excess)
            follow = p.leader_weight * loading[n] * (1.0 - 1.0 / doubt)
            update_belief(
                p, quote, seen.log_mid, log_value[n], reference[i], leader[n], follow, excess, step_s
            )
            late = uniform(key, m, index, 2 * i)
            cancel_at = start_ns + int(1e6 * p.latency_ms * (0.5 + late))
            if quote.state == QUOTING and reason != QUOTING:
                withdraw(ladders[m, i], messages, counters, a, i, cancel_at)
                quote.state = reason
                quote.size_factor = max(p.return_size, p.least_size)
            returns = reason == QUOTING and uniform(key, m, index, 2 * i + 1) < comes_back
            if quote.state != QUOTING and returns:
                quote.state = QUOTING
            if turn and reason in (QUOTING, VOLATILITY):
                bid, ask = seen.bid * terms.tick, seen.ask * terms.tick
                pick_off(p, quote, bid, ask, terms, a, i, messages, counters, cancel_at)
            if quote.state != QUOTING:
                continue
            held = position[i, a]
            price_usd = math.exp(quote.fair)
            update_size(p, quote, held, terms.lot * price_usd, excess, step_s)
            if not turn:
                continue
            held_usd = held * terms.lot * price_usd
            elsewhere_usd = abroad[m, n] if terms.kind == PERPETUAL else 0.0
            q = inventory(quote, held_usd, elsewhere_usd, p.inventory_over_depth)
            if abs(q) >= 1.0:
                quote.full = 1
            elif abs(q) < 0.8:
                quote.full = 0
            widen = maker.stretch * max(1.0, excess) ** p.widen_power
            quote_at = start_ns + int(1e6 * p.latency_ms * (2.5 + late))
            move_ladder(
                p, quote, ladders[m, i], levels, shares, books[i], terms, a, i, max(-1.0, min(1.0, q)), widen,
                messages, counters, cancel_at, quote_at, start_ns - step_ns,
            )  # fmt: skip


@kernel
def value_holdings(
    accounts: npt.NDArray[np.int32],
    instruments: Records,
    view: Records,
    cash: npt.NDArray[np.int64],
    position: npt.NDArray[np.int64],
    entry_value: npt.NDArray[np.int64],
    equity: npt.NDArray[np.float64],
    held: npt.NDArray[np.float64],
) -> None:
    """Add what each maker is worth on one exchange to ``equity``; write its perpetuals, USD, into ``held``.

    ``held`` has the shape ``(makers, assets)``.
    """
    for m in range(len(accounts)):
        a = accounts[m]
        holdings_usd = 0.0
        entered = 0
        for i in range(len(instruments)):
            usd = position[i, a] * (instruments[i].lot * view[i].mid)
            holdings_usd += usd
            entered += entry_value[i, a]
            if instruments[i].kind == PERPETUAL:
                held[m, instruments[i].asset] = usd
        equity[m] += cash[0, a] / 1e6 + holdings_usd
        equity[m] -= entered / 1e6


@kernel
def hedge(
    makers: Records,
    accounts: npt.NDArray[np.int32],
    quotes: Records,
    view: Records,
    instruments: Records,
    abroad: npt.NDArray[np.float64],
    position: npt.NDArray[np.int64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    start_ns: int,
    step_ns: int,
) -> None:
    """Take on the hub what offsets too large an inventory from other exchanges."""
    p = parameters[0]
    for m in range(len(makers)):
        if not looks(m, len(makers), p.requote_s, start_ns, step_ns):
            continue
        for i in range(len(instruments)):
            terms = instruments[i]
            elsewhere_usd = abroad[m, terms.asset]
            if elsewhere_usd == 0.0 or terms.kind == SPOT:
                continue
            mid = view[i].mid
            net = elsewhere_usd + position[i, accounts[m]] * terms.lot * mid
            beyond = abs(net) - p.hedge_at * p.inventory_over_depth * quotes[m, i].depth_usd
            lots = lots_for(min(beyond, abs(elsewhere_usd)), mid, terms.lot)
            if beyond <= 0.0 or lots < 1 or net * elsewhere_usd < 0.0:
                continue
            side = SELL if net > 0.0 else BUY
            worst = max(1, int(view[i].screen * (1.0 + (1 - 2 * side) * p.hedge_slippage) / terms.tick))
            when = start_ns + int(2e6 * p.latency_ms)
            send(messages, counters, when, accounts[m], i, IOC, side, lots, worst, EXPIRE_MAKER)


class MarketMaker(CrowdAgent):
    """A market maker; see `MarketMakerParameters`."""

    crowd: "MarketMakers"

    capital_usd = Column()
    risk_limit = Column()
    stretch = Column()
    lost = Column()

    @property
    def quoting(self) -> int:
        """Number of instruments, on all exchanges, in which it quotes."""
        return sum(int((quotes["state"][self.row] == QUOTING).sum()) for quotes in self.crowd.quotes)

    @property
    def withdrawn_because(self) -> list[str]:
        """Reasons for which it is absent, one for each instrument it has left."""
        states = [int(s) for quotes in self.crowd.quotes for s in quotes["state"][self.row]]
        return [REASONS[s] for s in states if s != QUOTING]


class MarketMakers(Crowd):
    """All market makers of a run.

    Parameters
    ----------
    parameters, table, seed
        As for every crowd.
    accounts
        Of each maker on each exchange, shape ``(exchanges, makers)``.
    quotes
        For each exchange, beliefs and states, shape ``(makers, instruments)``.
    loading
        Change of each asset's log value for news of size 1.
    withdrawal
        Whether makers ever withdraw or shrink.

    Attributes
    ----------
    ladders
        For each exchange own orders, shape ``(makers, instruments, 2, levels)``.
    withdrawals
        Events so far: ``(time_s, maker, exchange, instrument, reason)``.
    """

    kind = "market_maker"
    agent_class = MarketMaker

    def __init__(
        self,
        parameters: MarketMakerParameters,
        table: Records,
        accounts: npt.NDArray[np.int32],
        quotes: list[Records],
        loading: npt.NDArray[np.float64],
        seed: int,
        *,
        withdrawal: bool = True,
    ) -> None:
        super().__init__(parameters, table, seed, withdrawal=float(withdrawal))
        self.accounts = accounts
        self.quotes = quotes
        self._keys = [self.stream(seed, e) for e in range(len(quotes))]
        self.loading = loading
        self.ladders: list[Records] = [
            for_kernels(np.zeros((*item.shape, 2, len(LEVELS)), level_dtype)) for item in quotes
        ]
        self.instrument_names: list[list[str]] = []
        self.withdrawals: list[tuple[float, int, int, int, str]] = []
        self._shares = ladder_shares()

    def owe(self, row: int, usd: float) -> None:
        """Hold ``usd`` ready for a lender: a maker has it in cash."""

    def pay_back(self, row: int, usd: float) -> None:
        """Go on with less capital, and offer less in proportion, after ``usd`` went to a lender."""
        left = max(0.05, 1.0 - usd / float(self.table["capital_usd"][row]))
        self.table["capital_usd"][row] *= left
        self.table["average_equity"][row] -= usd
        if self._record["withdrawal"][0] > 0.0:
            for quotes in self.quotes:
                quotes["depth_usd"][row] *= left

    def report_share_quoting(self) -> float:
        """Return the share of (maker, instrument) pairs that quote."""
        pairs = sum(item.size for item in self.quotes)
        absent = sum(int(np.count_nonzero(item["state"])) for item in self.quotes)
        return 1.0 - absent / pairs if pairs else 1.0

    def decide(self, sight: Sight) -> None:
        """Mark to market, hedge, check limits, update beliefs, move quotes, on every exchange."""
        if len(self.table) == 0:
            return
        hub = sight.elsewhere[0]
        coins = self._mark_to_market(sight)
        leader = self._excess_of_others(hub)
        total = sum(coins)
        if len(coins) > 1:
            self._hedge(hub, total - coins[0])
        for e, there in enumerate(sight.elsewhere):
            if self.quotes[e].size == 0:
                continue
            abroad = total - coins[e] if e == 0 else np.zeros_like(total)
            self._quote(e, there, leader, abroad, hub)

    def _excess_of_others(self, hub: Sight) -> npt.NDArray[np.float64]:
        """Return for each asset the mean of log mid less log value of the others, weighted by depth."""
        perpetual = hub.instruments["kind"] == PERPETUAL
        assets = hub.instruments["asset"][perpetual]
        weight = np.zeros(len(hub.log_value))
        weight[assets] = self.quotes[0]["depth_usd"].sum(axis=0)[perpetual]
        excess = np.zeros(len(weight))
        excess[assets] = hub.view["log_mid"][perpetual] - hub.log_value[assets]
        others = weight.sum() - weight
        total = float((weight * excess).sum())
        return np.divide(total - weight * excess, others, out=np.zeros_like(others), where=others > 0.0)

    def _mark_to_market(self, sight: Sight) -> list[npt.NDArray[np.float64]]:
        """Work out losses; return what makers hold in perpetuals, USD, ``(makers, assets)`` by exchange."""
        equity = np.zeros(len(self.table))
        coins = []
        for accounts, there in zip(self.accounts, sight.elsewhere, strict=True):
            held = np.zeros((len(accounts), len(sight.log_value)))
            ledger = there.ledger
            value_holdings(
                accounts, there.instruments, there.view, ledger.cash, ledger.position, ledger.entry_value,
                equity, held,
            )  # fmt: skip
            coins.append(held)
        average = self.table["average_equity"]
        average[:] = np.where(average == 0.0, equity, average)
        average += (equity - average) * -math.expm1(-sight.step_s / HOUR_S)
        self.table["lost"] = (average - equity) / self.table["capital_usd"]
        return coins

    def _hedge(self, hub: Sight, abroad: npt.NDArray[np.float64]) -> None:
        """Offset on the hub what was taken on elsewhere."""
        hub.outbox.reserve(self.quotes[0].size)
        hedge(
            self.table,
            self.accounts[0],
            self.quotes[0],
            hub.view,
            hub.instruments,
            abroad,
            hub.ledger.position,
            self._record,
            hub.outbox.messages,
            hub.outbox.counters,
            hub.start_ns,
            hub.step_ns,
        )

    def _quote(
        self,
        e: int,
        there: Sight,
        leader: npt.NDArray[np.float64],
        abroad: npt.NDArray[np.float64],
        hub: Sight,
    ) -> None:
        """Quote on exchange ``e`` and note who leaves."""
        quotes = self.quotes[e]
        there.outbox.reserve(2 * self.ladders[e].size + quotes.size)
        before, full = quotes["state"].copy(), quotes["full"].copy()
        table = there.instruments
        reference = np.full(len(table), np.nan) if e == 0 else self._hub_prices(table, hub)
        hedge_delay_s = 0.0 if e == 0 else hub.feed_delay_s
        decide_makers(
            self.table,
            self.accounts[e],
            quotes,
            self.ladders[e],
            LEVELS,
            self._shares,
            there.book_records,
            there.view,
            table,
            there.log_value,
            self.loading,
            reference,
            leader,
            abroad,
            (self.accounts[e][:, None] == there.deleveraged).any(axis=1),
            there.ledger.position,
            self._record,
            there.outbox.messages,
            there.outbox.counters,
            self._keys[e],
            there.start_ns,
            there.step_ns,
            there.index,
            there.feed_delay_s,
            hedge_delay_s,
        )
        self._note(e, there, (before == QUOTING) & (quotes["state"] != QUOTING), quotes["state"])
        self._note(e, there, (full == 0) & (quotes["full"] != 0))

    def _hub_prices(self, table: Records, hub: Sight) -> npt.NDArray[np.float64]:
        """Return the log mid on the hub of the same coin's instrument of the same kind, nan where none."""
        known = np.full((2, len(hub.log_value)), np.nan)
        known[hub.instruments["kind"], hub.instruments["asset"]] = hub.view["log_mid"]
        prices: npt.NDArray[np.float64] = known[table["kind"], table["asset"]]
        return prices

    def _note(
        self, e: int, there: Sight, left: npt.NDArray[np.bool_], why: npt.NDArray[np.int8] | None = None
    ) -> None:
        """Write down which makers left which instruments, and why; by default for their inventory."""
        if not left.any():
            return
        for maker, instrument in np.argwhere(left):
            reason = REASONS[INVENTORY if why is None else int(why[maker, instrument])]
            self.withdrawals.append((there.start_ns / 1e9, int(maker), e, int(instrument), reason))

    def withdrawal_table(self) -> pd.DataFrame:
        """Return withdrawals as a tidy table: time_s, maker, instrument, reason."""
        rows = [
            (time_s, maker, self.instrument_names[e][i], reason)
            for time_s, maker, e, i, reason in self.withdrawals
        ]
        return pd.DataFrame(rows, columns=["time_s", "maker", "instrument", "reason"])
