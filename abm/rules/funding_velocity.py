"""Funding that drifts with the skew of open interest.

Synthetix v3 (perps-market Funding.test.ts at 23585f73): the daily rate changes by ``velocity = clamp(skew /
skew scale, -1, 1) * max velocity`` a day; between two updates a position pays ``mean(rate before, rate
after) * size * price * days``. The skew is longs less shorts; at a positive rate longs pay.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
NANOSECONDS_PER_DAY = 86_400 * 1_000_000_000


def funding_velocity(skew: npt.ArrayLike, skew_scale: npt.ArrayLike, max_velocity: npt.ArrayLike) -> Floats:
    """Return the change of the daily rate in a day.

    Raises
    ------
    ValueError
        If ``skew_scale`` is not above zero.
    """
    scale = np.asarray(skew_scale, np.float64)
    if not (scale > 0.0).all():
        raise ValueError(f"skew_scale is {scale.tolist()}; it must be above zero")
    share: Floats = np.clip(np.asarray(skew, np.float64) / scale, -1.0, 1.0)
    return share * np.asarray(max_velocity, np.float64)


def accrued_funding(
    rate_before: npt.ArrayLike,
    rate_after: npt.ArrayLike,
    size: npt.ArrayLike,
    price: npt.ArrayLike,
    days: npt.ArrayLike,
) -> Floats:
    """Return what a signed size pays over a stretch in which the rate moved evenly."""
    mean = 0.5 * (np.asarray(rate_before, np.float64) + np.asarray(rate_after, np.float64))
    paid: Floats = mean * np.asarray(size) * np.asarray(price) * np.asarray(days)
    return paid


@dataclass
class VelocityState:
    """Daily rate, the skew since the last update ``(instruments,)`` and when that was."""

    rate: Floats
    skew: Floats
    updated_ns: int


@dataclass(frozen=True)
class VelocityFunding:
    """Funding by velocity.

    Parameters
    ----------
    skew_scale
        Skew at which the velocity reaches its maximum, in units of the asset.
    max_velocity
        Largest change of the daily rate in a day.
    """

    skew_scale: float
    max_velocity: float

    def __post_init__(self) -> None:
        for name in ("skew_scale", "max_velocity"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above zero")

    def start(self, instruments: int, now_ns: int = 0) -> VelocityState:
        """Return the state of balanced markets: no skew, no rate."""
        return VelocityState(np.zeros(instruments), np.zeros(instruments), now_ns)

    def update(self, state: VelocityState, now_ns: int, skew: Floats) -> Floats:
        """Let the rate run to ``now_ns`` under the old skew, note the new one.

        Returns
        -------
        The fraction of notional that longs pay for the stretch, ``(instruments,)``; shorts receive it.
        """
        days = (now_ns - state.updated_ns) / NANOSECONDS_PER_DAY
        after = state.rate + funding_velocity(state.skew, self.skew_scale, self.max_velocity) * days
        paid = accrued_funding(state.rate, after, 1.0, 1.0, days)
        state.rate, state.skew, state.updated_ns = after, np.array(skew, np.float64), now_ns
        return paid
