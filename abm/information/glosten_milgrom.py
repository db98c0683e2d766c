"""Quotes of a market maker who may face somebody informed.

Glosten and Milgrom 1985, "Bid, ask and transaction prices in a specialist market with heterogeneously
informed traders", Journal of Financial Economics 14, 71-100, with a value of 0 or 1: a share of traders know
it and trade on it, the others buy or sell by the toss of a coin, and quotes leave the market maker no profit.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def quotes(belief: npt.ArrayLike, informed: float) -> tuple[Floats, Floats]:
    """Return bid and ask: the chance of a value of 1 given that the next trade is a sale, and a purchase.

    ``ask = p (1 + m) / (1 - m + 2 m p)`` and ``bid = p (1 - m) / (1 + m - 2 m p)``; the first spread, at a
    belief of 1/2, is the informed share itself.

    Parameters
    ----------
    belief
        Chance ``p`` of a value of 1, from 0 to 1.
    informed
        Share ``m`` of informed traders, from 0 to 1.
    """
    p = np.asarray(belief, np.float64)
    if not ((p >= 0.0) & (p <= 1.0)).all():
        raise ValueError(f"belief is {p}; it must be from 0 to 1")
    if not 0.0 <= informed < 1.0:
        raise ValueError(f"informed is {informed}; it must be from 0 to below 1")
    # shares of two chances, so that rounding never leads beyond 1
    sells_if_one, buys_if_one = p * (1.0 - informed), p * (1.0 + informed)
    bid = sells_if_one / (sells_if_one + (1.0 - p) * (1.0 + informed))
    ask = buys_if_one / (buys_if_one + (1.0 - p) * (1.0 - informed))
    return np.asarray(bid), np.asarray(ask)


def trade(belief: Floats, value: Floats, informed: float, rng: np.random.Generator) -> Floats:
    """Return the market maker's beliefs after one more trade in each of many independent markets.

    Parameters
    ----------
    belief, value
        Belief before, and the true value of 0 or 1, shape ``(markets,)``.
    """
    bid, ask = quotes(belief, informed)
    knows = rng.random(len(value)) < informed
    buys = np.where(knows, value > 0.5, rng.random(len(value)) < 0.5)
    return np.where(buys, ask, bid)


def expected_path(trades: int, informed: float) -> tuple[float, float]:
    """Return the mean spread after a number of trades, and the mean squared error of the belief, exactly.

    By the binomial number of purchases; the first belief is 1/2, and by symmetry the value is 1.
    """
    from scipy.stats import binom

    buys = np.arange(trades + 1)
    weight = binom.pmf(buys, trades, 0.5 * (1.0 + informed))
    odds = ((1.0 + informed) / (1.0 - informed)) ** (2.0 * buys - trades)
    belief = odds / (1.0 + odds)
    bid, ask = quotes(belief, informed)
    return float((weight * (ask - bid)).sum()), float((weight * (1.0 - belief) ** 2).sum())
