"""The price at which a position has used up exactly the equity behind it.

Isolated, linear: ``entry * (1 - side / leverage)`` when the margin is the initial one; inverse: ``entry *
leverage / (leverage + side)``. Cross: the account's equity
is allotted to its positions in proportion to maintenance margin, and each position may lose its share (dYdX
v4, ``GetBankruptcyPriceInQuoteQuantums``). In ticks the price is rounded so that the account keeps a
remainder below one tick instead of owing one: up for a long, down for a short. The remainder goes to the
insurance fund with the clearance fee, so rounding never costs the fund.
"""

from fractions import Fraction
from math import ceil

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel

Floats = npt.NDArray[np.float64]


def isolated_bankruptcy_price(entry: Floats | float, leverage: Floats | float, side: Floats | int) -> Floats:
    """Return ``entry * (1 - side / leverage)``, in the unit of ``entry``; ``side`` is +1 long, -1 short.

    Source: Bybit help centre, "Bankruptcy Price (USDT Contract)": 1 BTC long at 10,000 with 50x gives 9,800.
    """
    return np.asarray(entry * (1.0 - np.divide(side, leverage)), np.float64)


def inverse_bankruptcy_price(entry: Floats | float, leverage: Floats | float, side: Floats | int) -> Floats:
    """Return ``entry * leverage / (leverage + side)``; infinite for a short of one times its margin.

    Source: Bybit help centre 900000031623: a long at 7,890.08 with 50x gives 7,735.37.
    """
    base = np.asarray(np.add(leverage, side), np.float64)
    share = np.divide(leverage, base, out=np.full(base.shape, np.inf), where=base > 0)
    return np.asarray(entry * share, np.float64)


def account_bankruptcy_price(quote_balance: Floats | float, signed_size: Floats | float) -> Floats:
    """Return ``-quote balance / size``, where an account with one position and that cash is worth nothing.

    The quote balance is the deposit less ``size * entry``. Source: dydxprotocol/v4-documentation 3e475b73
    ``contract-loss-mechanism.mdx``: short 500 at 1 with 100 deposited gives 1.2.
    """
    return np.asarray(np.negative(quote_balance) / np.asarray(signed_size), np.float64)


def bankruptcy_value(
    size_change: npt.ArrayLike,
    size: npt.ArrayLike,
    price: npt.ArrayLike,
    quote_balance: npt.ArrayLike,
    maintenance_fraction: npt.ArrayLike,
    other_value: npt.ArrayLike = 0,
    other_maintenance: npt.ArrayLike = 0,
) -> npt.NDArray[np.object_]:
    """Return the least quote amount for which a part of a cross position may be closed (dYdX v4).

    ``-dNNV - TNC * |dMMR| / TMMR`` rounded up, where ``dNNV`` and ``dMMR`` are the changes of net notional
    value and of maintenance margin, ``TNC`` and ``TMMR`` equity and maintenance margin of the account: the
    slice may use up the share of equity that is its share of maintenance margin. Positive for a sale,
    negative for a purchase. Source: dydxprotocol/v4-chain 84d4664b ``x/clob/keeper/liquidations.go``,
    ``GetBankruptcyPriceInQuoteQuantums``.

    Parameters
    ----------
    size_change, size
        Signed, whole base quantums; the change must reduce the position.
    price
        Oracle price, quote quantums per base quantum.
    quote_balance
        Whole quote quantums, negative when owed.
    maintenance_fraction
        Fraction of notional; maintenance margins are rounded up.
    other_value, other_maintenance
        Net notional value and maintenance margin of the account's other positions, quote quantums.

    Returns
    -------
    Whole numbers of any length (dtype object).

    Raises
    ------
    ValueError
        If a change is zero, has the sign of its position or exceeds it.
    """
    change, held = np.asarray(size_change), np.asarray(size)
    if np.any(np.sign(change) * np.sign(held) >= 0) or np.any(np.abs(change) > np.abs(held)):
        raise ValueError(f"size_change is {change}; it must reduce the position of {held}, not turn it over")
    value: npt.NDArray[np.object_] = np.frompyfunc(_bankruptcy_value, 7, 1)(
        change, held, price, quote_balance, maintenance_fraction, other_value, other_maintenance
    )
    return np.asarray(value, object)


def _bankruptcy_value(
    change: int,
    size: int,
    price: float,
    quote_balance: float,
    fraction: float,
    other_value: float,
    other_maintenance: float,
) -> int:
    unit, rate = Fraction(price), Fraction(str(fraction))
    before, after = (ceil(abs(int(held)) * unit * rate) for held in (size, size + change))
    equity = Fraction(quote_balance) + int(size) * unit + Fraction(other_value)
    share = equity * abs(after - before) / (before + Fraction(other_maintenance))
    return ceil(-int(change) * unit - share)


@kernel
def equity_share(equity: int, margin: int, total_margin: int) -> int:
    """Return ``equity * margin / total_margin`` rounded down; all of it for the last position."""
    if margin >= total_margin:
        return equity
    quotient = equity // total_margin
    rest = equity - quotient * total_margin
    return quotient * margin + int(rest * (margin / total_margin))


@kernel
def bankruptcy_ticks(lots: int, mark_value: int, tick_lot_value: int, equity: int) -> int:
    """Return the bankruptcy price in ticks of a position with ``equity`` behind it at the mark.

    Parameters
    ----------
    lots
        Signed and not zero.
    mark_value
        Value of one lot at the mark, millionths.
    equity
        Millionths that the position may lose from the mark on; negative when it is bankrupt already.

    Returns
    -------
    Ticks, rounded up for a long and down for a short, at least 1.
    """
    if lots > 0:
        return max(1, -((equity - lots * mark_value) // (lots * tick_lot_value)))
    return max(1, (equity - lots * mark_value) // (-lots * tick_lot_value))
