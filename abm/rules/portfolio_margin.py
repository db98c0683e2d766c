"""Margin ratio of a whole account and the stage it puts the account in.

Binance Portfolio Margin Pro (page 5e33af8e6ac04d57a1d0a3398e0a0752, read 2026): ``uniMMR = sum of equity /
sum of maintenance margin``; above 150 % trade freely, to 120 % a warning, to 105 % reduce-only, at or below
105 % liquidation. Bybit's unified account inverts it: liquidation when ``maintenance / margin balance``
reaches 100 %.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
STAGES = ("free", "warning", "reduce-only", "liquidation")


def portfolio_margin_ratio(equity: npt.ArrayLike, maintenance: npt.ArrayLike) -> Floats:
    """Return ``equity / maintenance``.

    Without maintenance margin the ratio is infinite, with the sign of the equity; zero equity counts as
    positive, since nothing is owed.
    """
    worth, needed = np.broadcast_arrays(np.asarray(equity, np.float64), np.asarray(maintenance, np.float64))
    unbounded = np.where(worth < 0, -np.inf, np.inf)
    return np.divide(worth, needed, out=unbounded, where=needed > 0)


def margin_rate(margin: npt.ArrayLike, margin_balance: npt.ArrayLike) -> Floats:
    """Return Bybit's account rate ``margin / balance`` (initial or maintenance); infinite with nothing left.

    The balance of the initial rate is margin balance less haircut loss plus order loss; liquidation follows
    when the maintenance rate reaches 1 (Bybit help centre, unified account glossary, read 2026).
    """
    needed, left = np.broadcast_arrays(np.asarray(margin, np.float64), np.asarray(margin_balance, np.float64))
    empty = np.where(needed > 0, np.inf, 0.0)
    return np.divide(needed, left, out=empty, where=left > 0)


@dataclass(frozen=True)
class PortfolioMarginStages:
    """Ratios at and below which an account is warned, may only reduce, and is liquidated.

    Raises
    ------
    ValueError
        If the levels are not ``warning > reduce_only > liquidation > 0``.
    """

    warning: float = 1.5
    reduce_only: float = 1.2
    liquidation: float = 1.05

    def __post_init__(self) -> None:
        if not self.warning > self.reduce_only > self.liquidation > 0:
            raise ValueError(
                f"warning {self.warning:g}, reduce_only {self.reduce_only:g} and liquidation "
                f"{self.liquidation:g} must fall in this order and stay above zero"
            )

    def stage(self, ratio: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Return the index into `STAGES` of each ratio; a ratio equal to a level is in the worse stage."""
        levels = np.array([self.liquidation, self.reduce_only, self.warning])
        return len(levels) - np.searchsorted(levels, ratio, side="left")
