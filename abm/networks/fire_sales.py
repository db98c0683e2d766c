"""Contagion through prices: who holds the same assets suffers when another has to sell.

Caccioli, Shrestha, Moore and Farmer 2014, "Stability analysis of financial contagion due to overlapping
portfolios", Journal of Banking & Finance 46, 233-245 (all is sold at insolvency, the price falls
exponentially); Greenwood, Landier and Thesmar 2015, "Vulnerable banks", Journal of Financial Economics 115,
471-485 (leverage is kept by selling, the price falls linearly); Cont and Schaanning 2017 for thresholds.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from abm.networks.exposures import Table, csr_table

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FireSale:
    """The end of a cascade.

    Attributes
    ----------
    failed
        Who is insolvent, shape ``(institutions,)``.
    price
        Price of each asset over its first one, shape ``(assets,)``.
    rounds
        Rounds of sales.
    """

    failed: Flags
    price: Floats
    rounds: int


def price_after_sales(sold_share: npt.ArrayLike, impact: npt.ArrayLike) -> Floats:
    """Return ``exp(-impact x)``, the price over the first one after a share ``x`` of all holdings is sold.

    ``impact`` of 1.0536 makes the price fall by 10 % when 10 % is sold.
    """
    return np.exp(-np.asarray(impact, np.float64) * np.asarray(sold_share, np.float64))


def liquidation_cascade(
    holdings: "npt.ArrayLike | sparse.sparray",
    capital: npt.ArrayLike,
    first: npt.ArrayLike = (),
    impact: npt.ArrayLike = 1.0536,
    price: npt.ArrayLike = 1.0,
) -> FireSale:
    """Return what happens when everybody insolvent sells all it holds, and prices fall for all.

    Parameters
    ----------
    holdings
        Value of each asset held by each institution at a price of 1, shape ``(institutions, assets)``.
    capital
        Loss that each can bear; who loses more is insolvent.
    first
        Numbers of those that fail at first.
    impact
        See `price_after_sales`; one number or one for each asset.
    price
        Price of each asset after the first shock, over the one before it.
    """
    held = _checked_holdings(holdings)
    n, m = held.shape
    shocked = np.array(np.broadcast_to(np.asarray(price, np.float64), (m,)))
    bearable = np.broadcast_to(np.asarray(capital, np.float64), (n,))
    worth: Floats = np.asarray(held.sum(axis=1), np.float64)
    every: Floats = np.asarray(held.sum(axis=0), np.float64)
    failed = np.zeros(n, np.bool_)
    failed[np.asarray(first, np.int64)] = True
    now = shocked
    for rounds in range(n + 1):
        sold = np.divide(held.T @ failed, every, out=np.zeros(m), where=every > 0)
        now = shocked * price_after_sales(sold, impact)
        loss = worth - held @ now
        new = failed | (loss > bearable * (1.0 + 1e-12))
        if np.array_equal(new, failed):
            return FireSale(failed, now, rounds)
        failed = new
    raise AssertionError("unreachable: each round fails somebody")


def equal_portfolios(
    institutions: int, assets: int, diversification: float, rng: np.random.Generator
) -> Table:
    """Return holdings of one unit of money in all, spread evenly over random assets (Caccioli et al. 2014).

    Every institution holds every asset with probability ``diversification / assets``; who holds none has no
    assets at all.
    """
    if not 0.0 <= diversification <= assets:
        raise ValueError(f"diversification is {diversification}; it must be from 0 to {assets} (assets)")
    pairs = institutions * assets
    code = rng.choice(pairs, rng.binomial(pairs, diversification / assets), replace=False, shuffle=False)
    who, what = np.divmod(code, assets)
    many = np.bincount(who, minlength=institutions)
    return csr_table(sparse.coo_array((1.0 / many[who], (who, what)), shape=(institutions, assets)))


def leverage_keeping_round(
    holdings: "npt.ArrayLike | sparse.sparray",
    debt_to_equity: npt.ArrayLike,
    returns: npt.ArrayLike,
    impact: npt.ArrayLike,
) -> tuple[Floats, Floats]:
    """Return what each institution sells to restore its leverage, and the returns that this causes.

    After first returns ``f`` institution ``n`` with assets ``A`` has lost ``A r``, and sells ``A B r`` for a
    debt-to-equity ratio ``B``, in proportion to what it holds; an asset of which ``x`` is sold returns
    ``-impact x``. Nobody sells more than all; gains are not reinvested.

    Parameters
    ----------
    holdings
        Value of each asset held, shape ``(institutions, assets)``.
    debt_to_equity
        Leverage that each keeps.
    returns
        First return of each asset, shape ``(assets,)``.
    impact
        Return caused by the sale of one unit of money, one number or one for each asset.

    Returns
    -------
    sold
        Money raised by each institution, shape ``(institutions,)``.
    caused
        Return of each asset caused by the sales, shape ``(assets,)``.
    """
    held = _checked_holdings(holdings)
    worth: Floats = np.asarray(held.sum(axis=1), np.float64)
    ratio = np.broadcast_to(np.asarray(debt_to_equity, np.float64), worth.shape)
    loss = np.maximum(-(held @ np.asarray(returns, np.float64)), 0.0)
    sold = np.minimum(ratio * loss, worth)
    share = np.divide(sold, worth, out=np.zeros(len(worth)), where=worth > 0)
    return sold, -np.asarray(impact, np.float64) * (held.T @ share)


def aggregate_vulnerability(
    holdings: "npt.ArrayLike | sparse.sparray",
    debt_to_equity: npt.ArrayLike,
    equity: npt.ArrayLike,
    returns: npt.ArrayLike,
    impact: npt.ArrayLike,
) -> float:
    """Return the share of all equity lost to the sales of `leverage_keeping_round`, first losses left out."""
    held = _checked_holdings(holdings)
    _, caused = leverage_keeping_round(held, debt_to_equity, returns, impact)
    own = np.broadcast_to(np.asarray(equity, np.float64), (held.shape[0],))
    return float(-(held @ caused).sum() / own.sum())


def _checked_holdings(holdings: "npt.ArrayLike | sparse.sparray") -> Table:
    table = csr_table(holdings)
    if not ((table.data >= 0.0) & (table.data < np.inf)).all():
        raise ValueError("holdings: values must be 0 or more")
    return table
