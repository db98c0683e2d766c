"""A price path: the one shape in which simulated runs and real bars reach the measures."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

HOUR_S = 3600.0
DAY_S = 86400.0


@dataclass(frozen=True)
class PricePath:
    """Prices of one instrument, interval by interval (bars of a file, steps of a run).

    Attributes
    ----------
    time_s
        End of each interval in seconds, strictly increasing, shape ``(n,)``: since 1970-01-01 UTC for real
        bars, since the start of the run for simulated ones. Intervals need not be equally long.
    low, high, close
        Lowest, highest and last price of the interval, USD, shape ``(n,)``.
    notional
        USD traded within the interval, shape ``(n,)`` (nan where unknown), or None.

    Raises
    ------
    ValueError
        When shapes differ, there are fewer than two intervals, or times do not increase.
    """

    time_s: Floats
    low: Floats
    high: Floats
    close: Floats
    notional: Floats | None = None

    def __post_init__(self) -> None:
        n = len(self.time_s)
        columns = [self.low, self.high, self.close] + ([] if self.notional is None else [self.notional])
        if any(column.shape != (n,) for column in columns):
            raise ValueError("time_s, low, high, close and notional must have one common length")
        if n < 2:
            raise ValueError(f"a price path needs at least two intervals, got {n}")
        if not np.all(np.diff(self.time_s) > 0):
            raise ValueError("time_s must increase strictly")

    @classmethod
    def of_closes(cls, time_s: Floats, close: Floats, notional: Floats | None = None) -> "PricePath":
        """Build a path from closes alone: low and high of each interval are its close."""
        return cls(time_s, close, close, close, notional)

    @property
    def step_s(self) -> float:
        """Return the typical (median) length of an interval, seconds."""
        return float(np.median(np.diff(self.time_s)))

    @property
    def begin_s(self) -> float:
        """Return the start of the first interval, seconds, taking it as long as the second."""
        return float(2.0 * self.time_s[0] - self.time_s[1])

    @property
    def end_s(self) -> float:
        """Return the end of the last interval, seconds."""
        return float(self.time_s[-1])
