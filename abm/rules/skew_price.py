"""Fill price of a pool that quotes by its skew.

Synthetix v3 (fillPrice.ts at 23585f73): the mean of the price before and after the trade, ``price * (1 +
skew / scale)`` and ``price * (1 + (skew + size) / scale)``, skew being longs less shorts and size signed.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def skew_fill_price(
    price: npt.ArrayLike, skew: npt.ArrayLike, size: npt.ArrayLike, scale: npt.ArrayLike
) -> Floats:
    """Return the fill price of a signed size.

    Raises
    ------
    ValueError
        If ``scale`` is not above zero.
    """
    depth = np.asarray(scale, np.float64)
    if not (depth > 0.0).all():
        raise ValueError(f"scale is {depth.tolist()}; it must be above zero")
    middle = np.asarray(skew, np.float64) + 0.5 * np.asarray(size, np.float64)
    filled: Floats = np.asarray(price, np.float64) * (1.0 + middle / depth)
    return filled
