"""At which price auto-deleveraged positions are closed, and what that leaves to both sides.

At the bankruptcy price of the loser the loser ends with nothing and nobody else pays (Binance 2020, Bybit,
BitMEX, dYdX v4). At the current mark a hole of ``lots * |mark - bankruptcy|`` remains, which a fund has to
pay (OKX 2025). At the previous mark there is no hole as long as the loser was solvent at it (Hyperliquid
documentation, 2025).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from abm.rules.adl_candidates import Floats

PRICES = ("bankruptcy", "mark", "previous_mark")


def adl_price(
    rule: str, bankruptcy: npt.ArrayLike, mark: npt.ArrayLike, previous_mark: npt.ArrayLike
) -> Floats:
    """Return the price of the rule, one of `PRICES`, in the unit of its arguments."""
    if rule not in PRICES:
        raise ValueError(f"price is {rule!r}; allowed: {', '.join(PRICES)}")
    prices = np.broadcast_arrays(bankruptcy, mark, previous_mark)
    return np.asarray(prices[PRICES.index(rule)], np.float64)


@dataclass(frozen=True)
class AdlSettlement:
    """What one deleveraging fill does, in price units times size.

    Parameters
    ----------
    winner_pnl
        Profit that the closed account realises.
    loser_equity
        What the bankrupt account has left; below zero is a hole that a fund must pay.
    pnl_forgone
        Profit at the mark that the closed account does not get.
    """

    winner_pnl: float
    loser_equity: float
    pnl_forgone: float


def settle_adl(
    winner_side: int, size: float, entry: float, price: float, bankruptcy: float, mark: float
) -> AdlSettlement:
    """Return the outcome of closing ``size`` of a winner at ``price`` against a bankrupt account.

    Parameters
    ----------
    winner_side
        +1 when the winner is long.
    entry, bankruptcy, mark
        The winner's entry price, the loser's bankruptcy price, the mark or oracle price.

    Notes
    -----
    dYdX v4 documentation, contract-loss-mechanism (2023): long 500 at 1, bankrupt short at 1.2, oracle 2: the
    long gets 100 and forgoes 400.
    """
    return AdlSettlement(
        winner_pnl=winner_side * size * (price - entry),
        loser_equity=winner_side * size * (bankruptcy - price),
        pnl_forgone=winner_side * size * (mark - price),
    )
