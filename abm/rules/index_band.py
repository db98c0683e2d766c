"""Price bands between index and mark.

Bybit (January 2025): a buy may not exceed ``min(max(index, mark (1 + x)), mark (1 + y))``, a sell mirrored;
since 2026-05-26 ``alpha * max(0, average premium of 30 s)`` is added inside the soft bound. OKX perpetuals
(help 6974388462605): ``min(max(I, I (1 + Y) + premium), I (1 + Z))``, a sell mirrored, premium the average of
mid less index (10, 5 or 2 minutes by version); in a contract's first 10 minutes ``I (1 + X)``. Tiers (X, Y,
Z): 2, 2, 5 %; 4, 4, 8 %; 6, 6, 15 %; 6, 6, 20 %. Where the index is unknown OKX's limits are nan: no test.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]


def bybit_band(
    index: npt.ArrayLike,
    mark: npt.ArrayLike,
    x: float,
    y: float,
    alpha: float = 0.0,
    average_premium: npt.ArrayLike = 0.0,
) -> Pair:
    """Return the lowest sell and the highest buy price; without an index only the mark counts."""
    price, premium = np.asarray(mark, np.float64), np.asarray(average_premium, np.float64)
    highest = price * (1.0 + x) + alpha * np.fmax(0.0, premium)  # fmax: zero where the premium is nan
    lowest = price * (1.0 - x) + alpha * np.fmin(0.0, premium)
    highest = np.minimum(np.fmax(index, highest), price * (1.0 + y))
    lowest = np.maximum(np.fmin(index, lowest), price * (1.0 - y))
    return lowest, highest


def okx_band(index: npt.ArrayLike, y: float, z: float, average_premium: npt.ArrayLike = 0.0) -> Pair:
    """Return the lowest sell and the highest buy price."""
    spot, premium = np.asarray(index, np.float64), np.nan_to_num(np.asarray(average_premium, np.float64))
    highest = np.minimum(np.maximum(spot, spot * (1.0 + y) + premium), spot * (1.0 + z))
    lowest = np.maximum(np.minimum(spot, spot * (1.0 - y) + premium), spot * (1.0 - z))
    return lowest, highest


def okx_first_band(index: npt.ArrayLike, x: float) -> Pair:
    """Return the limits of a contract's first ten minutes."""
    spot = np.asarray(index, np.float64)
    return spot * (1.0 - x), spot * (1.0 + x)


@dataclass(frozen=True)
class MarkIndexBand:
    """Bybit's band: soft bound ``x``, hard bound ``y`` around the mark, premium weight ``alpha``."""

    x: float = 0.02
    y: float = 0.05
    alpha: float = 0.0

    def __post_init__(self) -> None:
        _check(self.x, self.y, "x", "y")
        if self.alpha < 0.0:
            raise ValueError(f"alpha is {self.alpha}; it must be zero or more")

    def limits(self, index: Floats, mark: Floats, average_premium: Floats) -> Pair:
        """Return the lowest sell and the highest buy price."""
        return bybit_band(index, mark, self.x, self.y, self.alpha, average_premium)


@dataclass(frozen=True)
class PremiumIndexBand:
    """OKX's band: soft bound ``y`` moved by the premium, hard bound ``z`` around the index."""

    y: float = 0.02
    z: float = 0.05

    def __post_init__(self) -> None:
        _check(self.y, self.z, "y", "z")

    def limits(self, index: Floats, mark: Floats, average_premium: Floats) -> Pair:  # noqa: ARG002
        """Return the lowest sell and the highest buy price; the mark does not count."""
        return okx_band(index, self.y, self.z, average_premium)


def _check(soft: float, hard: float, soft_name: str, hard_name: str) -> None:
    if not 0.0 < soft < 1.0:
        raise ValueError(f"{soft_name} is {soft}; it must lie between 0 and 1")
    if not soft <= hard < 1.0:
        raise ValueError(f"{hard_name} is {hard}; it must lie between {soft_name} {soft} and 1")
