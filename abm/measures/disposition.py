"""The disposition effect: gains are realised sooner than losses.

Odean 1998, "Are investors reluctant to realize their losses?", Journal of Finance 53, 1775-1798: on the days
on which an account sells anything, each position in it is a realised or paper gain or loss. PGR is realised
gains over all gains, PLR the same for losses; Table I has .148 and .098.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Disposition:
    """Counts of positions on days with a sale."""

    realised_gains: int
    paper_gains: int
    realised_losses: int
    paper_losses: int

    @property
    def pgr(self) -> float:
        """Share of gains that are realised."""
        return _share(self.realised_gains, self.paper_gains)

    @property
    def plr(self) -> float:
        """Share of losses that are realised."""
        return _share(self.realised_losses, self.paper_losses)

    @property
    def ratio(self) -> float:
        """PGR over PLR: 1 for whom gains and losses are alike, above 1 with the disposition effect."""
        return self.pgr / self.plr if self.plr > 0.0 else float("nan")

    @property
    def ratio_error(self) -> float:
        """Standard error of the ratio, positions taken as independent as in the paper."""
        if not (self.realised_gains and self.realised_losses):
            return float("nan")
        relative = (1.0 - self.pgr) / self.realised_gains + (1.0 - self.plr) / self.realised_losses
        return self.ratio * float(np.sqrt(relative))

    def __add__(self, other: "Disposition") -> "Disposition":
        """Return the counts of both together."""
        return Disposition(
            self.realised_gains + other.realised_gains,
            self.paper_gains + other.paper_gains,
            self.realised_losses + other.realised_losses,
            self.paper_losses + other.paper_losses,
        )


def count_positions(profit: npt.ArrayLike, sold: npt.ArrayLike, held: npt.ArrayLike = True) -> Disposition:
    """Return the counts of one day.

    Parameters
    ----------
    profit
        Profit of each position at the day's price, shape ``(accounts, positions)``; zero counts as neither.
    sold
        Which positions were sold on the day, same shape.
    held
        Which places hold a position at all.
    """
    gain = np.asarray(profit)
    sale = np.asarray(sold, np.bool_) & np.asarray(held, np.bool_)
    counted = sale.any(axis=-1, keepdims=True) & np.asarray(held, np.bool_)
    up, down = counted & (gain > 0), counted & (gain < 0)
    return Disposition(
        int((up & sale).sum()), int((up & ~sale).sum()), int((down & sale).sum()), int((down & ~sale).sum())
    )


def sale_chance(
    profit: npt.ArrayLike, hazard_gain: float, hazard_loss: float, days: float = 1.0
) -> npt.NDArray[np.float64]:
    """Return the probability that a position is sold within ``days``, by a daily hazard.

    Daily hazards of .0032 and .0020 on eight positions give about Odean's ratio of 1.51.
    """
    hazard = np.where(np.asarray(profit) > 0, hazard_gain, hazard_loss)
    return np.asarray(-np.expm1(-hazard * days))


def _share(realised: int, paper: int) -> float:
    return realised / (realised + paper) if realised + paper else float("nan")
