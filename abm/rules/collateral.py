"""What posted assets count for as margin: haircuts by marginal tier, on positive balances only.

``value = price * sum over tiers of (quantity in the tier * ratio of the tier)``, like tax brackets; a debt
counts in full. Source: Bybit help centre, "Understanding Collateral Value Ratios in Unified Trading Account"
(read 2026; BTC: 0-10 at 0.98, 10-20 at 0.95, 20-30 at 0.9, 30-40 at 0.85, 40-50 at 0.8, nothing above).
Binance Portfolio Margin Pro has one rate: ``min(value * rate, value)``. Which price enters is a rule of its
own: on 2025-10-10 a venue's own thin spot book was the wrong one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CollateralRatios:
    """Collateral ratios of one asset by quantity.

    Parameters
    ----------
    floors
        Quantity from which each ratio applies, rising, the first zero.
    ratios
        Share of the value that counts as margin, not rising with quantity, each from 0 to 1.

    Raises
    ------
    ValueError
        If the lengths differ, a floor does not rise, or a ratio lies outside 0 to 1 or rises.
    """

    floors: tuple[float, ...] = (0.0,)
    ratios: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if len(self.floors) != len(self.ratios) or not self.floors:
            raise ValueError(
                f"floors has {len(self.floors)} entries and ratios {len(self.ratios)}; give one each"
            )
        if self.floors[0] != 0 or any(b <= a for a, b in zip(self.floors, self.floors[1:], strict=False)):
            raise ValueError(f"floors is {self.floors}; it must start at 0 and rise")
        if any(not 0.0 <= ratio <= 1.0 for ratio in self.ratios):
            raise ValueError(f"ratios is {self.ratios}; each must lie between 0 and 1")
        if any(b > a for a, b in zip(self.ratios, self.ratios[1:], strict=False)):
            raise ValueError(f"ratios is {self.ratios}; a larger quantity cannot have a higher ratio")


def collateral_quantity(quantity: npt.ArrayLike, ratios: CollateralRatios) -> Floats:
    """Return the quantity that counts as margin; negative quantities (debts) count in full."""
    held = np.asarray(quantity, np.float64)
    floors = np.array(ratios.floors)
    caps = np.append(floors[1:], np.inf)
    slices = np.clip(held[..., None], floors, caps) - floors
    return np.where(held > 0, slices @ np.array(ratios.ratios), held)


def capped_value(value: Floats | float, rate: Floats | float) -> Floats:
    """Return ``min(value * rate, value)``, Binance's haircut: a debt is not made smaller."""
    return np.asarray(np.minimum(value * rate, value), np.float64)


def collateral_value(
    quantities: npt.ArrayLike, prices: npt.ArrayLike, ratios: Sequence[CollateralRatios]
) -> Floats:
    """Return the margin value of each balance, US dollars.

    Parameters
    ----------
    quantities
        Balances ``(..., assets)``, negative when borrowed.
    prices
        US dollar index of each asset, ``(assets,)``.
    ratios
        One for each asset.
    """
    held = np.asarray(quantities, np.float64)
    counted = [collateral_quantity(held[..., k], one) for k, one in enumerate(ratios)]
    return np.asarray(np.stack(counted, axis=-1) * np.asarray(prices), np.float64)


def margin_balance(
    quantities: npt.ArrayLike,
    prices: npt.ArrayLike,
    ratios: Sequence[CollateralRatios],
    unrealised_profit: Floats | float = 0.0,
) -> Floats:
    """Return the equity of accounts: counted collateral plus unrealised profit, US dollars, ``(...)``."""
    return np.asarray(
        collateral_value(quantities, prices, ratios).sum(axis=-1) + unrealised_profit, np.float64
    )


def haircut_loss(
    quantities: npt.ArrayLike, prices: npt.ArrayLike, ratios: Sequence[CollateralRatios]
) -> Floats:
    """Return full value less counted value of the balances, US dollars, ``(...)``; never negative."""
    full = np.multiply(quantities, prices)
    return np.asarray((full - collateral_value(quantities, prices, ratios)).sum(axis=-1), np.float64)
