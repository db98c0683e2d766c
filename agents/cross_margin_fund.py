"""Cross-margin funds: one wallet behind a whole book, with coins posted as collateral.

Most hold small coins long against short perpetuals of the leaders; some are only long; some are loopers, who
borrow to hold more of a coin that pays a yield. A fund keeps its gross position near a multiple of its equity
(leverage targets make falls feed themselves: Thurner, Farmer and Geanakoplos 2012, Quantitative Finance 12,
695-707). Equity is what the venue says: cash, profit, and coins at the venue's price. So a coin that loses
its peg there makes a fund shed positions whose prices have not moved; coins it sells only for money it owes.
A fund that has lost one side of its book (liquidated, deleveraged, an order that did not fill) closes the
other or buys the side back. Where the feed lags it cannot act. How much of its book it wants to hold stands
in `agents.funds.book`, what it sends in `agents.funds.orders`.
"""

import math

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.compiled import kernel
from abm.instruments import PERPETUAL
from abm.random_streams import uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, happens
from agents.funds.book import look_at_wallet, rebalance, wanted_share
from agents.funds.orders import repay, work
from agents.funds.parameters import CrossMarginFundParameters


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
