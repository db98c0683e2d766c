"""Informed trading in batch auctions.

Kyle 1985, "Continuous auctions and insider trading", Econometrica 53, 1315-1335: an insider who knows the
value, noise traders, and a market maker who sets the price at what the total order tells of the value.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class KyleEquilibrium:
    """The linear equilibrium of a number of auctions, by auction; shapes ``(auctions,)``.

    Attributes
    ----------
    impact
        Price change for each unit of total order, lambda.
    intensity
        Insider's order for each unit of difference between value and price.
    variance
        Variance of the value left after each auction.
    profit
        Insider's expected profit from all auctions.
    """

    impact: Floats
    intensity: Floats
    variance: Floats
    profit: float


def kyle_equilibrium(
    auctions: int = 1, variance: float = 1.0, noise_variance: float = 1.0
) -> KyleEquilibrium:
    """Return the equilibrium by Kyle's backward recursion (his theorem 2).

    Parameters
    ----------
    auctions
        Number of auctions in the period.
    variance
        Prior variance of the value.
    noise_variance
        Variance of noise orders over the period, spread evenly over the auctions.
    """
    if auctions < 1:
        raise ValueError(f"auctions is {auctions}; it must be at least 1")
    if not (variance > 0.0 and noise_variance > 0.0):
        raise ValueError(f"variances are {variance} and {noise_variance}; they must be above 0")
    each = noise_variance / auctions
    last, impact, intensity, left = 1.0, np.empty(auctions), np.empty(auctions), np.empty(auctions)
    alpha = delta = 0.0
    for n in reversed(range(auctions)):
        slope = _impact_by_profit(alpha, last, each)
        order = (1.0 - 2.0 * alpha * slope) / (2.0 * slope * (1.0 - alpha * slope))
        impact[n], intensity[n], left[n] = slope, order, last
        delta += alpha * slope**2 * each
        alpha = 1.0 / (4.0 * slope * (1.0 - alpha * slope))
        last /= 1.0 - order * slope
    # the recursion is homogeneous: it was started from a final variance of 1
    scale = np.sqrt(variance / last)
    return KyleEquilibrium(
        impact * scale, intensity / scale, left * scale**2, float((alpha * last + delta) * scale)
    )


def _impact_by_profit(alpha: float, left: float, noise: float) -> float:
    # lambda_n^2 sigma_u^2 = Sigma_n beta_n lambda_n, Kyle's (3.18); the root in (0, 1 / (2 alpha))
    if alpha == 0.0:
        return float(np.sqrt(left / (2.0 * noise)))
    from scipy.optimize import brentq

    def gap(slope: float) -> float:
        share = (1.0 - 2.0 * alpha * slope) / (2.0 * (1.0 - alpha * slope))
        return slope**2 * noise - left * share

    return float(brentq(gap, 0.0, 0.5 / alpha, xtol=1e-15, rtol=1e-14))


def kyle_auctions(
    value: Floats, noise: Floats, intensity: float, impact: float, prior: float = 0.0
) -> tuple[Floats, Floats, Floats]:
    """Return total order, price and insider's profit of independent single auctions.

    The insider orders ``intensity (value - prior)``, the price is ``prior + impact * total order``.
    """
    own = intensity * (value - prior)
    total = own + noise
    price = prior + impact * total
    return total, price, own * (value - price)


def learned_impact(value: Floats, total: Floats) -> float:
    """Return the slope of the regression of values on total orders: what a market maker learns to charge."""
    centred = total - total.mean()
    return float((centred * (value - value.mean())).sum() / (centred**2).sum())
