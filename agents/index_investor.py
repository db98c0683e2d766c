"""Index investors: they hold a basket of coins on spot, without leverage, and follow a rule.

Some buy for the same amount at regular dates (dollar-cost averaging) and keep dry powder, which they spend
once a coin has fallen deeply from its highest price of the run. Some bring the basket back to its share of
their wealth at regular dates, some when the share has drifted too far. Rebalancing is what Perold and Sharpe
1988 (Financial Analysts Journal 44, 16-27) call constant mix: it buys what fell and sells what rose.
"""

import math

import numpy as np
import numpy.typing as npt
from pydantic import Field

from abm.book.messages import BUY, IOC, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.instruments import SPOT
from abm.ledger.deposits import pay_in
from abm.outbox import send
from abm.random_streams import uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, happens, lots_for

AVERAGING, CALENDAR, THRESHOLD = range(3)
RULES = ("averaging", "calendar", "threshold")
FEES_LEFT = 0.995
"""Share of free cash that may be spent on coins; the rest covers fees."""

index_dtype = np.dtype(
    [
        ("account", "i4"),
        ("phase", "f8"),  # where in its interval it stands at the start, 0 to 1
        ("saves_usd", "f8"),  # spent at each date by who averages
        ("clip_usd", "f8"),  # most it trades in a minute in one coin
        ("rule", "i1"),  # AVERAGING, CALENDAR or THRESHOLD
    ],
    align=True,
)


class IndexInvestorParameters(Parameters):
    """Index investors, on the hub's spot pairs."""

    investors: int = Field(0, ge=0, le=1_000_000, description="number of index investors")
    holding_over_depth: float = Field(
        6.0, ge=0, le=1000, description="spot holding of all of them over one-sided depth within 1 %"
    )
    averaging_share: float = Field(
        0.5, ge=0, le=1, description="share of them, by number, who buy for the same amount at each date"
    )
    calendar_share: float = Field(
        0.25, ge=0, le=1, description="share who rebalance at each date; the rest do so beyond a threshold"
    )
    every_hours: float = Field(24.0, gt=0, le=1e5, description="time between two dates, hours")
    saving_share: float = Field(
        0.002, ge=0, le=1, description="new money at each date over the first holding, of those who average"
    )
    coin_share: float = Field(
        0.6, gt=0, lt=1, description="share of wealth that those who rebalance hold in coins"
    )
    threshold: float = Field(
        0.05, gt=0, lt=1, description="drift of that share at which those with a threshold trade"
    )
    powder_share: float = Field(
        0.1,
        ge=0,
        le=10,
        description="dry powder of those who average over their first holding, spent once after a deep fall",
    )
    powder_fall: float = Field(
        0.3,
        gt=0,
        lt=1,
        description="fall of a coin from its highest price at which its part is spent, fraction",
    )
    powder_per_hour: float = Field(1.0, gt=0, le=3600, description="rate at which it is then spent, 1/hour")
    looks_per_hour: float = Field(
        1.0, gt=0, le=3600, description="how often those with a threshold look at it, 1/hour"
    )
    clip_over_depth: float = Field(
        0.005, gt=0, le=10, description="largest order of one in a minute over one-sided depth within 1 %"
    )
    slippage: float = Field(
        0.005, gt=0, le=0.5, description="farthest from the mid that an order may trade, fraction"
    )


@kernel
def basket_usd(view: Records, instruments: Records, position: npt.NDArray[np.int64], a: int) -> float:
    """Return what an account holds in spot coins at the mids, USD."""
    total = 0.0
    for i in range(len(view)):
        if instruments[i].kind == SPOT:
            total += position[i, a] * instruments[i].lot * view[i].mid
    return total


@kernel
def is_due(phase: float, every_s: float, start_ns: int, step_ns: int) -> bool:
    """Tell whether a date of an investor falls into the step."""
    return math.floor((start_ns + step_ns) / 1e9 / every_s + phase) > math.floor(
        start_ns / 1e9 / every_s + phase
    )


@kernel
def decide_index_investors(
    investors: Records,
    wanted: npt.NDArray[np.int64],
    powder_usd: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    peak: npt.NDArray[np.float64],
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    cash: npt.NDArray[np.int64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
) -> None:
    """Let every index investor see whether its rule asks for a trade, and work the orders it has begun.

    Parameters
    ----------
    wanted
        Lots that each investor wants to hold while it works an order, -1 where none, ``(investors,
        instruments)``.
    powder_usd
        Dry powder that it keeps for the coin, the same shape.
    weight
        Share of each instrument in the basket, 0 for perpetuals; sums to 1.
    peak
        Highest mid so far.
    """
    p = parameters[0]
    step_h = step_ns / 3.6e12
    for i in range(len(view)):
        peak[i] = max(peak[i], view[i].mid)
    for j in range(len(investors)):
        t = investors[j]
        a = t.account
        due = t.rule != THRESHOLD and is_due(t.phase, 3600.0 * p.every_hours, start_ns, step_ns)
        if t.rule == THRESHOLD:
            due = happens(uniform(key, j, index, 0), p.looks_per_hour * step_h)
        target = 0.0
        if due and t.rule == AVERAGING:
            pay_in(cash, a, int(1e6 * t.saves_usd))
        elif due:
            held = basket_usd(view, instruments, position, a)
            wealth = held + cash[0, a] / 1e6
            target = p.coin_share * wealth
            due = wealth > 0.0 and (t.rule == CALENDAR or abs(held / wealth - p.coin_share) > p.threshold)
        free_usd = max(0.0, cash[0, a] / 1e6)
        for i in range(len(view)):
            if weight[i] <= 0.0:
                continue
            mid, lot, held_lots = view[i].mid, instruments[i].lot, position[i, a]
            aim = wanted[j, i]
            if due and t.rule == AVERAGING:
                aim = max(held_lots, aim) + lots_for(t.saves_usd * weight[i], mid, lot)
            elif due:
                aim = lots_for(target * weight[i], mid, lot)
            fallen = powder_usd[j, i] > 0.0 and mid < peak[i] * (1.0 - p.powder_fall)
            if fallen and happens(uniform(key, j, index, 2 * i + 2), p.powder_per_hour * step_h):
                aim = max(held_lots, aim) + lots_for(powder_usd[j, i], mid, lot)
                powder_usd[j, i] = 0.0
            wanted[j, i] = aim if aim != held_lots else -1
            if aim < 0 or aim == held_lots:
                continue
            side = BUY if aim > held_lots else SELL
            # rounded either way by chance: a least size of one lot a step would be faster in short steps
            most = t.clip_usd * weight[i] * step_ns / (6e10 * mid * lot)
            most += uniform(key, j, index, 2 * len(view) + 2 + i)
            lots = min(int(most), abs(aim - held_lots))
            worst_usd = view[i].screen * (1.0 + (1 - 2 * side) * p.slippage)
            if side == BUY:
                lots = min(lots, lots_for(FEES_LEFT * free_usd, worst_usd, lot))
                free_usd -= lots * lot * worst_usd
            if lots < 1:
                continue
            when = start_ns + int(step_ns * uniform(key, j, index, 2 * i + 3))
            worst = max(1, int(worst_usd / instruments[i].tick))
            flags = REDUCE_ONLY if side == SELL else 0
            send(messages, counters, when, a, i, IOC, side, lots, worst, flags)


class IndexInvestor(CrowdAgent):
    """An index investor; see `IndexInvestorParameters`."""

    saves_usd = Column()

    @property
    def rule(self) -> str:
        """Which rule it follows, one of `RULES`."""
        return RULES[int(self.crowd.table["rule"][self.row])]


class IndexInvestors(Crowd):
    """All index investors of a run.

    Parameters
    ----------
    parameters, table, seed, exchange
        As for every crowd.
    weight
        Share of each instrument in the basket, shape ``(instruments,)``; 0 for what is not in it.
    powder_usd
        Dry powder of each investor for each instrument, shape ``(investors, instruments)``.
    price_usd
        Prices at the start, shape ``(instruments,)``.
    """

    kind = "index_investor"
    agent_class = IndexInvestor

    def __init__(
        self,
        parameters: IndexInvestorParameters,
        table: Records,
        weight: npt.NDArray[np.float64],
        powder_usd: npt.NDArray[np.float64],
        price_usd: npt.NDArray[np.float64],
        seed: int,
        exchange: int = 0,
    ) -> None:
        super().__init__(parameters, table, seed, exchange)
        self.weight = weight
        self.powder_usd = powder_usd
        self._peak = price_usd.copy()
        self._wanted = np.full((len(table), len(weight)), -1, np.int64)

    def decide(self, sight: Sight) -> None:
        """Follow the rules, and work orders."""
        if not len(self.table):
            return
        sight.outbox.reserve(len(self.table) * len(self.weight))
        decide_index_investors(
            self.table,
            self._wanted,
            self.powder_usd,
            self.weight,
            self._peak,
            sight.view,
            sight.instruments,
            sight.ledger.position,
            sight.ledger.cash,
            self._record,
            sight.outbox.messages,
            sight.outbox.counters,
            self._key,
            sight.start_ns,
            sight.step_ns,
            sight.index,
        )
