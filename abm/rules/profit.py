"""Profit, notional and average entry of linear and inverse contracts.

Linear (settled in the quote currency): ``profit = side * size * (mark - entry)``. Inverse (a contract is
worth one US dollar and settles in the coin): ``profit = side * usd * (1 / entry - 1 / mark)``, so the margin
falls with the price. Sources: Binance Portfolio Margin Pro page 5e33af8e6ac04d57a1d0a3398e0a0752 (2022 table,
linear and COIN-M), Bybit help centre "How to Calculate Average Entry Price" (harmonic mean of an inverse
contract), nautilus_trader a95c8042 ``crates/model/src/position.rs``; read 2026.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def linear_profit(
    side: Floats | float, size: Floats | float, entry: Floats | float, mark: Floats | float
) -> Floats:
    """Return ``side * size * (mark - entry)``, quote currency; ``side`` is +1 long, -1 short."""
    return np.asarray(side * size * (mark - entry), np.float64)


def inverse_profit(
    side: Floats | float, contracts_usd: Floats | float, entry: Floats | float, mark: Floats | float
) -> Floats:
    """Return ``side * usd * (1 / entry - 1 / mark)``, coin; ``contracts_usd`` is the size in US dollars."""
    return np.asarray(side * contracts_usd * (1.0 / entry - 1.0 / mark), np.float64)


def linear_notional(size: Floats | float, price: Floats | float) -> Floats:
    """Return ``|size| * price``, quote currency."""
    return np.asarray(np.abs(size) * price, np.float64)


def inverse_notional(contracts_usd: Floats | float, price: Floats | float) -> Floats:
    """Return ``|usd| / price``, coin."""
    return np.asarray(np.abs(contracts_usd) / price, np.float64)


def inverse_margin(contracts_usd: Floats | float, price: Floats | float, rate: Floats | float) -> Floats:
    """Return ``usd / price * rate``, coin; maintenance is never divided by the chosen leverage."""
    return np.asarray(inverse_notional(contracts_usd, price) * rate, np.float64)


def average_entry(sizes: npt.ArrayLike, prices: npt.ArrayLike, *, inverse: bool = False) -> Floats:
    """Return the average entry of fills of one side along the last axis.

    Linear: ``sum(size * price) / sum(size)``. Inverse: ``sum(usd) / sum(usd / price)``, 12,000 for equal
    amounts at 10,000 and 15,000.
    """
    size, price = np.asarray(sizes, np.float64), np.asarray(prices, np.float64)
    if inverse:
        return np.asarray(size.sum(axis=-1) / (size / price).sum(axis=-1), np.float64)
    return np.asarray((size * price).sum(axis=-1) / size.sum(axis=-1), np.float64)


def open_position(
    sizes: npt.ArrayLike, prices: npt.ArrayLike, *, inverse: bool = False
) -> tuple[float, float]:
    """Return signed size and average entry that are left after fills in time order.

    Parameters
    ----------
    sizes
        Signed, positive for buys, in the unit of the contract, ``(fills,)``.
    prices
        Fill prices, ``(fills,)``.

    Returns
    -------
    Size and entry; a fill that reduces keeps the entry, one that turns the position over sets it to its own
    price, and a flat position has entry nan.
    """
    held, entry = 0.0, np.nan
    for size, price in zip(np.ravel(sizes).tolist(), np.ravel(prices).tolist(), strict=True):
        if held * size >= 0 and size != 0:
            entry = (
                price if held == 0 else float(average_entry([held, size], [entry, price], inverse=inverse))
            )
        elif abs(size) > abs(held):
            entry = price
        held += size
    return held, entry if held != 0 else np.nan
