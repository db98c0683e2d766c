"""Liquidation prices of inverse contracts: US dollars of notional, margin and profit in coin.

Equity in coin falls with the coin's price: a long of one times its margin has nothing left at half the entry
price, a short of one times its margin is never liquidated (nan here). ``side`` is +1 long, -1 short.
"""

import numpy as np
import numpy.typing as npt

from abm.rules.liquidation_price_linear import positive_or_nan

Floats = npt.NDArray[np.float64]


def _ratio(above: Floats | float, below: Floats | float) -> Floats:
    top, bottom = np.broadcast_arrays(np.asarray(above, np.float64), np.asarray(below, np.float64))
    return positive_or_nan(np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0))


def inverse_price_with_entry_maintenance(
    contracts_usd: Floats | float,
    entry: Floats | float,
    side: Floats | float,
    leverage: Floats | float,
    rate: Floats | float,
    deduction: Floats | float = 0.0,
    extra_margin: Floats | float = 0.0,
) -> Floats:
    """Return Bybit's isolated price of 2024, ``USD / [PV + side * (IM - MM + extra)]``.

    ``PV = USD / EP``, ``IM = PV / leverage``, ``MM = PV * rate - deduction``, all in coin. Source: Bybit help
    centre, "Liquidation Price Calculation under Isolated Mode (UTA)", 2024-09-10. BitMEX's maintenance
    margin is taken at the entry value too (its own formula was not read).
    """
    value = contracts_usd / entry
    spare = value / leverage - (value * rate - deduction) + extra_margin
    return _ratio(contracts_usd, value + side * spare)


def inverse_price_with_closing_fee(
    contracts_usd: Floats | float,
    entry: Floats | float,
    side: Floats | float,
    leverage: Floats | float,
    rate: Floats | float,
    taker_fee: Floats | float = 0.0,
    deduction: Floats | float = 0.0,
    extra_margin: Floats | float = 0.0,
) -> Floats:
    """Return Bybit's isolated price of 2026, with maintenance at the liquidation price.

    ``USD * (1 + side * rate) / [PV + side * (PV / leverage + extra / (1 + side * fee) + deduction)]``.
    Source: Bybit help centre, the same article as updated on 2026-05-27.
    """
    value = contracts_usd / entry
    spare = value / leverage + extra_margin / (1.0 + side * taker_fee) + deduction
    return _ratio(contracts_usd * (1.0 + side * rate), value + side * spare)


def inverse_price_at_maintenance(
    wallet: Floats | float,
    contracts_usd: Floats | float,
    entry: Floats | float,
    side: Floats | float,
    rate: Floats | float,
    deduction: Floats | float = 0.0,
) -> Floats:
    """Return ``USD * (1 + side * rate) / [side * (WB + deduction) + USD / EP]``, Binance COIN-M.

    Derived from equity = maintenance margin, both in coin. The venue's calculator differs by 0.06 % in the
    one public comparison (dev.binance.vision thread 6292: 33,578.86 by the formula, 33,599.40 shown).
    """
    free = side * (wallet + deduction) + contracts_usd / entry
    return _ratio(contracts_usd * (1.0 + side * rate), free)


def inverse_cross_bankruptcy_price(
    balance: Floats | float,
    contracts_usd: Floats | float,
    entry: Floats | float,
    side: Floats | float,
    taker_fee: Floats | float,
    order_margin: Floats | float = 0.0,
) -> Floats:
    """Return ``(1 + side * fee) * USD / [USD / EP + side * (balance - order margin)]``.

    Source: Bybit help centre 360039261334 (2020): 10,000 at 8,000 with 0.5 BTC and 0.075 % gives 5,718.57.
    """
    free = contracts_usd / entry + side * (balance - order_margin)
    return _ratio(contracts_usd * (1.0 + side * taker_fee), free)


def inverse_cross_price(
    balance: Floats | float,
    contracts_usd: Floats | float,
    entry: Floats | float,
    side: Floats | float,
    rate: Floats | float,
    taker_fee: Floats | float,
    order_margin: Floats | float = 0.0,
) -> Floats:
    """Return Bybit's cross price of 2020: the loss equals balance less maintenance and closing fee.

    ``USD * (1 / EP - 1 / LP) = -side * (balance - order margin - USD / EP * rate - USD * fee / BP)``, where
    the fee is that of closing at the bankruptcy price. Source: Bybit help centre 360039261334 (2020):
    5,739.08 in the example, shown as 5,739.50 (tick 0.5, a long rounds up).
    """
    bankruptcy = inverse_cross_bankruptcy_price(balance, contracts_usd, entry, side, taker_fee, order_margin)
    value = contracts_usd / entry
    fee = np.nan_to_num(contracts_usd * taker_fee / bankruptcy)
    spare = balance - order_margin - value * rate - fee
    return _ratio(contracts_usd, value + side * spare)


def round_towards_entry(price: Floats | float, side: Floats | float, tick: Floats | float) -> Floats:
    """Return prices in whole ticks: up for a long, down for a short, as Bybit shows them."""
    steps = np.round(price / tick, 9)
    return np.asarray(np.where(np.asarray(side) > 0, np.ceil(steps), np.floor(steps)) * tick, np.float64)
