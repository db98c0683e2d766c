"""The size of a bet that makes wealth grow fastest, what other sizes earn, and how far they fall on the way.

Kelly 1956, "A new interpretation of information rate", Bell System Technical Journal 35, 917-926; Thorp 2006,
"The Kelly criterion in blackjack, sports betting, and the stock market". Sizes are shares of wealth; growth
is that of log-wealth, for one bet or for one unit of time of the drift.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def kelly_share(chance: npt.ArrayLike, odds: npt.ArrayLike = 1.0) -> Floats:
    """Return ``f* = (b p - q) / b``, the share to bet at chance ``p = 1 - q`` and odds ``b`` to one.

    Below 0 where the bet should be avoided, or taken from the other side if that is possible.
    """
    p, b = np.asarray(chance, np.float64), np.asarray(odds, np.float64)
    if not ((p >= 0.0) & (p <= 1.0)).all():
        raise ValueError(f"chance is {p}; it must be from 0 to 1")
    if not (b > 0.0).all():
        raise ValueError(f"odds is {b}; it must be above 0")
    return np.asarray((b * p - (1.0 - p)) / b)


def bet_growth(share: npt.ArrayLike, chance: npt.ArrayLike, odds: npt.ArrayLike = 1.0) -> Floats:
    """Return ``p ln(1 + b f) + q ln(1 - f)``, the mean growth of log-wealth for each bet of a share ``f``."""
    f, p, b = (np.asarray(value, np.float64) for value in (share, chance, odds))
    if not ((f > -1.0 / b) & (f < 1.0)).all():
        raise ValueError(f"share is {f}; it must be above -1 / odds and below 1")
    return np.asarray(p * np.log1p(b * f) + (1.0 - p) * np.log1p(-f))


def zero_growth_share(chance: float, odds: float = 1.0) -> float:
    """Return the share above the Kelly share at which growth is zero: who bets more is ruined in the end."""
    from scipy.optimize import brentq

    best = float(kelly_share(chance, odds))
    if best <= 0.0:
        return 0.0
    return float(brentq(lambda f: float(bet_growth(f, chance, odds)), best, 1.0 - 1e-12))


def kelly_exposure(drift: npt.ArrayLike, volatility: npt.ArrayLike, riskless: npt.ArrayLike = 0.0) -> Floats:
    """Return ``(m - r) / s^2``, the exposure over wealth that grows fastest in continuous time."""
    m, s, r = (np.asarray(value, np.float64) for value in (drift, volatility, riskless))
    if not (s > 0.0).all():
        raise ValueError(f"volatility is {s}; it must be above 0")
    return np.asarray((m - r) / s**2)


def exposure_growth(
    exposure: npt.ArrayLike, drift: npt.ArrayLike, volatility: npt.ArrayLike, riskless: npt.ArrayLike = 0.0
) -> Floats:
    """Return ``r + f (m - r) - s^2 f^2 / 2``, growth of log-wealth at an exposure ``f``."""
    f, m, s, r = (np.asarray(value, np.float64) for value in (exposure, drift, volatility, riskless))
    return np.asarray(r + f * (m - r) - 0.5 * (s * f) ** 2)


def chance_to_fall_to(level: npt.ArrayLike, multiple: npt.ArrayLike) -> Floats:
    """Return the probability that wealth ever falls to a share ``x`` of the first, ``x^(2 / c - 1)``.

    Parameters
    ----------
    level
        The share ``x``, above 0 and at most 1.
    multiple
        Exposure as a multiple ``c`` of the Kelly exposure; from 2 on the fall is certain.

    Notes
    -----
    Log-wealth has drift ``c - c^2 / 2`` and volatility ``c`` in units of the squared Sharpe ratio.
    """
    x, c = np.asarray(level, np.float64), np.asarray(multiple, np.float64)
    if not ((x > 0.0) & (x <= 1.0)).all():
        raise ValueError(f"level is {x}; it must be above 0 and at most 1")
    if not (c > 0.0).all():
        raise ValueError(f"multiple is {c}; it must be above 0")
    return np.asarray(x ** np.maximum(2.0 / c - 1.0, 0.0))
