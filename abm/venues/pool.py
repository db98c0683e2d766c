"""A pool that takes the other side of every trade at the oracle price (GMX v2).

The pool is an account with quotes. Before messages are matched its last quotes are taken back and a schedule
around the oracle price is put into the otherwise empty book: slices, each larger than the one before, whose
prices give a trade of their size the impact of `abm.rules.pool_impact.price_impact` at the present imbalance
of open interest. A side's slices add up to what the pool may still take on plus what traders may close.
Nobody else rests here: limit and post-only orders are immediate or cancel, as a keeper carries them out at
the oracle.

The pool's account is the row of the insurance fund: the same money pays winners, takes what losers lose and
bears their debt (`abm.venues.policies.pool`).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, LIMIT, SELL, Records, message_table
from abm.book.orderbook import OrderBooks
from abm.compiled import for_kernels
from abm.instruments import PERPETUAL
from abm.ledger.accounts import CLEARING, INSURANCE_FUND
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts
from abm.ledger.valuation import mark_values
from abm.rules.mark_price import IndexMark
from abm.rules.oracle_mark import OracleMark
from abm.rules.pool_impact import price_impact
from abm.venues.policies import PoolOracle
from abm.venues.pool_funding import PoolFunding
from abm.venues.pool_intake import LONG, SHORT, count_sides, screen_orders
from abm.venues.terms import PoolTerms
from abm.venues.venue import Venue

Floats = npt.NDArray[np.float64]
FIRST_QUOTE_ID = 1 << 58
"""Ids of the pool's quotes start here: above those of traders, below those of the liquidation engine."""

GROWTH = 1.5
"""Size of a slice over that of the one before."""


class Quotes(NamedTuple):
    """A schedule: price in ticks and lots, shape ``(instruments, 2, slices)``; side 0 is the bids."""

    ticks: Amounts
    lots: Amounts


@dataclass
class PoolState:
    """What the pool has on its books at the oracle.

    Attributes
    ----------
    long_short
        Open interest of traders, lots, ``(instruments, 2)``.
    usd
        The same at the oracle, USD.
    pending
        Profit of each side that is not realised, USD; negative for a loss.
    value
        What the pool is worth, USD, without what it owes to traders in profit or gets from others.
    """

    long_short: Amounts
    usd: Floats
    pending: Floats
    value: float


def schedule(
    terms: PoolTerms,
    oracle: Floats,
    tick: Floats,
    lot: Floats,
    imbalance: Floats,
    held: Floats,
    lots: Amounts,
) -> Quotes:
    """Return quotes that give each trade the impact of its size.

    Parameters
    ----------
    oracle, tick, lot
        Oracle price, USD of a tick, units of a lot, ``(instruments,)``.
    imbalance
        Longs less shorts, USD, ``(instruments,)``.
    held
        What can be credited for better balance, USD, ``(instruments,)``.
    lots
        Lots to bid for and to offer, ``(instruments, 2)``.
    """
    share = (GROWTH ** np.arange(1, terms.slices + 1) - 1.0) / (GROWTH**terms.slices - 1.0)
    sums = np.floor(lots[:, :, None] * share).astype(np.int64)
    slices: Amounts = np.diff(sums, axis=2, prepend=0)
    unit = (oracle * lot)[:, None, None]
    before = imbalance[:, None, None]
    way = np.array([-1.0, 1.0])[None, :, None]  # a bid is hit by a seller, who lowers the imbalance
    credit = price_impact(
        before, before + way * sums * unit, terms.exponent, terms.positive_factor, terms.negative_factor
    )
    credit = np.minimum(credit, np.maximum(held, 0.0)[:, None, None])
    usd = np.maximum(slices * unit, 1e-9)
    impact = np.clip(np.diff(credit, axis=2, prepend=0.0) / usd, -terms.max_impact, terms.max_impact)
    exact = (oracle / tick)[:, None, None] / (1.0 + way * impact)
    ticks = np.empty(slices.shape, np.int64)
    ticks[:, 0] = np.maximum(np.floor(exact[:, 0]), 1.0)
    ticks[:, 1] = np.maximum(np.ceil(exact[:, 1]), ticks[:, 0].max(axis=1, keepdims=True) + 1)
    return Quotes(ticks, slices)


class LiquidityPool:
    """Quotes, limits and funding of one pool.

    Parameters
    ----------
    terms
        Impact and limits.
    instruments
        The instrument table; spot pairs have no pool.
    accounts
        Number of account rows.
    funding
        Funding between the sides; None: none.
    profit_limit
        Pending profit of one side over the pool's value beyond which that side cannot close on its own: the
        venue's ADL rule comes first.

    Attributes
    ----------
    impact_pool
        What traders have paid for impact less what was credited, USD, ``(instruments,)``.
    refused
        Orders refused so far because the pool could not take more.
    """

    def __init__(
        self,
        terms: PoolTerms,
        instruments: Records,
        accounts: int,
        funding: PoolFunding | None = None,
        profit_limit: float = np.inf,
    ) -> None:
        self.terms = terms
        self.instruments = instruments
        self.funding = funding
        self.profit_limit = profit_limit
        self.perpetual = np.flatnonzero(instruments["kind"] == PERPETUAL)
        n = len(instruments)
        self.impact_pool: Floats = np.zeros(n)
        self.refused = 0
        self._oracle: Floats = np.zeros(n)
        self._room: Amounts = np.zeros((n, 2), np.int64)
        self._moved: Amounts = np.zeros((2, n, accounts), np.int64)
        self._time_ns = 0
        self._next_id = FIRST_QUOTE_ID
        self._mine = np.zeros(accounts, np.bool_)
        self._mine[INSURANCE_FUND] = True

    def state(self, ledger: Ledger, oracle: Floats) -> PoolState:
        """Return open interest, pending profits and the pool's value at ``oracle``, USD."""
        lots, entered = count_sides(ledger.position, ledger.entry_value)
        lot_usd = oracle * self.instruments["lot"]
        usd = lots * lot_usd[:, None]
        pending = np.array([1.0, -1.0]) * usd - entered / 1e6
        # positions net to zero, so profits of traders and pool add up to what clearing holds
        value = int(ledger.cash[0, INSURANCE_FUND]) + int(ledger.cash[0, CLEARING])
        return PoolState(lots, usd, pending, value / 1e6)

    def room(self, state: PoolState) -> Floats:
        """Return the USD by which each side of each market may still grow, ``(instruments, 2)``.

        What the reserve of a side leaves is split evenly between markets, so that it holds whatever comes.
        """
        terms, chosen = self.terms, self.perpetual
        value = max(0.0, state.value)
        reserve = terms.reserve_factor * value / 2.0 - state.usd[chosen].sum(axis=0)
        room = np.zeros_like(state.usd)
        most = terms.max_open_interest_over_pool * value - state.usd[chosen]
        room[chosen] = np.maximum(0.0, np.minimum(most, reserve / max(1, len(chosen))))
        return room

    def quote(self, books: OrderBooks, ledger: Ledger, oracle: Floats, now_ns: int | None = None) -> None:
        """Take back the last quotes and quote around ``oracle``, USD, ``(instruments,)``.

        ``now_ns`` is the time of the quotes; that of the last call when not given.
        """
        self._oracle = np.array(oracle, np.float64)
        if now_ns is not None:
            self._time_ns = now_ns
        chosen, price = self.perpetual, self._oracle
        state = self.state(ledger, price)
        lot_usd = (price * self.instruments["lot"])[:, None]
        self._room = np.floor(self.room(state) / lot_usd).astype(np.int64)
        opening = self._room[:, [SHORT, LONG]]  # who sells to a bid opens a short, or closes a long
        blocked = state.pending > self.profit_limit * max(0.0, state.value)
        closing = np.where(blocked, 0, state.long_short)
        opening = np.where(blocked, 0, opening)
        quotes = schedule(
            self.terms,
            price[chosen],
            self.instruments["tick"][chosen],
            self.instruments["lot"][chosen],
            (state.usd[:, LONG] - state.usd[:, SHORT])[chosen],
            self.impact_pool[chosen],
            (opening + closing)[chosen],
        )
        books.cancel_accounts(self._mine)
        books.process(self._orders(quotes))

    def _orders(self, quotes: Quotes) -> Records:
        """Return the quotes as limit orders of the pool."""
        place, side, step = np.nonzero(quotes.lots)
        orders = message_table(len(place))
        orders["time"] = self._time_ns
        orders["id"] = self._next_id + np.arange(len(place))
        self._next_id += len(place)
        orders["price"] = quotes.ticks[place, side, step]
        orders["lots"] = quotes.lots[place, side, step]
        orders["account"] = INSURANCE_FUND
        orders["instrument"] = self.perpetual[place]
        orders["kind"] = LIMIT
        orders["side"] = np.where(side == 0, BUY, SELL)
        return orders

    def screen(self, messages: Records, ledger: Ledger) -> Records:
        """Return the messages that may trade: nothing rests, and no side grows beyond its room.

        An order that opens more than there is room for is cut; one for which there is none is refused.
        """
        if len(messages) == 0:
            return messages
        passes = np.empty(len(messages), np.bool_)
        refused = screen_orders(messages, ledger.position, self._room, self._moved, passes)
        self.refused += refused
        return for_kernels(messages[passes]) if refused else messages

    def collect(self, fills: Records) -> None:
        """Add the impact of the pool's fills to the impact pool."""
        mine = fills["maker"] == INSURANCE_FUND
        i = fills["instrument"][mine]
        gain = fills["price"][mine] * self.instruments["tick"][i] - self._oracle[i]
        gain *= np.where(fills["side"][mine] == BUY, 1.0, -1.0)
        np.add.at(self.impact_pool, i, gain * fills["lots"][mine] * self.instruments["lot"][i])

    def show(self, view: Records, ledger: Ledger, books: OrderBooks) -> None:
        """Write the quotes of the present oracle into ``view``, and what longs pay for one funding."""
        state = self.state(ledger, self._oracle)
        for i in self.perpetual.tolist():
            bid, ask = books.best_bid(i) or 0, books.best_ask(i) or 0
            row = view[i : i + 1]
            row["bid"], row["ask"] = bid, ask
            row["mid"] = 0.5 * (bid + ask) * self.instruments["tick"][i] if bid and ask else self._oracle[i]
            row["log_mid"] = np.log(row["mid"])
        rate = np.zeros(len(state.usd)) if self.funding is None else self.funding.shown(state.usd)
        view["funding"][self.perpetual] = rate[self.perpetual]

    def pay_funding(self, ledger: Ledger, mark_ticks: Amounts, now_ns: int) -> None:
        """Let funding accrue up to ``now_ns`` and pay what is due."""
        if self.funding is not None:
            usd = self.state(ledger, self._oracle).usd
            self.funding.accrue(usd, now_ns)
            self.funding.pay(ledger, mark_values(self.instruments, mark_ticks), now_ns)


def pool_of(venue: Venue, instruments: Records, accounts: int) -> LiquidityPool | None:
    """Return the pool of a venue, None for one with order books.

    Raises
    ------
    ValueError
        If rules of the venue do not go with a pool.
    """
    if venue.pool is None:
        return None
    for name, value, right, wanted in (
        ("mark", venue.mark, isinstance(venue.mark, OracleMark | IndexMark), "oracle or index"),
        ("liquidation", venue.liquidation, isinstance(venue.liquidation, PoolOracle), "pool"),
        ("fund.unwind_rate_per_s", venue.fund.unwind_rate_per_s, venue.fund.unwind_rate_per_s == 0.0, "0"),
        (
            "fees.maker_ppm",
            venue.fees.maker_ppm,
            venue.fees.maker_ppm <= 0,
            "0 or less, for the pool",
        ),
    ):
        if not right:
            raise ValueError(
                f"{venue.name}: {name} is {value}; with matching.kind 'pool' it must be {wanted}"
            )
    funding = None
    if venue.imbalance_funding is not None:
        funding = PoolFunding(venue.imbalance_funding, venue.funding.interval_hours, len(instruments))
    return LiquidityPool(venue.pool, instruments, accounts, funding, profit_limit_of(venue))


def profit_limit_of(venue: Venue) -> float:
    """Return the share of the pool's value beyond which winners wait for deleveraging."""
    return venue.adl.pool_pnl_factor if venue.adl.trigger == "pool_pnl" else math.inf
