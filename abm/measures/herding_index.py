"""Herding: how much more often people trade on the same side than independent traders would.

Lakonishok, Shleifer and Vishny 1992, "The impact of institutional trading on stock prices", Journal of
Financial Economics 32, 23-43: ``H = mean |b / n - p| - AF``, where ``b`` of ``n`` traders buy in a cell (one
instrument in one interval), ``p`` is the expected share of buyers, and ``AF`` is the mean of ``|B / n - p|``
for ``n`` independent traders, ``B`` binomial.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FEWEST_TRADERS = 5
"""Cells with fewer traders are left out."""


@dataclass(frozen=True)
class Herding:
    """The index, its standard error over cells, and how many cells it is taken over (nan without any)."""

    index: float
    error: float
    cells: int


def expected_imbalance(traders: npt.ArrayLike, share: npt.ArrayLike) -> Floats:
    """Return the mean of ``|B / n - p|``, ``B`` binomial of ``n`` traders who buy with probability ``p``.

    De Moivre's formula ``E|B - n p| = 2 m C(n, m) p^m (1 - p)^(n - m + 1)`` with ``m = floor(n p) + 1``
    (Diaconis and Zabell 1991, Statistical Science 6, 284-302).
    """
    from scipy.special import gammaln, xlogy

    n, p = np.broadcast_arrays(np.asarray(traders, np.float64), np.asarray(share, np.float64))
    m = np.minimum(np.floor(n * p) + 1.0, n)
    log_choose = gammaln(n + 1.0) - gammaln(m + 1.0) - gammaln(n - m + 1.0)
    log_mean = np.log(2.0 * m) + log_choose + xlogy(m, p) + xlogy(n - m + 1.0, 1.0 - p)
    return np.asarray(np.exp(log_mean) / n)


def lsv_herding(
    buyers: npt.ArrayLike, sellers: npt.ArrayLike, share: npt.ArrayLike, fewest: int = FEWEST_TRADERS
) -> Herding:
    """Return the herding index over cells.

    Parameters
    ----------
    buyers, sellers
        How many bought and sold on balance in each cell, any one shape.
    share
        Expected share of buyers, one number or one for each cell: for herding into some instruments rather
        than others, that of all instruments in the same interval (as LSV do); for herding in time, that of
        the same instrument over all intervals.
    fewest
        Cells with fewer traders are left out.
    """
    bought = np.asarray(buyers, np.float64)
    traders = bought + np.asarray(sellers, np.float64)
    kept = traders >= max(fewest, 1)
    expected = np.broadcast_to(np.asarray(share, np.float64), traders.shape)[kept]
    if not kept.any():
        return Herding(float("nan"), float("nan"), 0)
    excess = np.abs(bought[kept] / traders[kept] - expected) - expected_imbalance(traders[kept], expected)
    cells = len(excess)
    error = float(excess.std(ddof=1) / np.sqrt(cells)) if cells > 1 else float("nan")
    return Herding(float(excess.mean()), error, cells)
