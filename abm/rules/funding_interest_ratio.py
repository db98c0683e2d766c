"""Funding from the ratio of open interests, long over short.

``rate = kappa * (L / S - mark / oracle)``; positive means that shorts pay longs, ``rate * mark`` on each unit
held. The stylised rule of Chitra 2025 (arXiv 2512.01112, section 2), which draws the two
sides together; no venue of the presets uses it.
"""

import numpy as np
import numpy.typing as npt


def interest_ratio_funding(
    long_oi: npt.ArrayLike,
    short_oi: npt.ArrayLike,
    mark: npt.ArrayLike,
    oracle: npt.ArrayLike,
    kappa: float = 1.0,
) -> npt.NDArray[np.float64]:
    """Return the rate of one period; longs receive it, shorts pay it.

    Raises
    ------
    ValueError
        If there is no short interest or the oracle price is not above zero: the rule has no value there.
    """
    longs, shorts, price, reference = (np.asarray(v, np.float64) for v in (long_oi, short_oi, mark, oracle))
    if not (shorts > 0.0).all():
        raise ValueError(f"short_oi is {shorts.tolist()}; it must be above zero")
    if not (reference > 0.0).all():
        raise ValueError(f"oracle is {reference.tolist()}; it must be above zero")
    return np.asarray(kappa * (longs / shorts - price / reference), np.float64)
