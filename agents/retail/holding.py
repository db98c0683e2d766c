"""What traders do with a position at a loss or in profit: leave, add, top up its margin."""

import math

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.compiled import kernel
from abm.ledger.deposits import add_margin, pay_in
from abm.random_streams import uniform
from agents.crowd import happens, lots_for
from agents.retail.exits import cancel_exits
from agents.retail.state import ADDING, IDLE

GIVE_UP_PER_HOUR = 2.0
"""Rate at which a trader stops trying to add to a position."""
FEES_LEFT = 0.95
"""Share of free cash that may become margin; the rest covers fees."""


@kernel
def profit_of(held: int, mid_usd: float, lot: float, entry_value: int) -> float:
    """Return the profit of a position of signed lots at the mid, USD."""
    return held * lot * mid_usd - entry_value / 1e6


@kernel
def patience(p: np.record, profit_usd: float) -> float:
    """Return the factor on the rate of leaving: above 1 in profit and below 1 at a loss, or the other way.

    Its two values multiply to 1 and their ratio is the parameter ``disposition``: Shefrin and Statman 1985,
    J. Finance 40, 777-790; measured as in Odean 1998 (`abm.measures.disposition`).
    """
    factor = math.sqrt(p.disposition)
    return factor if profit_usd > 0.0 else 1.0 / factor


@kernel
def look_after(
    t: np.record,
    p: np.record,
    held: int,
    mid_usd: float,
    lot: float,
    profit_usd: float,
    cash: npt.NDArray[np.int64],
    entry_value: npt.NDArray[np.int64],
    isolated_margin: npt.NDArray[np.int64],
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    who: int,
    index: int,
    step_h: float,
    when: int,
) -> None:
    """Top up margin that runs low, or add to a position: what trader ``t`` does when it holds at a loss."""
    i, a = t.instrument, t.account
    entered_usd = abs(entry_value[i, a]) / 1e6
    full = int(1e6 * entered_usd / t.leverage)
    short = full - isolated_margin[i, a] - int(1e6 * profit_usd)
    low = short > (1.0 - p.top_up_below) * full and t.reserve > 0 and isolated_margin[i, a] > 0
    if low and happens(uniform(key, who, index, 7), p.top_up_per_hour * step_h):
        amount = min(short, t.reserve)
        t.reserve -= amount
        pay_in(cash, a, amount)
        add_margin(cash, isolated_margin, i, a, amount)
    losing = profit_usd < -p.average_down_at * entered_usd
    if losing and happens(uniform(key, who, index, 8), p.average_down_per_hour * step_h):
        free_usd = FEES_LEFT * max(0.0, cash[0, a] / 1e6) * t.leverage
        more = min(int(p.average_down_share * abs(held)), lots_for(free_usd, mid_usd, lot))
        if more > 0:
            cancel_exits(t, messages, counters, when)
            t.goal = held + (more if held > 0 else -more)
            t.working = ADDING


@kernel
def gives_up(t: np.record, key: np.uint64, who: int, index: int, step_h: float) -> None:
    """Let a trader who tries to add to a position, and cannot, stop after a while."""
    if t.working == ADDING and happens(uniform(key, who, index, 9), GIVE_UP_PER_HOUR * step_h):
        t.working = IDLE
