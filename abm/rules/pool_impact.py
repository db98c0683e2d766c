"""Price impact of trading against a pool at the oracle price.

GMX v2 (gmx-synthetics README at a5c0c883): a trade that moves the imbalance of open interest from d0 to d1
(USD) is credited ``d0^exponent * factor - d1^exponent * factor``: negative when balance gets worse. Balance
that gets better uses the positive factor, worse the negative one; when the larger side changes, d0 counts
with the positive and d1 with the negative factor. Impact changes the entry price, not the collateral: what
the trader gets less goes to the impact pool, and no more can be credited than the pool holds.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class PoolFill(NamedTuple):
    """Tokens of the position, tokens to the impact pool (negative: from it), profit at once, entry price."""

    tokens: Floats
    pool_tokens: Floats
    pending_pnl: Floats
    entry: Floats


def price_impact(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    exponent: float,
    positive_factor: float,
    negative_factor: float | None = None,
) -> Floats:
    """Return the impact in USD, positive in the trader's favour.

    Parameters
    ----------
    before, after
        Imbalance in USD: longs less shorts, or its size where it does not change sides.
    exponent
        Exponent of the imbalance.
    positive_factor, negative_factor
        Factors of trades that improve and worsen balance; one for both if the second is not given.
    """
    worse = positive_factor if negative_factor is None else negative_factor
    for name, factor in (("positive_factor", positive_factor), ("negative_factor", worse)):
        if factor < 0.0:
            raise ValueError(f"{name} is {factor}; it must be zero or more")
    old, new = np.asarray(before, np.float64), np.asarray(after, np.float64)
    crossed = old * new < 0.0
    improved = np.abs(new) < np.abs(old)
    of_old = np.where(crossed | improved, positive_factor, worse)
    of_new = np.where(improved & ~crossed, positive_factor, worse)
    impact: Floats = np.abs(old) ** exponent * of_old - np.abs(new) ** exponent * of_new
    return impact


def capped_impact(impact_usd: npt.ArrayLike, pool_tokens: npt.ArrayLike, oracle: npt.ArrayLike) -> Floats:
    """Return the impact with its positive part held within what the impact pool is worth."""
    worth = np.asarray(pool_tokens, np.float64) * np.asarray(oracle, np.float64)
    return np.minimum(np.asarray(impact_usd, np.float64), np.maximum(worth, 0.0))


def pool_fill(
    size_usd: npt.ArrayLike, oracle: npt.ArrayLike, impact: npt.ArrayLike, side: npt.ArrayLike = 1
) -> PoolFill:
    """Return what opening ``size_usd`` gives at an impact that is a fraction of the size.

    A long of 50,000 at 5,000 with -0.1 % gets 9.99 tokens at 5,005.005; 0.01 token goes to the impact pool.

    Parameters
    ----------
    size_usd, oracle
        Size in USD and price, above zero.
    impact
        Impact as a fraction of the size, negative against the trader, within -1 to 1.
    side
        +1 long, -1 short; a short hurt by impact owes more tokens for the same USD.
    """
    size, price = np.asarray(size_usd, np.float64), np.asarray(oracle, np.float64)
    share, sign = np.asarray(impact, np.float64), np.asarray(side, np.float64)
    for name, values in (("size_usd", size), ("oracle", price)):
        if not (values > 0.0).all():
            raise ValueError(f"{name} is {values.tolist()}; it must be above zero")
    if not (np.abs(share) < 1.0).all():
        raise ValueError(f"impact is {share.tolist()}; it must lie between -1 and 1")
    tokens = size / price * (1.0 + sign * share)
    return PoolFill(tokens, -share * size / price, share * size, size / tokens)
