"""The fall of an event: from where, to where, when; and how to find it without being told."""

from dataclasses import dataclass

import numpy as np

from abm.measures.price_path import DAY_S, HOUR_S, Floats, PricePath
from abm.measures.sampling import last_known


@dataclass(frozen=True)
class Fall:
    """A fall from the price at ``start_s`` to the lowest price after it.

    The low lies somewhere inside an interval of the path, so every duration to or from it is known to one
    interval. The shortest consistent with the path is given: the true one is at most one interval longer.

    Attributes
    ----------
    start_s, start_price
        When the event begins (seconds) and P0, the last price known then (USD).
    start_index
        Interval of the path that ends at or before ``start_s`` (-1 when the event begins with the path).
    low_s, low_price, low_index
        End of the interval with the lowest price (seconds), that price P_low (USD), and the interval.
    time_to_low_s
        From ``start_s`` to the beginning of the interval with the low, seconds.
    """

    start_s: float
    start_price: float
    start_index: int
    low_s: float
    low_price: float
    low_index: int
    time_to_low_s: float

    @property
    def depth(self) -> float:
        """Return P0 - P_low, USD."""
        return self.start_price - self.low_price

    @property
    def share(self) -> float:
        """Return the total fall (P0 - P_low) / P0, a fraction of P0 (positive)."""
        return self.depth / self.start_price


def find_fall(path: PricePath, start_s: float, within_s: float = 2.0 * DAY_S) -> Fall:
    """Return the fall that begins at ``start_s``.

    Parameters
    ----------
    path
        The prices.
    start_s
        Beginning of the event, seconds on the clock of the path.
    within_s
        The low is the lowest price within this many seconds of the start (the first, if it is met twice).

    Raises
    ------
    ValueError
        When ``start_s`` is not inside the path, or the price never falls below its level at the start.
    """
    if not path.begin_s <= start_s < path.end_s:
        raise ValueError(
            f"event start {start_s:g} s is outside the path ({path.begin_s:g} to {path.end_s:g} s)"
        )
    start = int(np.searchsorted(path.time_s, start_s, side="right")) - 1
    price = float(path.close[max(start, 0)])
    after = int(np.searchsorted(path.time_s, start_s + within_s, side="right"))
    window = path.low[start + 1 : max(after, start + 2)]
    low = start + 1 + int(np.argmin(window))
    if not path.low[low] < price:
        raise ValueError(
            f"the price does not fall below {price:g} within {within_s / HOUR_S:g} hours of the start"
        )
    begins = float(path.time_s[low - 1]) if low > 0 else path.begin_s
    return Fall(
        start_s=start_s,
        start_price=price,
        start_index=start,
        low_s=float(path.time_s[low]),
        low_price=float(path.low[low]),
        low_index=low,
        time_to_low_s=max(begins - start_s, 0.0),
    )


def largest_fall_start(
    path: PricePath,
    window_s: float = DAY_S,
    remaining: float = 2.0 / 3.0,
    run_up_s: float = HOUR_S,
    same_level: float = 0.02,
) -> float:
    """Return when the largest fall of a path begins, seconds.

    The largest fall is the one with the smallest ratio of a low to the highest close of the ``window_s``
    before it. A day's fall often begins with a slow slide that is no part of the event. So the pre-fall level
    is looked for where most of the fall was still to come: it is the highest close of the ``run_up_s`` up to
    the last close from which at least the share ``remaining`` of the fall lay ahead. The event begins at the
    last of those closes on that level, give or take the share ``same_level`` of the fall.

    Raises
    ------
    ValueError
        When the price never falls.
    """
    highest = _trailing_maximum(path.time_s, path.close, window_s)
    low = 1 + int(np.argmin(path.low[1:] / highest[1:]))
    top, bottom = float(highest[low]), float(path.low[low])
    if not bottom < top:
        raise ValueError("the price never falls")
    last = int(np.flatnonzero(path.close[:low] >= bottom + remaining * (top - bottom))[-1])
    first = int(np.searchsorted(path.time_s, path.time_s[last] - run_up_s, side="left"))
    run_up = path.close[first : last + 1]
    level = float(run_up.max()) - same_level * (top - bottom)
    return float(path.time_s[first + int(np.flatnonzero(run_up >= level)[-1])])


def _trailing_maximum(time_s: Floats, values: Floats, window_s: float) -> Floats:
    """Return the highest of the earlier values no older than ``window_s``; at least the one before counts."""
    import pandas as pd

    index = pd.to_datetime(np.round(time_s * 1e9).astype(np.int64))
    rolling = pd.Series(values, index=index).rolling(pd.Timedelta(seconds=window_s), closed="left").max()
    previous = np.concatenate([[np.nan], values[:-1]])
    return np.asarray(np.fmax(rolling.to_numpy(dtype=np.float64), previous), dtype=np.float64)


def price_at(path: PricePath, at_s: float) -> float:
    """Return the last close known at ``at_s``, USD; nan outside the path."""
    if at_s > path.end_s:
        return float("nan")
    return float(last_known(path.time_s, path.close, np.array([at_s]))[0])
