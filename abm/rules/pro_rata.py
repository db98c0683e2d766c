"""Pro-rata allocation of an aggressor at one price.

CME Globex (matching algorithms, confluence 101286569): each resting order gets ``floor(own / total *
aggressor)`` lots; shares below the minimum become zero; what is left is filled in time priority. Orders of 5,
9, 57, 4, 28 and 300 lots against 50 with a minimum of 2: 0, 0, 7, 0, 3, 37, then 3 to the first.
"""

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]


def pro_rata(orders: npt.ArrayLike, aggressor: int, min_lot: int = 0) -> Whole:
    """Return the lots of the pro-rata step for orders in time priority, none more than it has.

    Raises
    ------
    ValueError
        If an order, the aggressor or the minimum is negative.
    """
    resting = np.asarray(orders, np.int64)
    for name, least in (("orders", resting.min(initial=0)), ("aggressor", aggressor), ("min_lot", min_lot)):
        if least < 0:
            raise ValueError(f"{name} is {least}; it must be zero or more")
    total = int(resting.sum())
    if total == 0:
        return np.zeros_like(resting)
    traded = min(aggressor, total)
    share = resting * traded // total
    return np.where(share < min_lot, 0, share)


def in_time_priority(orders: npt.ArrayLike, lots: int) -> Whole:
    """Return how ``lots`` fill orders from the first on."""
    resting = np.asarray(orders, np.int64)
    before = np.cumsum(resting) - resting
    return np.clip(lots - before, 0, resting)


def pro_rata_then_time(orders: npt.ArrayLike, aggressor: int, min_lot: int = 0) -> Whole:
    """Return the lots after the pro-rata step and the time-priority step for the rest."""
    resting = np.asarray(orders, np.int64)
    first = pro_rata(resting, aggressor, min_lot)
    return first + in_time_priority(resting - first, max(0, aggressor - int(first.sum())))
