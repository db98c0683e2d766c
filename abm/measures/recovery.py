"""Recovery after a fall: how much is given back, when, and whether it lasts."""

from dataclasses import dataclass

import numpy as np

from abm.measures.fall import Fall, price_at
from abm.measures.price_path import DAY_S, HOUR_S, Floats, PricePath
from abm.measures.sampling import last_known


def recovery_share(path: PricePath, fall: Fall, after_s: float) -> float:
    """Return R(h) = (P(t_low + h) - P_low) / (P0 - P_low), the share of the fall given back, h = ``after_s``.

    Below 0 after a new low, above 1 above P0; nan when the path ends before.
    """
    return (price_at(path, fall.low_s + after_s) - fall.low_price) / fall.depth


def recovery_curve(path: PricePath, fall: Fall) -> tuple[Floats, Floats]:
    """Return seconds since the low and R at every close from the low on, two arrays of one length."""
    after = slice(fall.low_index, None)
    return path.time_s[after] - fall.low_s, (path.close[after] - fall.low_price) / fall.depth


def median_recovery_share(
    path: PricePath, fall: Fall, from_s: float = HOUR_S, to_s: float = DAY_S, sampling_s: float = 300.0
) -> float:
    """Return the median of R(h) for h in ``[from_s, to_s]``; nan when the path ends before ``to_s``.

    R is read every ``sampling_s`` (every interval, where intervals are longer), so that runs with unequal
    steps count time and not steps.
    """
    if path.end_s < fall.low_s + to_s:
        return float("nan")
    every = max(sampling_s, path.step_s)
    at_s = fall.low_s + from_s + every * np.arange(int((to_s - from_s) // every) + 1, dtype=np.float64)
    shares = (last_known(path.time_s, path.close, at_s) - fall.low_price) / fall.depth
    return float(np.median(shares))


@dataclass(frozen=True)
class RecoveryTime:
    """When a share of the fall was back, and for how long that is known to have lasted.

    Attributes
    ----------
    after_s
        Seconds from the low to the close that reaches the level; nan when none does.
    held_s
        Seconds for which all closes stayed at or above the level, as far as asked and as far as the path
        goes.
    observed_s
        Seconds of path after the low.
    """

    after_s: float
    held_s: float
    observed_s: float


def recovery_time(
    path: PricePath, fall: Fall, share: float = 0.5, hold_s: float = 0.0, least_hold_s: float = HOUR_S
) -> RecoveryTime:
    """Return when R, by closes, reaches ``share`` and then stays there for ``hold_s`` (0: the first touch).

    Where the path ends before ``hold_s`` is over, staying to its end is enough if that is at least
    ``least_hold_s``; ``held_s`` of the result says how long it was.
    """
    after_s, shares = recovery_curve(path, fall)
    observed = float(after_s[-1])
    below = np.flatnonzero(shares < share)
    reached = np.flatnonzero(shares >= share)
    # the next close below the level, for each close that is not
    position = np.searchsorted(below, reached)
    lost_s = np.full(len(reached), np.inf)
    has_next = position < len(below)
    lost_s[has_next] = after_s[below[position[has_next]]]
    known_s = np.minimum(lost_s, observed) - after_s[reached]
    lasting = lost_s - after_s[reached] > hold_s
    if hold_s > 0.0:
        lasting &= (known_s >= hold_s) | (known_s >= least_hold_s)
    if not lasting.any():
        return RecoveryTime(float("nan"), 0.0, observed)
    first = int(np.argmax(lasting))
    held = float(min(known_s[first], hold_s)) if hold_s > 0.0 else 0.0
    return RecoveryTime(float(after_s[reached[first]]), held, observed)
