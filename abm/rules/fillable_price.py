"""The limit price of a liquidation order: how far from the mark the engine is willing to trade.

dYdX v4 widens the bound with the account's distress and never reaches further than the spread: ``(PNNV - ABR
* SMMR * PMMR) / PS`` with ``ABR = clamp(BA * (1 - TNC / TMMR), 0, 1)`` (v4-chain 84d4664b
``x/clob/keeper/liquidations.go``, ``GetFillablePrice``). Binance's one order is an immediate-or-cancel limit
at the bankruptcy price (counterparty-liquidation text of 2020): what does not fill there is the fund's.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def bankruptcy_rating(
    equity: Floats | float, maintenance: Floats | float, bankruptcy_adjustment: Floats | float = 1.0
) -> Floats:
    """Return ``clamp(BA * (1 - equity / maintenance), 0, 1)``: 0 at maintenance margin, 1 when bankrupt."""
    worth, needed = np.broadcast_arrays(np.asarray(equity, np.float64), np.asarray(maintenance, np.float64))
    ratio = np.divide(worth, needed, out=np.where(worth < 0, -np.inf, np.inf), where=needed > 0)
    return np.asarray(np.clip(bankruptcy_adjustment * (1.0 - ratio), 0.0, 1.0), np.float64)


def fillable_price(
    quote_balance: Floats | float,
    signed_size: Floats | float,
    oracle: Floats | float,
    maintenance_fraction: Floats | float,
    bankruptcy_adjustment: Floats | float = 1.0,
    spread_to_maintenance: Floats | float = 1.5,
    other_value: Floats | float = 0.0,
    other_maintenance: Floats | float = 0.0,
) -> Floats:
    """Return dYdX's fillable price, below the oracle price for a long and above it for a short.

    Parameters
    ----------
    quote_balance
        Cash of the account, negative when owed.
    signed_size, oracle, maintenance_fraction
        Position to be closed, its oracle price and its maintenance margin fraction.
    bankruptcy_adjustment, spread_to_maintenance
        How fast the spread grows with distress, and its largest value as a share of the maintenance fraction.
    other_value, other_maintenance
        Net notional value and maintenance margin of the account's other positions.

    Raises
    ------
    ValueError
        If a position has no size.
    """
    size = np.asarray(signed_size, np.float64)
    if np.any(size == 0):
        raise ValueError(f"signed_size is {signed_size}; a position to be closed cannot be zero")
    value = size * oracle
    maintenance = np.abs(value) * maintenance_fraction
    rating = bankruptcy_rating(
        quote_balance + value + other_value, maintenance + other_maintenance, bankruptcy_adjustment
    )
    return np.asarray((value - rating * spread_to_maintenance * maintenance) / size, np.float64)


def limit_at_bankruptcy(
    bankruptcy_price: Floats | float, side: Floats | float, tick: Floats | float
) -> Floats:
    """Return the limit of an order that closes a position without costing the fund, whole ticks.

    A long (``side`` +1) is sold at the bankruptcy price rounded up, a short bought at it rounded down.
    """
    steps = np.round(bankruptcy_price / tick, 9)
    return np.asarray(np.where(np.asarray(side) > 0, np.ceil(steps), np.floor(steps)) * tick, np.float64)
