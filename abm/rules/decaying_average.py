"""The average in which old samples decay, for samples at uneven times.

Hyperliquid (docs, Robust price indices, read 2026): for a sample x taken t seconds after the one before,
``numerator = numerator * exp(-t / tau) + x * t``, ``denominator = denominator * exp(-t / tau) + t``; the
average is their quotient. tau is 150 s for the basis and 30 s for the book.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass
class AverageState:
    """Decayed sums ``(instruments,)``: sample times seconds, and seconds."""

    numerator: Floats
    denominator: Floats


@dataclass(frozen=True)
class DecayingAverage:
    """An average with time constant ``tau_s``, seconds."""

    tau_s: float

    def __post_init__(self) -> None:
        if not self.tau_s > 0.0:
            raise ValueError(f"tau_s is {self.tau_s}; it must be above zero")

    def start(self, instruments: int) -> AverageState:
        """Return the state before the first sample."""
        return AverageState(np.zeros(instruments), np.zeros(instruments))

    def update(self, state: AverageState, elapsed_s: float, sample: Floats) -> Floats:
        """Take a sample and return the average; an unknown sample only ages what is there.

        Raises
        ------
        ValueError
            If ``elapsed_s`` is negative.
        """
        if elapsed_s < 0.0:
            raise ValueError(f"elapsed_s is {elapsed_s}; it must be zero or more")
        decay = np.exp(-elapsed_s / self.tau_s)
        known = np.isfinite(sample)
        state.numerator = state.numerator * decay + np.where(known, sample * elapsed_s, 0.0)
        state.denominator = state.denominator * decay + np.where(known, elapsed_s, 0.0)
        return self.value(state)

    def value(self, state: AverageState) -> Floats:
        """Return the average; nan before the first sample."""
        empty = np.full_like(state.numerator, np.nan)
        return np.divide(state.numerator, state.denominator, out=empty, where=state.denominator > 0.0)


def decaying_average(elapsed_s: npt.ArrayLike, samples: npt.ArrayLike, tau_s: float) -> float:
    """Return the average after samples, each ``elapsed_s`` after the one before; nan if there are none."""
    rule = DecayingAverage(tau_s)
    state = rule.start(1)
    for elapsed, sample in zip(np.asarray(elapsed_s), np.asarray(samples), strict=True):
        rule.update(state, float(elapsed), np.array([sample], np.float64))
    return float(rule.value(state)[0])
