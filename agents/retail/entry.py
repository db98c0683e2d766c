"""How traders enter: what pulls them, how much they dare, and whom a deep fall calls in."""

import math

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, SELL, Records
from abm.compiled import kernel
from abm.information.tiers import news_read
from abm.ledger.deposits import pay_in
from abm.random_streams import uniform
from agents.crowd import happens, lots_for
from agents.retail.state import MARGIN_USED, OPENING

EAGERNESS_LIMIT = 8.0
"""Largest multiple of the calm rate of entry."""
HORIZONS_S = (600.0, 3600.0, 14400.0)
"""Times over which momentum weighs the past, seconds."""
KELLY, KELLY_BET = 1, 2
SIZINGS = {"leverage": 0, "kelly": KELLY, "kelly-bet": KELLY_BET}
DAY_S = 86400.0
MOST_OF_RESERVE = 0.98
"""Share of the reserve that a dip buyer spends: the rest covers fees and slippage."""


@kernel
def look_back(
    view: Records, hour_average: npt.NDArray[np.float64], peak: npt.NDArray[np.float64], step_s: float
) -> None:
    """Carry the hour's average of the log mid, and the highest mid so far, over a step."""
    keep = math.exp(-step_s / HORIZONS_S[1])
    for i in range(len(view)):
        hour_average[i] = keep * hour_average[i] + (1.0 - keep) * view[i].log_mid
        peak[i] = max(peak[i], view[i].mid)


@kernel
def momentum(p: np.record, seen: np.record, hour_average: float) -> float:
    """Return the recent move over what counts as strong, each horizon in its own standard deviations.

    A log price less its exponential average is the sum of past returns with exponential weights, as those
    who extrapolate are modelled (Barberis, Greenwood, Jin and Shleifer 2015, J. Financial Economics 115,
    1-24). The weights on the last ten minutes, hour and four hours are ``r``, ``r (1 - r)``, ``(1 - r)^2``.
    """
    r = p.recency
    fast = seen.momentum * math.sqrt(HORIZONS_S[2] / HORIZONS_S[0])
    hour = (seen.log_mid - hour_average) * math.sqrt(HORIZONS_S[2] / HORIZONS_S[1])
    mixed = r * fast + r * (1.0 - r) * hour + (1.0 - r) * (1.0 - r) * seen.momentum_slow
    return math.tanh(mixed / p.momentum_scale)


@kernel
def news_pull(
    p: np.record,
    items: Records,
    effect: npt.NDArray[np.float64],
    asset: int,
    key: np.uint64,
    who: int,
    now_s: float,
) -> float:
    """Return the pull of what the trader has read within the time that news counts as new."""
    now = news_read(items, effect, asset, key, who, now_s)
    before = news_read(items, effect, asset, key, who, now_s - 3600.0 * p.news_hours)
    return p.news_weight * math.tanh((now - before) / p.news_scale)


@kernel
def kelly_limit(p: np.record, conviction: float, volatility: float) -> float:
    """Return the largest exposure over wealth that a trader takes by its belief, 0 or more.

    The Kelly exposure is expected return over variance, both over a day. The Kelly bet risks
    ``(b p - q) / b`` of wealth at the stop-loss, with ``b`` the distance of the take-profit over that of the
    stop-loss, and ``p`` the fair chance ``1 / (1 + b)`` plus the edge that is expected (`abm.rules.kelly`).

    Parameters
    ----------
    conviction
        Strength of the signals, 0 to 1.
    volatility
        Standard deviation of the log price per square root of a second.
    """
    if p.kelly == KELLY:
        variance = volatility * volatility * DAY_S
        return p.overconfidence * p.expected_return * conviction / max(variance, 1e-12)
    odds = p.profit_distance / p.stop_distance
    chance = min(1.0, 1.0 / (1.0 + odds) + p.expected_edge * conviction)
    risked = (odds * chance - (1.0 - chance)) / odds
    return p.overconfidence * max(0.0, risked) / p.stop_distance


@kernel
def entry_usd(t: np.record, p: np.record, cash_usd: float, pull: float, volatility: float) -> float:
    """Return the notional of an entry, USD."""
    wealth = min(cash_usd, t.wealth_usd)
    notional = MARGIN_USED * t.leverage * wealth
    if p.kelly > 0.0:
        notional = min(notional, wealth * kelly_limit(p, math.tanh(abs(pull)), volatility))
    return notional


@kernel
def set_goal(
    t: np.record, p: np.record, side: int, pull: float, cash: int, seen: np.record, lot: float
) -> None:
    """Begin to enter on a side, with the size that the trader dares."""
    notional = entry_usd(t, p, cash / 1e6, pull, seen.volatility_slow)
    t.goal = (1 - 2 * side) * lots_for(notional, seen.mid, lot)
    t.working = OPENING


@kernel
def enter_otherwise(
    t: np.record,
    p: np.record,
    seen: np.record,
    lot: float,
    hour_average: float,
    peak: float,
    cash: npt.NDArray[np.int64],
    key: np.uint64,
    who: int,
    index: int,
    step_h: float,
) -> None:
    """Follow a strong move, or spend the reserve after a deep fall, without leverage."""
    draw = uniform(key, who, index, 5)
    if draw < p.chase_per_hour * step_h:
        signal = momentum(p, seen, hour_average)
        if happens(draw, p.chase_per_hour * signal * signal * step_h):
            set_goal(t, p, BUY if signal > 0.0 else SELL, signal, cash[0, t.account], seen, lot)
            return
    called = t.dips > 0 and t.reserve > 0 and seen.mid < peak * (1.0 - p.dip_fall)
    if called and happens(uniform(key, who, index, 6), p.dip_per_hour * step_h):
        t.goal = lots_for(MOST_OF_RESERVE * t.reserve / 1e6, seen.mid, lot)
        pay_in(cash, t.account, t.reserve)
        t.reserve = 0
        t.working = OPENING
