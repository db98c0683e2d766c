"""Cross-margin funds: one wallet behind a whole book, with coins posted as collateral.

Most hold small coins long against short perpetuals of the leaders; some are only long; some are loopers, who
borrow to hold more of a coin that pays a yield. A fund keeps its gross position near a multiple of its equity
(leverage targets make falls feed themselves: Thurner, Farmer and Geanakoplos 2012, Quantitative Finance 12,
695-707). Equity is what the venue says: cash, profit, and coins at the venue's price. So a coin that loses
its peg there makes a fund shed positions whose prices have not moved; coins it sells only for money it owes.
A fund that has lost one side of its book (liquidated, deleveraged, an order that did not fill) closes the
other or buys the side back. Where the feed lags it cannot act.
"""

import math

import numpy as np
import numpy.typing as npt
from pydantic import Field

from abm.book.messages import BUY, IOC, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.instruments import PERPETUAL, SPOT
from abm.outbox import send
from abm.random_streams import uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, Row, happens, lots_for

DUST = 0.02
"""Gaps below this share of a leg are left alone."""

fund_dtype = np.dtype(
    [
        ("account", "i4"),
        ("hedged", "i1"),  # whether the book has a short side that belongs to the long one
        ("rehedges", "i1"),  # buys a lost side back; otherwise closes the other
        ("deep_first", "i1"),  # sheds its deepest legs first; otherwise all alike
        ("leverage", "f8"),  # gross position over equity that it aims at
        ("limit", "f8"),  # the same beyond which it sheds positions
        ("most_usd", "f8"),  # largest gross position
        ("debt_limit", "f8"),  # debt over equity beyond which it sells coins
        ("scale", "f8"),  # share of the book that it wants to hold now
        ("share", "f8"),  # share of the book that it held at the last look
        ("equity_usd", "f8"),  # at the last look, coins counted as the venue does
        ("gross_usd", "f8"),  # gross position at the last look
        ("called_usd", "f8"),  # asked back by a lender and not paid yet
    ],
    align=True,
)
leg_dtype = np.dtype(
    [
        ("weight", "f8"),  # signed share of the gross position
        ("book", "i8"),  # lots when the whole book is held
        ("depth_usd", "f8"),  # calm one-sided depth within 1 %
    ],
    align=True,
)


class CrossMarginFundParameters(Parameters):
    """Cross-margin funds."""

    funds: int = Field(0, ge=0, le=100_000, description="number of funds, all on the hub")
    long_over_depth: float = Field(
        10.0,
        ge=0,
        le=10_000,
        description="long positions of all funds in each perpetual but the hedges, over one-sided depth "
        "within 1 %",
    )
    hedges: int = Field(
        2, ge=1, le=20, description="number of perpetuals, from the first, that are sold as the hedge"
    )
    coins: int = Field(3, ge=1, le=20, description="most long positions of one fund")
    hedged_share: float = Field(
        0.7, ge=0, le=1, description="share of funds with a hedged book; the rest are only long"
    )
    hedge_ratio: float = Field(
        1.0, gt=0, le=5, description="short positions over long ones in a hedged book, by value"
    )
    leverage: float = Field(
        3.0, gt=0, le=50, description="median gross position over equity, coins counted as the venue does"
    )
    leverage_spread: float = Field(
        0.3, ge=0, le=2, description="standard deviation of the log of that leverage between funds"
    )
    limit_over_leverage: float = Field(
        1.5, gt=1, le=100, description="leverage over the wanted one at which a fund sheds positions"
    )
    least_margin: float = Field(
        1.5, ge=1, le=100, description="smallest equity of a fund over its maintenance margin at the start"
    )
    cash_share: float = Field(0.2, ge=0, le=1, description="share of equity in cash; the rest is coins")
    looper_share: float = Field(
        0.3, ge=0, le=1, description="share of funds that borrow to hold coins without a perpetual instead"
    )
    loop_leverage: float = Field(3.0, ge=1, le=50, description="coins of a looper over its own money")
    loops_over_depth: float = Field(
        10.0, ge=0, le=10_000, description="coins of all loopers over one-sided depth within 1 % of each coin"
    )
    rehedge_share: float = Field(
        0.3, ge=0, le=1, description="share of hedged funds that buy a lost side back"
    )
    deep_first_share: float = Field(
        0.5, ge=0, le=1, description="share of funds that shed their deepest legs first, not all alike"
    )
    uneven_limit: float = Field(
        0.15, gt=0, le=1, description="difference between the shares held of both sides that is left alone"
    )
    rebalance_per_hour: float = Field(
        0.25, ge=0, le=3600, description="rate of setting the book anew at present prices and equity, 1/hour"
    )
    rate_per_hour: float = Field(360.0, gt=0, le=36000, description="how often each looks, 1/hour")
    cut_s: float = Field(
        120.0, gt=0, le=1e6, description="time over which excess positions or debts are shed, seconds"
    )
    clip_over_depth: float = Field(
        0.1,
        gt=0,
        le=10,
        description="most that one fund trades of an instrument in a minute over one-sided depth within 1 %",
    )
    slippage: float = Field(
        0.01, gt=0, le=0.5, description="farthest from the mid that an order may trade, fraction"
    )
    stale_feed_s: float = Field(5.0, gt=0, le=1e5, description="feed delay beyond which none acts, seconds")


@kernel
def look_at_wallet(
    t: Row,
    view: Records,
    instruments: Records,
    cash: npt.NDArray[np.int64],
    position: npt.NDArray[np.int64],
    entry_value: npt.NDArray[np.int64],
    collateral_value: npt.NDArray[np.int64],
) -> None:
    """Write equity and gross position of fund ``t``, at the marks and the venue's prices of collateral.

    What a lender asks back counts as gone.
    """
    a = t.account
    equity = cash[a] / 1e6 - t.called_usd
    gross = 0.0
    for i in range(len(instruments)):
        lots = position[i, a]
        if lots == 0:
            continue
        if instruments[i].kind == SPOT:
            equity += lots * (collateral_value[i] / 1e6)
        else:
            value = lots * instruments[i].lot * view[i].mark
            gross += abs(value)
            equity += value - entry_value[i, a] / 1e6
    t.equity_usd = equity
    t.gross_usd = gross


@kernel
def rebalance(t: Row, legs: Records, view: Records, instruments: Records) -> None:
    """Set the book of fund ``t`` anew: its weights, at present prices, as large as its equity allows."""
    gross = min(t.most_usd, t.leverage * max(0.0, t.equity_usd))
    for i in range(len(legs)):
        leg = legs[i]
        if leg.weight != 0.0:
            leg.book = int(leg.weight * gross / (view[i].mid * instruments[i].lot))
    t.scale = 1.0
    t.share = 0.0


@kernel
def shares_held(
    t: Row, legs: Records, view: Records, instruments: Records, position: npt.NDArray[np.int64]
) -> tuple[float, float, float]:
    """Return which share of its book fund ``t`` holds: of the long side, of the short side, of all."""
    book = np.zeros(2)
    held = np.zeros(2)
    for i in range(len(legs)):
        lots = legs[i].book
        if lots != 0:
            side = 0 if lots > 0 else 1
            unit = instruments[i].lot * view[i].mid
            book[side] += abs(lots) * unit
            held[side] += max(0, position[i, t.account] * (1 - 2 * side)) * unit
    total = book[0] + book[1]
    return (
        held[0] / book[0] if book[0] > 0.0 else 0.0,
        held[1] / book[1] if book[1] > 0.0 else 0.0,
        (held[0] + held[1]) / total if total > 0.0 else 0.0,
    )


@kernel
def wanted_share(
    t: Row,
    p: Row,
    legs: Records,
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    interval_s: float,
) -> tuple[float, float]:
    """Return the share of its book that fund ``t`` works towards, and how much it has to shed first, USD."""
    long_share, short_share, share = shares_held(t, legs, view, instruments, position)
    restores = t.hedged != 0 and t.rehedges != 0
    if share < min(t.share, t.scale) - DUST:  # closed by somebody else: own orders stop at the scale
        t.scale = min(t.scale, max(long_share, short_share) if restores else share)
    t.share = share
    shed = 0.0
    if t.gross_usd > t.limit * max(0.0, t.equity_usd):
        excess = t.gross_usd - t.leverage * max(0.0, t.equity_usd)
        shed = excess * (1.0 - math.exp(-interval_s / p.cut_s))
        t.scale = min(t.scale, share * (1.0 - shed / t.gross_usd))
    if t.hedged != 0 and abs(long_share - short_share) > p.uneven_limit:
        if restores:
            return min(t.scale, max(long_share, short_share)), shed
        t.scale = min(t.scale, min(long_share, short_share))
        shed = t.gross_usd
    return t.scale, shed


@kernel
def take(
    messages: Records,
    counters: npt.NDArray[np.int64],
    when: int,
    account: int,
    instrument: int,
    terms: Row,
    lots: int,
    screen_usd: float,
    slippage: float,
    flags: int,
) -> None:
    """Send an order for signed ``lots`` that trades no farther than ``slippage`` from the mid."""
    side = BUY if lots > 0 else SELL
    worst = max(1, int(screen_usd * (1.0 + (1 - 2 * side) * slippage) / terms.tick))
    send(messages, counters, when, account, instrument, IOC, side, abs(lots), worst, flags)


@kernel
def work(
    t: Row,
    p: Row,
    legs: Records,
    deepest: npt.NDArray[np.int64],
    goal: float,
    shed: float,
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    messages: Records,
    counters: npt.NDArray[np.int64],
    when: int,
    interval_s: float,
) -> None:
    """Trade every leg towards ``goal`` of the book; who sheds deepest legs first stops at ``shed`` USD."""
    limited = t.deep_first != 0 and 0.0 < shed < t.gross_usd
    only_sheds = shed > 0.0
    for i in deepest:
        leg = legs[i]
        held = position[i, t.account]
        if leg.book == 0 and held == 0:
            continue
        gap = int(leg.book * goal) - held
        unit = instruments[i].lot * view[i].screen
        reduces = gap * held < 0
        if only_sheds and not reduces:
            continue
        if abs(gap) <= DUST * abs(leg.book):
            continue
        most = lots_for(
            p.clip_over_depth * leg.depth_usd * interval_s / 60.0, view[i].screen, instruments[i].lot
        )
        lots = min(abs(gap), max(1, most))
        if limited:
            lots = min(lots, math.ceil(max(0.0, shed) / unit))
            shed -= lots * unit
        if lots > 0:
            flags = REDUCE_ONLY if reduces else 0
            signed = lots if gap > 0 else -lots
            take(
                messages,
                counters,
                when,
                t.account,
                i,
                instruments[i],
                signed,
                view[i].screen,
                p.slippage,
                flags,
            )


@kernel
def repay(
    t: Row,
    p: Row,
    legs: Records,
    view: Records,
    instruments: Records,
    cash: npt.NDArray[np.int64],
    position: npt.NDArray[np.int64],
    collateral_value: npt.NDArray[np.int64],
    messages: Records,
    counters: npt.NDArray[np.int64],
    when: int,
    interval_s: float,
) -> None:
    """Sell the largest holding of coins for debt beyond what fund ``t`` bears, and for what is asked back."""
    owed = t.called_usd - cash[t.account] / 1e6 - t.debt_limit * max(0.0, t.equity_usd)
    if owed <= 0.0:
        return
    chosen = -1
    largest = 0.0
    for i in range(len(instruments)):
        counted = position[i, t.account] * (collateral_value[i] / 1e6)
        if instruments[i].kind == SPOT and counted > largest:
            chosen, largest = i, counted
    if chosen < 0:
        return
    usd = owed * (1.0 - math.exp(-interval_s / p.cut_s))
    usd = min(usd, p.clip_over_depth * legs[chosen].depth_usd * interval_s / 60.0)
    lots = min(position[chosen, t.account], lots_for(usd, view[chosen].mid, instruments[chosen].lot))
    if lots > 0:
        take(
            messages, counters, when, t.account, chosen, instruments[chosen], -lots, view[chosen].screen,
            p.slippage, REDUCE_ONLY,
        )  # fmt: skip


@kernel
def decide_funds(
    funds: Records,
    legs: Records,
    deepest: npt.NDArray[np.int64],
    view: Records,
    instruments: Records,
    cash: npt.NDArray[np.int64],
    position: npt.NDArray[np.int64],
    entry_value: npt.NDArray[np.int64],
    collateral_value: npt.NDArray[np.int64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
) -> None:
    """Let every fund look at its wallet and bring its book and its debts into line.

    Parameters
    ----------
    legs
        Books, shape ``(funds, instruments)``.
    deepest
        Perpetuals, the deepest first.
    collateral_value
        What one lot of each instrument counts as margin, millionths.
    """
    p = parameters[0]
    step_s = step_ns / 1e9
    looks = 1.0 - math.exp(-p.rate_per_hour / 3600.0 * step_s)
    interval_s = max(step_s, 3600.0 / p.rate_per_hour)
    for j in range(len(funds)):
        renews = happens(uniform(key, j, index, 1), p.rebalance_per_hour * step_s / 3600.0)
        if not renews and uniform(key, j, index, 0) >= looks:
            continue
        t = funds[j]
        book = legs[j]
        when = start_ns + int(step_ns * uniform(key, j, index, 2))
        look_at_wallet(t, view, instruments, cash, position, entry_value, collateral_value)
        if renews and t.gross_usd <= t.limit * t.equity_usd:
            rebalance(t, book, view, instruments)
        goal, shed = wanted_share(t, p, book, view, instruments, position, interval_s)
        work(
            t, p, book, deepest, goal, shed, view, instruments, position, messages, counters, when, interval_s
        )
        repay(
            t, p, book, view, instruments, cash, position, collateral_value, messages, counters, when,
            interval_s,
        )  # fmt: skip


class CrossMarginFund(CrowdAgent):
    """A fund with one wallet behind its whole book; see `CrossMarginFundParameters`."""

    hedged = Column()
    rehedges = Column()
    deep_first = Column()
    leverage = Column()
    limit = Column()
    most_usd = Column()
    debt_limit = Column()
    scale = Column()
    equity_usd = Column()
    gross_usd = Column()


class CrossMarginFunds(Crowd):
    """All cross-margin funds of a run.

    Parameters
    ----------
    parameters, table, seed
        As for every crowd.
    legs
        Their books, shape ``(funds, instruments)``.

    Attributes
    ----------
    legs
        The same.
    """

    kind = "cross_margin_fund"
    agent_class = CrossMarginFund

    def __init__(
        self,
        parameters: CrossMarginFundParameters,
        table: Records,
        legs: Records,
        kind: npt.NDArray[np.int64],
        seed: int,
    ) -> None:
        super().__init__(parameters, table, seed)
        self.legs = legs
        self._stale_feed_s = parameters.stale_feed_s
        depth = legs["depth_usd"][0] if len(legs) else np.zeros(len(kind))
        deepest = np.argsort(-depth, kind="stable")
        self._deepest = deepest[kind[deepest] == PERPETUAL].astype(np.int64)

    def owe(self, row: int, usd: float) -> None:
        """Find ``usd`` for a lender: sell coins, and shed positions as if it were gone."""
        self.table["called_usd"][row] = usd

    def pay_back(self, row: int, usd: float) -> None:
        """Note that ``usd`` went to a lender."""
        self.table["equity_usd"][row] -= usd

    def decide(self, sight: Sight) -> None:
        """Shed what is too much, even out what is uneven, repay what is owed."""
        if len(self.table) == 0 or sight.feed_delay_s > self._stale_feed_s:
            return
        sight.outbox.reserve(len(self.table) * (len(self._deepest) + 1))
        decide_funds(
            self.table,
            self.legs,
            self._deepest,
            sight.view,
            sight.instruments,
            sight.ledger.cash[0],
            sight.ledger.position,
            sight.ledger.entry_value,
            sight.collateral_value,
            self._record,
            sight.outbox.messages,
            sight.outbox.counters,
            self._key,
            sight.start_ns,
            sight.step_ns,
            sight.index,
        )
