"""What agents can see of the market: quotes, prices and slow summaries, one row for each instrument.

The view is refreshed once a step from the books. Agents decide on the *published* copy, which an overloaded
or broken feed leaves stale (see `abm.venues.gateway`).
"""

import math

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.book.queries import best_ask, best_bid
from abm.compiled import for_kernels, kernel

view_dtype = np.dtype(
    [
        ("bid", "i8"),  # ticks, 0 when the side is empty
        ("ask", "i8"),  # ticks, 0 when the side is empty
        ("mid", "f8"),  # USD; the last trade when a side is empty
        ("log_mid", "f8"),
        ("last", "f8"),  # USD
        ("mark", "f8"),  # USD
        ("index", "f8"),  # USD
        ("funding", "f8"),  # fraction per funding interval
        ("sampled_log_mid", "f8"),  # log mid at the last volatility sample
        ("sample_age_s", "f8"),  # seconds since then
        ("volatility", "f8"),  # of log mid, per square root of a second, about the last two minutes
        ("volatility_slow", "f8"),  # its normal: the same over two days, extreme moves cut off
        ("screen", "f8"),  # USD, the mid on a screen that is refreshed every two seconds: what people act on
        ("screen_age_s", "f8"),
        ("momentum", "f8"),  # log mid less its average over about ten minutes
        ("momentum_slow", "f8"),  # the same over four hours
        ("average", "f8"),
        ("average_slow", "f8"),
    ],
    align=True,
)

SAMPLE_S = 9.999
VOLATILITY_S = 120.0
VOLATILITY_SLOW_S = 2 * 86400.0
SCREEN_S = 1.999
MOMENTUM_S = (600.0, 14400.0)
EXTREME = 3.0
"""Moves beyond this many normal deviations count as so many in what is normal: a crash does not become it."""


def market_view(prices_usd: npt.NDArray[np.float64], volatility: npt.NDArray[np.float64]) -> Records:
    """Return the view before any trade, from ``prices_usd`` and calm volatilities of each instrument."""
    view = for_kernels(np.zeros(len(prices_usd), view_dtype))
    for name in ("mid", "screen", "last", "mark", "index"):
        view[name] = prices_usd
    for name in ("log_mid", "sampled_log_mid", "average", "average_slow"):
        view[name] = np.log(prices_usd)
    view["volatility"] = volatility
    view["volatility_slow"] = volatility
    return view


@kernel
def sample_volatility(row: np.record) -> None:
    """Take a volatility sample over the time since the last one.

    Samples are at least ten seconds apart whatever the step, so that the bounce between bid and ask weighs
    the same.
    """
    # squares as products: a power rounds differently with compilation off
    age = row.sample_age_s
    move = row.log_mid - row.sampled_log_mid
    variance = move * move / age
    keep = math.exp(-age / VOLATILITY_S)
    keep_slow = math.exp(-age / VOLATILITY_SLOW_S)
    row.volatility = math.sqrt(keep * row.volatility * row.volatility + (1.0 - keep) * variance)
    slow = row.volatility_slow * row.volatility_slow
    usual = min(variance, EXTREME * EXTREME * slow)
    row.volatility_slow = math.sqrt(keep_slow * slow + (1.0 - keep_slow) * usual)
    row.sampled_log_mid = row.log_mid
    row.sample_age_s = 0.0


@kernel
def refresh(view: Records, books: Records, instruments: Records, step_s: float) -> None:
    """Read best quotes, mids, returns and their moving summaries after a step of ``step_s``."""
    keep = math.exp(-step_s / 600.0)
    keep_slow = math.exp(-step_s / 14400.0)
    for i in range(len(view)):
        row = view[i]
        book = books[i]
        tick = instruments[i].tick
        row.bid = best_bid(book)
        row.ask = best_ask(book)
        row.last = book.last * tick if book.last > 0 else row.last
        if row.bid > 0 and row.ask > 0:
            row.mid = 0.5 * (row.bid + row.ask) * tick
        else:
            row.mid = row.last
        row.log_mid = math.log(row.mid)
        row.sample_age_s += step_s
        if row.sample_age_s >= SAMPLE_S:
            sample_volatility(row)
        row.screen_age_s += step_s
        if row.screen_age_s >= SCREEN_S:
            row.screen = row.mid
            row.screen_age_s = 0.0
        row.average = keep * row.average + (1.0 - keep) * row.log_mid
        row.average_slow = keep_slow * row.average_slow + (1.0 - keep_slow) * row.log_mid
        row.momentum = row.log_mid - row.average
        row.momentum_slow = row.log_mid - row.average_slow
