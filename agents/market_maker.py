"""Market makers: they quote a ladder on every exchange, hedge on the hub, and stop when their limits say so.

How one instrument is quoted stands in `agents.making.quoting`, what is done in a step in
`agents.making.deciding`. A maker withdraws from an instrument when size times volatility breaks its risk
limit (volatility rose faster than it could cut), from an exchange when its feed is stale, when the hub where
it hedges cannot be reached or when a position of its own there was auto-deleveraged, and from everything when
it has lost too much. It comes back at a random time, with less size. At its inventory limit it stops quoting
one side.
"""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.book.messages import Records
from abm.compiled import for_kernels
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent
from agents.making.deciding import (
    INVENTORY,
    QUOTING,
    REASONS,
    decide_makers,
    excess_of_others,
    hedge,
    value_holdings,
)
from agents.making.parameters import MarketMakerParameters
from agents.making.quoting import LEVELS, ladder_shares, level_dtype
from agents.making.reacting import reaction_dtype

HOUR_S = 3600.0


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
    ) -> None:
        super().__init__(parameters, table, seed, withdrawal=1.0)
        self.accounts = accounts
        self.quotes = quotes
        self._keys = [self.stream(seed, e) for e in range(len(quotes))]
        self.loading = loading
        self.ladders: list[Records] = [
            for_kernels(np.zeros((*item.shape, 2, len(LEVELS)), level_dtype)) for item in quotes
        ]
        self._reactions: list[Records] = [
            for_kernels(np.zeros(item.shape[1], reaction_dtype)) for item in quotes
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
        leader = np.zeros(len(hub.log_value))
        excess_of_others(self.quotes[0], hub.instruments, hub.view, hub.log_value, leader)
        total = sum(coins)
        if len(coins) > 1:
            self._hedge(hub, total - coins[0])
        for e, there in enumerate(sight.elsewhere):
            if self.quotes[e].size == 0:
                continue
            abroad = total - coins[e] if e == 0 else np.zeros_like(total)
            self._quote(e, there, leader, abroad, hub)

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
            self._reactions[e],
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
        if not np.count_nonzero(left):
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
