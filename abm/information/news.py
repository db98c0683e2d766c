"""News items and the shape of their effect on fundamental values."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class News:
    """One piece of news: a change of fundamental values that starts at a time and may take a while.

    Parameters
    ----------
    time_s
        Start, seconds since the beginning of the run.
    duration_s
        Time over which the change arrives at a constant rate; 0 = at once.
    log_change
        Change of the log of each asset's value, shape ``(assets,)``.
    equity_log_change
        Change of the log of the outside equity index.
    volatility_multiple
        Factor on the volatility of values from then on, decaying to 1.
    volatility_half_life_s
        Half-life of that decay.
    """

    time_s: float
    duration_s: float
    log_change: npt.NDArray[np.float64]
    equity_log_change: float = 0.0
    volatility_multiple: float = 1.0
    volatility_half_life_s: float = 3600.0

    def without_effect(self) -> "News":
        """Return the item as one that changes nothing."""
        return replace(
            self, log_change=np.zeros_like(self.log_change), equity_log_change=0.0, volatility_multiple=1.0
        )

    def share_between(self, start_s: float, stop_s: float) -> float:
        """Return the part of the change that arrives in ``(start_s, stop_s]``."""
        if self.duration_s <= 0.0:
            return 1.0 if start_s < self.time_s <= stop_s else 0.0
        overlap = min(stop_s, self.time_s + self.duration_s) - max(start_s, self.time_s)
        return max(0.0, overlap) / self.duration_s

    def excess_volatility(self, now_s: float) -> float:
        """Return the excess of the volatility factor over 1 at ``now_s``."""
        if now_s < self.time_s:
            return 0.0
        age = now_s - self.time_s
        return float((self.volatility_multiple - 1.0) * 0.5 ** (age / self.volatility_half_life_s))
