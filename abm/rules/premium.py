"""Premium of a perpetual over its index, from impact prices.

``[max(0, impact bid - index) - max(0, index - impact ask)] / index`` (Binance, Hyperliquid, dYdX and others).
An impact price is the average execution price of a set notional N: Binance 200 USDT times the highest
leverage, dYdX 500 USDC over the initial margin fraction. What happens when a side cannot fill N:

* dYdX v4 (memclob tests at 84d4664b): that side contributes nothing, as if its price were 0 or infinite.
  Binance's and Hyperliquid's documents are silent; the same is assumed.
* Mango v4 (perp_market.rs at 1303a4a1): only bids give the highest rate, only asks the lowest, none zero.
* Hyperliquid HIP-3: ``(impact bid + impact ask) / 2 / oracle - 1``; with a side missing there is no sample.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MILLION = 1_000_000


def impact_price(prices: npt.ArrayLike, sizes: npt.ArrayLike, notional: float) -> float:
    """Return the average execution price of ``notional`` against levels from the best on; nan if too thin.

    A notional of zero gives the best price (dYdX).

    Raises
    ------
    ValueError
        If ``notional`` is negative.
    """
    if notional < 0.0:
        raise ValueError(f"notional is {notional}; it must be zero or more")
    level, size = np.asarray(prices, np.float64), np.asarray(sizes, np.float64)
    if len(level) == 0:
        return float("nan")
    if notional == 0.0:
        return float(level[0])
    value = level * size
    before = np.cumsum(value) - value
    part = np.clip(notional - before, 0.0, value)
    if part.sum() < notional * (1.0 - 1e-12):
        return float("nan")
    return float(notional / (part / level).sum())


def impact_notional(max_leverage: float, base: float = 200.0) -> float:
    """Return Binance's impact notional: 200 USDT over the lowest initial margin rate (25,000 at 125x)."""
    return base * max_leverage


def impact_notional_from_margin(initial_fraction: float, base: float = 500.0) -> float:
    """Return dYdX's impact notional: 500 USDC over the initial margin fraction (10,000 at 5 %).

    Raises
    ------
    ValueError
        If ``initial_fraction`` is not above zero.
    """
    if not initial_fraction > 0.0:
        raise ValueError(f"initial_fraction is {initial_fraction}; it must be above zero")
    return base / initial_fraction


def premium_index(index: Floats, impact_bid: Floats, impact_ask: Floats) -> Floats:
    """Return the premium as a fraction; a side that is nan contributes nothing, an unknown index gives 0."""
    above = np.fmax(0.0, impact_bid - index)  # fmax: zero where the difference is nan
    below = np.fmax(0.0, index - impact_ask)
    usable = np.isfinite(index) & (np.asarray(index) > 0.0)
    premium: Floats = np.divide(
        above - below, index, out=np.zeros(np.broadcast(above, below).shape), where=usable
    )
    return premium


def premium_or_extreme(index: Floats, impact_bid: Floats, impact_ask: Floats, extreme: float) -> Floats:
    """Return the premium; ``extreme`` where only bids fill the notional, ``-extreme`` where only asks do."""
    bid, ask = np.isfinite(impact_bid), np.isfinite(impact_ask)
    premium = premium_index(index, impact_bid, impact_ask)
    premium = np.where(bid & ~ask, extreme, premium)
    return np.where(ask & ~bid, -extreme, premium)


def premium_of_middle(oracle: Floats, impact_bid: Floats, impact_ask: Floats) -> Floats:
    """Return ``(impact bid + impact ask) / 2 / oracle - 1``; nan where any of them is unknown."""
    premium: Floats = 0.5 * (impact_bid + impact_ask) / oracle - 1.0
    return premium


def premium_ppm(premium: Floats, bound_ppm: int = MILLION) -> npt.NDArray[np.int64]:
    """Return dYdX's premium vote: whole parts per million, cut toward zero, within ``+-bound_ppm``.

    Binary fractions a hair below a whole number of parts per million count as that number.

    Raises
    ------
    ValueError
        If ``bound_ppm`` is negative.
    """
    if bound_ppm < 0:
        raise ValueError(f"bound_ppm is {bound_ppm}; it must be zero or more")
    whole = np.trunc(np.round(np.asarray(premium, np.float64) * MILLION, 6))
    return np.clip(whole, -bound_ppm, bound_ppm).astype(np.int64)
