"""How much more often than by chance prices stand at round numbers.

Osler 2003, "Currency orders and exchange rate dynamics", Journal of Finance 58, 1791-1819, finds stop-loss
and take-profit orders clustered at and beside round numbers.
"""

import numpy as np
import numpy.typing as npt


def round_step(price_usd: npt.ArrayLike, digits: int = 3) -> npt.NDArray[np.float64]:
    """Return the distance of round numbers near each price: half a unit of significant digit ``digits``."""
    exponent = np.floor(np.log10(np.asarray(price_usd, np.float64))) - (digits - 1)
    return np.asarray(0.5 * 10.0**exponent)


def clustering(price_ticks: npt.ArrayLike, tick: float, digits: int = 3) -> tuple[float, float]:
    """Return the share of prices at round numbers, and the share that would be there by chance.

    Parameters
    ----------
    price_ticks
        Prices in whole ticks, above 0; those of trigger orders, for instance.
    tick
        Price of one tick, USD.
    digits
        A number is round that has this many significant digits, the last a 0 or a 5.
    """
    ticks = np.asarray(price_ticks, np.int64)
    if len(ticks) == 0 or (ticks <= 0).any():
        raise ValueError("price_ticks is empty or holds a price of zero or less")
    every = np.maximum(1, np.rint(round_step(ticks * tick, digits) / tick)).astype(np.int64)
    return float((ticks % every == 0).mean()), float((1.0 / every).mean())
