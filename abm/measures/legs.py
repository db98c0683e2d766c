"""Legs: the fast parts of a fall, told apart by what was given back between them."""

from dataclasses import dataclass

import numpy as np

from abm.measures.fall import Fall
from abm.measures.price_path import HOUR_S, Floats, PricePath


@dataclass(frozen=True)
class Leg:
    """One leg of a fall.

    Attributes
    ----------
    start_s, start_price
        Time (seconds, end of an interval) and close (USD) from which the leg falls.
    low_s, low_price
        End of the interval that holds the leg's low (seconds), and the low (USD).
    """

    start_s: float
    start_price: float
    low_s: float
    low_price: float

    @property
    def fall(self) -> float:
        """Return the fall of the leg as a fraction of the price at its start (positive)."""
        return 1.0 - self.low_price / self.start_price

    @property
    def duration_s(self) -> float:
        """Return the time from the start of the leg to the end of the interval with its low, seconds."""
        return self.low_s - self.start_s


def split_legs(
    path: PricePath,
    fall: Fall,
    give_back: float = 0.5,
    stands_s: float = 300.0,
    fast_share: float = 0.1,
    run_up_s: float = HOUR_S,
) -> tuple[Leg, ...]:
    """Split a fall into its legs, in time order.

    A leg **begins** when the price is below the lows of all legs before it and has lost, within ``run_up_s``
    (or one interval, where intervals are longer), at least ``fast_share`` of the whole fall P0 - P_low. It is
    counted from the highest close of that time, never from before the low of the leg before. It **ends** at
    its low when, before the price goes lower, ``give_back`` of it has been given back and the low has stood
    for ``stands_s``. Slow slides between legs belong to none. A fall with no fast part is one leg.

    Parameters
    ----------
    path
        The prices.
    fall
        The fall to split.
    give_back, fast_share
        Fractions, see above.
    stands_s, run_up_s
        Seconds, see above.
    """
    legs: list[Leg] = []
    # the event begins at P0, so an older price is no start of a leg
    span = slice(fall.start_index + 1, fall.low_index + 1)
    time_s = np.concatenate([[fall.start_s], path.time_s[span]])
    low = np.concatenate([[fall.start_price], path.low[span]])
    high = np.concatenate([[fall.start_price], path.high[span]])
    close = np.concatenate([[fall.start_price], path.close[span]])
    floor, free_from = np.inf, 0  # lowest price so far, first close that the next leg may begin at
    start, bottom, rebounded = -1, 0, False  # the leg under way, -1 for none
    for i in range(1, len(time_s)):
        if start >= 0 and low[i] < low[bottom]:
            if rebounded and time_s[i - 1] - time_s[bottom] >= stands_s:
                legs.append(_leg(time_s, close, low, start, bottom))
                floor, free_from, start = float(low[bottom]), bottom, -1
            else:
                bottom = i
            rebounded = False
        if start < 0 and low[i] < floor:
            first = max(free_from, int(np.searchsorted(time_s, time_s[i] - run_up_s, side="left")))
            first = min(first, i - 1)
            top = i - 1 - int(np.argmax(close[first:i][::-1]))
            if close[top] - low[i] >= fast_share * fall.depth:
                start, bottom = top, i
        if start >= 0:
            # within the interval of the low only the close is known to come after it
            rebound = close[i] if i == bottom else high[i]
            rebounded |= bool(rebound - low[bottom] >= give_back * (close[start] - low[bottom]))
    if start >= 0:
        legs.append(_leg(time_s, close, low, start, bottom))
    return tuple(legs) or (Leg(fall.start_s, fall.start_price, fall.low_s, fall.low_price),)


def _leg(time_s: Floats, close: Floats, low: Floats, start: int, bottom: int) -> Leg:
    return Leg(float(time_s[start]), float(close[start]), float(time_s[bottom]), float(low[bottom]))


def worst_leg(legs: tuple[Leg, ...]) -> Leg:
    """Return the leg with the largest fall as a fraction of its own start."""
    return max(legs, key=lambda leg: leg.fall)
