"""The price at which a position has used up exactly the equity behind it.

Isolated: ``entry * (1 - side / leverage)`` when the margin is the initial one. Cross: the account's equity
is allotted to its positions in proportion to maintenance margin, and each position may lose its share (dYdX
v4, ``GetBankruptcyPriceInQuoteQuantums``). In ticks the price is rounded so that the account keeps a
remainder below one tick instead of owing one: up for a long, down for a short. The remainder goes to the
insurance fund with the clearance fee, so rounding never costs the fund.
"""

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel

Floats = npt.NDArray[np.float64]


def isolated_bankruptcy_price(entry: Floats | float, leverage: Floats | float, side: Floats | int) -> Floats:
    """Return ``entry * (1 - side / leverage)``, in the unit of ``entry``; ``side`` is +1 long, -1 short.

    Source: Bybit help centre, "Bankruptcy Price (USDT Contract)": 1 BTC long at 10,000 with 50x gives 9,800.
    """
    return np.asarray(entry * (1.0 - np.divide(side, leverage)), np.float64)


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
