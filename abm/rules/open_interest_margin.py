"""Initial margin that rises with a market's open interest (dYdX v4).

``IMF_eff = min(1, IMF + max(0, (OI - lower) / (upper - lower)) * (1 - IMF))``; maintenance margin does not
change, requirements round up. A market without an upper cap does not scale. Source: dydxprotocol/v4-chain
84d4664b ``x/perpetuals/types/liquidity_tier.go`` and its test.
"""

from fractions import Fraction
from math import ceil

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MILLION = 1_000_000


def scaled_initial_fraction(
    fraction: npt.ArrayLike, open_interest: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike
) -> Floats:
    """Return the effective initial margin fraction.

    Parameters
    ----------
    fraction
        Base initial margin fraction, 0 to 1.
    open_interest, lower, upper
        Notionals in one unit: the market's open interest, and the caps between which the fraction rises to 1.
    """
    base, interest, low, high = (np.asarray(x, np.float64) for x in (fraction, open_interest, lower, upper))
    span = np.where(high > low, high - low, 1.0)
    share = np.where(high > low, np.clip((interest - low) / span, 0.0, 1.0), interest > low)
    share = np.where(high > 0, share, 0.0)
    return base + share * (1.0 - base)


def scaled_initial_margin(
    notional: npt.ArrayLike,
    initial_margin_ppm: npt.ArrayLike,
    open_interest: npt.ArrayLike,
    lower: npt.ArrayLike,
    upper: npt.ArrayLike,
) -> npt.NDArray[np.int64]:
    """Return the initial margin of notionals, rounded up, in exact arithmetic.

    Parameters
    ----------
    notional
        Whole quote quantums (absolute values count).
    initial_margin_ppm
        Base fraction, parts per million.
    open_interest, lower, upper
        Whole quote quantums.
    """
    margin = np.frompyfunc(_scaled_initial_margin, 5, 1)(
        notional, initial_margin_ppm, open_interest, lower, upper
    )
    return np.asarray(margin, np.int64)


def _scaled_initial_margin(notional: int, ppm: int, interest: int, lower: int, upper: int) -> int:
    base = Fraction(int(ppm), MILLION)
    above = int(interest) - int(lower)
    if upper <= 0 or above <= 0:
        share = Fraction(0)
    elif interest >= upper:
        share = Fraction(1)
    else:
        share = Fraction(above, int(upper) - int(lower))
    return ceil(min(Fraction(1), base + share * (1 - base)) * abs(int(notional)))
