"""How an aggressor meets iceberg orders at one price.

Vega (specs 0014-ORDT-037 at 5fea1f3e; pricelevel.go): an order larger than all that is displayed takes the
displayed sizes first, in time priority, then the hidden ones pro rata, cut to whole lots; lots lost to
rounding come from the earliest order that still has some. 300 lots against hidden 200, 100, 100: 150, 75, 75.
"""

import numpy as np
import numpy.typing as npt

from abm.rules.pro_rata import in_time_priority, pro_rata

Whole = npt.NDArray[np.int64]


def share_hidden(hidden: npt.ArrayLike, lots: int) -> Whole:
    """Return what each hidden size gives, orders in time priority; at most all of it."""
    size = np.asarray(hidden, np.int64)
    shares = pro_rata(size, lots)
    left = min(lots, int(size.sum())) - int(shares.sum())
    return shares + in_time_priority(size - shares, left)


def iceberg_fills(displayed: npt.ArrayLike, hidden: npt.ArrayLike, lots: int) -> Whole:
    """Return what each order gives in all: displayed sizes in time priority, then hidden ones pro rata.

    Raises
    ------
    ValueError
        If the arrays differ in length or hold negative sizes.
    """
    shown, below = np.asarray(displayed, np.int64), np.asarray(hidden, np.int64)
    if shown.shape != below.shape:
        raise ValueError(f"hidden has shape {below.shape}; it must be that of displayed, {shown.shape}")
    if shown.min(initial=0) < 0:
        raise ValueError(f"displayed is {shown.tolist()}; each must be zero or more")
    first = in_time_priority(shown, lots)
    return first + share_hidden(below, max(0, lots - int(shown.sum())))
