"""Funding by the imbalance of open interest, fixed or adaptive.

GMX v2 (gmx-synthetics README at a5c0c883, MarketUtils): the larger side pays ``factor * imbalance^exponent /
total open interest`` a second, imbalance the difference of the sides in USD; the smaller side shares what is
paid. Without open interest on one side there is nobody to pay and nothing is due.

Adaptive: the rate grows by ``increase * imbalance^exponent / total`` a second toward the larger side while
that share is above the stable threshold or the rate is zero or points the other way, falls by ``decrease`` a
second while it is below the decrease threshold, and stands in between.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def imbalance_share(long_oi: npt.ArrayLike, short_oi: npt.ArrayLike, exponent: float = 1.0) -> Floats:
    """Return ``imbalance^exponent / total``, positive where longs are more; 0 without open interest.

    Raises
    ------
    ValueError
        If an open interest is negative.
    """
    long, short = np.asarray(long_oi, np.float64), np.asarray(short_oi, np.float64)
    for name, side in (("long_oi", long), ("short_oi", short)):
        if (side < 0.0).any():
            raise ValueError(f"{name} is {side.tolist()}; it must be zero or more")
    total = long + short
    power = np.sign(long - short) * np.abs(long - short) ** exponent
    return np.divide(power, total, out=np.zeros_like(total), where=total > 0.0)


def paid_by_sides(
    rate: npt.ArrayLike, long_oi: npt.ArrayLike, short_oi: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Return what a dollar of long and of short open interest pays a second; negative receives.

    ``rate`` is per second, positive where longs pay; the amount is ``|rate|`` times the larger side.
    """
    long, short = np.asarray(long_oi, np.float64), np.asarray(short_oi, np.float64)
    amount = np.where((long > 0.0) & (short > 0.0), rate * np.maximum(long, short), 0.0)
    by_long = np.divide(amount, long, out=np.zeros_like(amount), where=long > 0.0)
    by_short = np.divide(-amount, short, out=np.zeros_like(amount), where=short > 0.0)
    return by_long, by_short


def imbalance_funding(
    long_oi: npt.ArrayLike, short_oi: npt.ArrayLike, factor: float, exponent: float = 1.0
) -> tuple[Floats, Floats]:
    """Return what a dollar of long and of short open interest pays a second under a fixed factor."""
    return paid_by_sides(factor * imbalance_share(long_oi, short_oi, exponent), long_oi, short_oi)


@dataclass(frozen=True)
class AdaptiveFunding:
    """Funding whose rate learns from the imbalance.

    Parameters
    ----------
    increase, decrease
        Growth a second per unit of imbalance share, and fall a second.
    stable_threshold, decrease_threshold
        Shares above which the rate grows and below which it falls.
    lowest, highest
        Bounds of the size of the rate per second; the lower one holds for what is paid only.
    """

    increase: float
    decrease: float = 0.0
    stable_threshold: float = 0.0
    decrease_threshold: float = 0.0
    lowest: float = 0.0
    highest: float = np.inf

    def __post_init__(self) -> None:
        for name in ("increase", "decrease", "stable_threshold", "decrease_threshold", "lowest"):
            if getattr(self, name) < 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be zero or more")
        if self.decrease_threshold > self.stable_threshold:
            raise ValueError(
                f"decrease_threshold is {self.decrease_threshold}; it must be at most the stable threshold "
                f"{self.stable_threshold}"
            )
        if self.highest < self.lowest:
            raise ValueError(f"highest is {self.highest}; it must be at least lowest {self.lowest}")

    def next_rate(self, rate: npt.ArrayLike, share: npt.ArrayLike, seconds: float) -> Floats:
        """Return the rate per second after ``seconds`` at a signed imbalance share (`imbalance_share`).

        A falling rate stops at zero; GMX keeps one unit of its last digit there.
        """
        saved, skew = np.asarray(rate, np.float64), np.asarray(share, np.float64)
        turned = (skew != 0.0) & (np.sign(saved) != np.sign(skew))
        grows = turned | (np.abs(skew) > self.stable_threshold)
        falls = ~grows & (np.abs(skew) < self.decrease_threshold)
        smaller = np.sign(saved) * np.maximum(np.abs(saved) - self.decrease * seconds, 0.0)
        moved = np.where(grows, saved + self.increase * skew * seconds, np.where(falls, smaller, saved))
        return np.clip(moved, -self.highest, self.highest)

    def paid(
        self, rate: npt.ArrayLike, long_oi: npt.ArrayLike, short_oi: npt.ArrayLike
    ) -> tuple[Floats, Floats]:
        """Return what a dollar of each side pays a second at a saved rate, at least ``lowest`` in size."""
        saved = np.asarray(rate, np.float64)
        size = np.clip(np.abs(saved), self.lowest, self.highest)
        return paid_by_sides(np.sign(saved) * size, long_oi, short_oi)
