"""Liquidation prices of linear contracts where the rule is not Binance's (`abm.rules.liquidation_price`).

The same position, entry 10, 5x, 1 % maintenance, liquidates at 8.0808 on Binance, 8.0857 on OKX and 8.1000 on
Bybit (2024): the first measures maintenance at the liquidation price, the second adds the closing fee to it,
the third measures it at the entry value. ``side`` is +1 long, -1 short; sizes are positive unless said to be
signed; a price that is not above zero means that no price liquidates, and is returned as nan.
"""

import numpy as np
import numpy.typing as npt

from abm.rules.liquidation_price import liquidation_price
from abm.rules.margin_tiers import MarginTiers

Floats = npt.NDArray[np.float64]


def positive_or_nan(price: Floats | float) -> Floats:
    """Return prices, nan where they are not finite and above zero."""
    value = np.asarray(price, np.float64)
    return np.where(np.isfinite(value) & (value > 0), value, np.nan)


def price_with_closing_fee(
    margin: Floats | float,
    size: Floats | float,
    entry: Floats | float,
    side: Floats | float,
    rate: Floats | float,
    taker_fee: Floats | float,
) -> Floats:
    """Return OKX's and Gate's ``(EP - side * margin / size) / (1 - side * (rate + taker fee))``.

    Source: freqtrade c9ae5e1e ``exchange.py`` and its tests (10, 5x, 1 %, 0.06 % give 8.0857 and 11.8741).
    """
    closing = 1.0 - side * (rate + taker_fee)
    return positive_or_nan((entry - side * margin / size) / closing)


def price_with_entry_maintenance(
    size: Floats | float,
    entry: Floats | float,
    side: Floats | float,
    leverage: Floats | float,
    rate: Floats | float,
    deduction: Floats | float = 0.0,
    extra_margin: Floats | float = 0.0,
) -> Floats:
    """Return Bybit's isolated price of 2024, ``EP - side * (IM - MM + extra) / size``, both at entry value.

    ``IM = EV / leverage``, ``MM = EV * rate - deduction``. Source: Bybit help centre, "Liquidation Price
    (USDT Contract)", 2024: 1 BTC long at 20,000, 50x, 0.5 % gives 19,700.
    """
    value = size * entry
    spare = value / leverage - (value * rate - deduction) + extra_margin
    return positive_or_nan(entry - side * spare / size)


def price_from_account_value(
    account_value: Floats | float,
    size: Floats | float,
    price: Floats | float,
    side: Floats | float,
    tiers: MarginTiers,
    other_maintenance: Floats | float = 0.0,
) -> Floats:
    """Return Hyperliquid's ``price - side * available / size / (1 - l * side)``.

    ``available`` is isolated margin or account value, less all maintenance margin at ``price``, and ``l`` the
    maintenance rate of the tier at the liquidation price (gitbook "liquidations", read 2026). Written out it
    is the price at which account value equals maintenance margin, so the tier search is that of Binance.

    Parameters
    ----------
    account_value
        Isolated margin with its unrealised profit at ``price``, or value of the cross account.
    price
        Present price, or entry price when ``account_value`` is the margin put up at entry.
    tiers
        From `abm.rules.maintenance_margin.leverage_tiers`.
    other_maintenance
        Maintenance margin of the account's other positions.
    """
    value, held, at, sign, others = (
        np.asarray(x, np.float64) for x in (account_value, size, price, side, other_maintenance)
    )
    return positive_or_nan(liquidation_price(value, held, at, sign, tiers, others))


def price_from_equity(
    equity: Floats | float,
    signed_size: Floats | float,
    price: Floats | float,
    maintenance_fraction: Floats | float,
    other_maintenance: Floats | float = 0.0,
) -> Floats:
    """Return dYdX v4's ``(e - s * p - MMR of the others) / (|s| * MMF - s)`` with signed size ``s``.

    Source: dydxprotocol/v4-documentation 3e475b73 ``liquidations.mdx``: e = 1,000, s = -3, p = 3,000 and 5 %
    give 3,174.60.
    """
    size = np.asarray(signed_size, np.float64)
    free = equity - size * price - other_maintenance
    return positive_or_nan(free / (np.abs(size) * maintenance_fraction - size))
