"""Which prices an order may have on a venue without fixed ticks (Hyperliquid).

At most five significant figures and at most ``6 - size decimals`` decimals (8 instead of 6 for spot); whole
numbers are always allowed. Source: hyperliquid gitbook "tick and lot size", as quoted by a stored copy; read
2026.
"""

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import numpy.typing as npt

PERPETUAL_DECIMALS = 6
SPOT_DECIMALS = 8
FIGURES = 5


def is_price_allowed(
    prices: npt.ArrayLike, size_decimals: int, most_decimals: int = PERPETUAL_DECIMALS, figures: int = FIGURES
) -> npt.NDArray[np.bool_]:
    """Tell for each price, given as text or as a number, whether an order may have it.

    Parameters
    ----------
    prices
        Decimal text is taken digit by digit; a float is read as its shortest decimal form.
    size_decimals
        Decimals of the asset's size (``szDecimals``).
    most_decimals
        Decimals of price and size together: 6 for perpetuals, 8 for spot.
    """

    def allowed(price: object) -> bool:
        value = Decimal(str(price)).normalize()
        digits, exponent = value.as_tuple().digits, value.as_tuple().exponent
        if value <= 0 or not isinstance(exponent, int):
            return False
        return exponent >= 0 or (len(digits) <= figures and -exponent <= most_decimals - size_decimals)

    return np.asarray(np.frompyfunc(allowed, 1, 1)(np.asarray(prices, object)), bool)


def nearest_price(price: float, size_decimals: int, most_decimals: int = PERPETUAL_DECIMALS) -> float:
    """Return the nearest price an order may have; a price too small for the decimals becomes 0."""
    value = Decimal(str(price))
    places = min(FIGURES - 1 - value.adjusted(), most_decimals - size_decimals)
    return float(value.quantize(Decimal(1).scaleb(-max(places, 0)), rounding=ROUND_HALF_EVEN))
