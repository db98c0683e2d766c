"""Institutions: funds, lenders, brokers of makers, exchanges, lenders against real-world assets.

What they owe each other, when they are called and when they fail is `abm.networks.credit_network`; here is
what they do in the books: whoever must pay and has not the cash sells coins, all kinds alike, in slices, no
faster than the books seem to bear. An institution that has failed is wound up in the same way.
"""

import math

import numpy as np
import numpy.typing as npt
from pydantic import Field

from abm.book.messages import REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.instruments import SPOT
from abm.networks.balance_sheets import STATES
from abm.random_streams import uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, lots_for, take_within


class InstitutionParameters(Parameters):
    """Institutions that owe each other, and how failures travel."""

    institutions: int = Field(0, ge=0, le=500, description="number of institutions; 0 = no credit network")
    kinds: dict[str, float] = Field(
        default_factory=dict,
        description="kinds and their relative numbers; all of `agents.institution_kinds` when not given",
    )
    assets_over_depth: float = Field(
        30.0,
        gt=0,
        le=10_000,
        description="assets of all institutions over the one-sided depth within 1 % of the hub's spot books",
    )
    size_spread: float = Field(
        0.8, ge=0, le=3, description="standard deviation of the log of assets within a kind"
    )
    leverage_scale: float = Field(
        1.0, ge=0, le=10, description="factor on leverage beyond 1, assets over equity"
    )
    leverage_spread: float = Field(
        0.3, ge=0, le=2, description="standard deviation of the log of leverage beyond 1"
    )
    call_over_leverage: float = Field(
        1.8,
        gt=1,
        le=100,
        description="leverage beyond 1, over that of the start, at which creditors ask money back",
    )
    call_s: float = Field(21600.0, ge=0, le=1e8, description="time to pay what creditors ask back, seconds")
    core_share: float = Field(
        0.5, ge=0, le=1, description="probability that a core institution borrows from another one"
    )
    creditors: int = Field(
        2, ge=1, le=100, description="number of core institutions that each of the others borrows from"
    )
    edges: str = Field(
        "",
        max_length=1000,
        description="file of debts in place of drawn ones: debtor, creditor, USD on each line, such as "
        "fund-1 lender-1 250000",
    )
    callable_share: float = Field(
        0.3, ge=0, le=1, description="share of a debt that a creditor in need may ask back"
    )
    fund_lines: float = Field(
        0.1, ge=0, le=10, description="credit lines drawn by cross-margin funds over their equity"
    )
    maker_lines: float = Field(
        0.03, ge=0, le=1, description="credit lines drawn by market makers over their capital"
    )
    line_s: float = Field(
        3600.0, ge=0, le=1e8, description="time that traders have to pay back a called line, seconds"
    )
    cut_s: float = Field(
        1800.0, gt=0, le=1e7, description="time over which coins are sold for what must be paid, seconds"
    )
    rate_per_hour: float = Field(360.0, gt=0, le=36000, description="how often each trades, 1/hour")
    clip_over_depth: float = Field(
        0.05,
        gt=0,
        le=10,
        description="most that one institution sells of a coin in a minute over one-sided depth within 1 %",
    )
    slippage: float = Field(
        0.01, gt=0, le=0.5, description="farthest below the mid that a sale may trade, fraction"
    )
    stale_feed_s: float = Field(5.0, gt=0, le=1e5, description="feed delay beyond which none sells, seconds")
    illiquid_per_hour: float = Field(
        0.02, ge=0, le=3600, description="rate at which the illiquid asset can be sold, 1/hour"
    )
    haircut: float = Field(0.3, ge=0, le=1, description="share of its value lost in such a sale")
    run_per_hour: float = Field(
        0.5,
        ge=0,
        le=3600,
        description="rate at which depositors ask their money back if all institutions were known to have "
        "failed, 1/hour",
    )
    run_fade_s: float = Field(21600.0, gt=0, le=1e8, description="time in which a run calms down, seconds")
    queue_s: float = Field(
        86400.0,
        ge=0,
        le=1e8,
        description="time after which unpaid depositors make an institution fail, seconds",
    )
    reveal_s: float = Field(
        7200.0,
        ge=0,
        le=1e8,
        description="mean time until a failure is public, and until a creditor knows its loss, seconds",
    )
    recovered_outside: float = Field(
        0.8, ge=0, le=1, description="share of its own assets that a failed institution pays out"
    )
    recovered_inside: float = Field(
        0.8, ge=0, le=1, description="share of what others pay to it that a failed institution pays out"
    )


@kernel
def sell_coins(
    table: Records,
    depth_usd: npt.NDArray[np.float64],
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
    """Let every institution that needs cash sell some of its coins.

    Parameters
    ----------
    depth_usd
        Calm one-sided depth of each instrument, USD.
    """
    p = parameters[0]
    step_s = step_ns / 1e9
    looks = 1.0 - math.exp(-p.rate_per_hour / 3600.0 * step_s)
    interval_s = max(step_s, 3600.0 / p.rate_per_hour)
    share = 1.0 - math.exp(-interval_s / p.cut_s)
    for j in range(len(table)):
        t = table[j]
        if t.need <= 0 or t.coins <= 0 or uniform(key, j, index, 0) >= looks:
            continue
        part = share * min(1.0, t.need / t.coins)
        when = start_ns + int(step_ns * uniform(key, j, index, 1))
        for i in range(len(instruments)):
            lots = position[i, t.account]
            terms = instruments[i]
            if terms.kind != SPOT or lots == 0:
                continue
            most = lots_for(p.clip_over_depth * depth_usd[i] * interval_s / 60.0, view[i].mid, terms.lot)
            lots = min(lots, max(1, min(int(lots * part), most)))
            take_within(
                messages, counters, when, t.account, i, terms, SELL, lots, view[i].screen, p.slippage,
                REDUCE_ONLY,
            )  # fmt: skip


class Institution(CrowdAgent):
    """An institution; see `InstitutionParameters`."""

    crowd: "Institutions"
    limit = Column()

    @property
    def name(self) -> str:
        """Its name, such as ``"lender-2"``."""
        return self.crowd.names[self.row]

    @property
    def state(self) -> str:
        """``"sound"``, ``"margin call"`` or ``"failed"``."""
        return STATES[int(self.crowd.table["state"][self.row])]

    @property
    def equity_usd(self) -> float:
        """Assets less debts and deposits, as its books know them."""
        return float(self.crowd.table["equity"][self.row] / 1e6)

    @property
    def leverage(self) -> float:
        """Assets over equity; infinite when there is no equity."""
        row = self.crowd.table[self.row]
        return float(row["assets"] / row["equity"]) if row["equity"] > 0 else math.inf


class Institutions(Crowd):
    """All institutions of a run.

    Parameters
    ----------
    parameters, seed
        As for every crowd.
    table
        Balance sheets (`abm.networks.balance_sheets.balance_dtype`), kept by the credit network.
    names
        One for each, unique.
    depth_usd
        Calm one-sided depth of each instrument of the hub.
    """

    kind = "institution"
    agent_class = Institution

    def __init__(
        self,
        parameters: InstitutionParameters,
        table: Records,
        names: tuple[str, ...],
        depth_usd: npt.NDArray[np.float64],
        seed: int,
    ) -> None:
        super().__init__(parameters, table, seed)
        self.names = names
        self.depth_usd = depth_usd
        self._stale_feed_s = parameters.stale_feed_s

    def decide(self, sight: Sight) -> None:
        """Sell what must be sold."""
        if sight.feed_delay_s > self._stale_feed_s or not self.table["need"].any():
            return
        sight.outbox.reserve(len(self.table) * len(sight.instruments))
        sell_coins(
            self.table,
            self.depth_usd,
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
