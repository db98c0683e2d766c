"""Everything measured on one event: computed alike on real bars and on simulated paths."""

from dataclasses import dataclass

from abm.measures.co_movement import BetaShare, beta_share, correlation_jump
from abm.measures.fall import Fall, find_fall
from abm.measures.legs import Leg, split_legs, worst_leg
from abm.measures.price_path import DAY_S, HOUR_S, PricePath
from abm.measures.recovery import RecoveryTime, median_recovery_share, recovery_share, recovery_time
from abm.measures.volatility import (
    calm_window,
    crash_to_calm_volatility,
    fall_in_calm_deviations,
    hour_volume_spike,
    volatility_ratio,
    volume_spike,
)

HORIZONS_S = {
    "1h": HOUR_S,
    "4h": 4 * HOUR_S,
    "1d": DAY_S,
    "3d": 3 * DAY_S,
    "7d": 7 * DAY_S,
    "14d": 14 * DAY_S,
    "30d": 30 * DAY_S,
}
VOLATILITY_HORIZONS = ("1d", "3d", "7d", "30d")
SUSTAINED_S = 3 * DAY_S


@dataclass(frozen=True)
class Event:
    """A fall and what followed. What the path does not cover is nan (or None for ``beta``).

    Attributes
    ----------
    fall, legs, worst
        The whole fall, its legs in time order, the largest of them.
    calm_s
        Beginning and end of the calm that volatility and volume are compared with, seconds.
    recovery
        Horizon -> R, share of the fall given back.
    median_recovery
        Median of R from 1 to 24 hours after the low.
    first_touch, sustained, full
        When half of the fall was first back, when it was back for three days, when all of it was first back.
    volatility
        Horizon -> standard deviation of the last 24 hourly returns over that of the calm.
    crash_to_calm
        Standard deviation of returns in the crash over that of the calm.
    volume_spike, hour_volume_spike
        Largest five-minute volume over the calm median, largest hour over the calm mean.
    calm_deviations
        The fall in standard deviations of what the calm would do in the same time.
    beta
        Share of the worst leg explained by the reference; None without one.
    correlation_before, correlation_during
        Correlation with the reference before and during the event.
    """

    fall: Fall
    legs: tuple[Leg, ...]
    worst: Leg
    calm_s: tuple[float, float]
    recovery: dict[str, float]
    median_recovery: float
    first_touch: RecoveryTime
    sustained: RecoveryTime
    full: RecoveryTime
    volatility: dict[str, float]
    crash_to_calm: float
    volume_spike: float
    hour_volume_spike: float
    calm_deviations: float
    beta: BetaShare | None
    correlation_before: float
    correlation_during: float

    @property
    def permanent_share(self) -> float:
        """Return 1 - R(1 day), the share of the fall still there a day after the low."""
        return 1.0 - self.recovery["1d"]

    def metrics(self) -> dict[str, tuple[float, str]]:
        """Return every metric by name: value (nan where unknown) and unit.

        Units: ``%`` (of P0 or of the leg's start), ``share`` (0 to 1), ``ratio``, ``minutes``.
        """
        rows = {
            "total_fall": (100.0 * self.fall.share, "%"),
            "time_to_low_minutes": (self.fall.time_to_low_s / 60.0, "minutes"),
        }
        for number, leg in enumerate(self.legs, 1):
            rows[f"leg_{number}_fall"] = (100.0 * leg.fall, "%")
        rows["half_recovery_minutes"] = (self.first_touch.after_s / 60.0, "minutes")
        rows["half_recovery_sustained_minutes"] = (self.sustained.after_s / 60.0, "minutes")
        rows["full_recovery_minutes"] = (self.full.after_s / 60.0, "minutes")
        rows |= {f"recovery_share_{name}": (value, "share") for name, value in self.recovery.items()}
        rows["recovery_share_median_1_24h"] = (self.median_recovery, "share")
        rows["permanent_share"] = (self.permanent_share, "share")
        rows |= {f"volatility_ratio_{name}": (value, "ratio") for name, value in self.volatility.items()}
        rows["crash_to_calm_volatility"] = (self.crash_to_calm, "ratio")
        rows["volume_spike"] = (self.volume_spike, "ratio")
        rows["volume_spike_1h"] = (self.hour_volume_spike, "ratio")
        rows["equity_beta_share"] = (self.beta.share if self.beta else float("nan"), "share")
        rows["equity_correlation_before"] = (self.correlation_before, "ratio")
        rows["equity_correlation_during"] = (self.correlation_during, "ratio")
        return rows


def measure_event(
    path: PricePath,
    start_s: float,
    reference: PricePath | None = None,
    within_s: float = 2.0 * DAY_S,
    calm_days: float = 30.0,
) -> Event:
    """Measure the event that begins at ``start_s``.

    Parameters
    ----------
    path
        The prices, real or simulated.
    start_s
        When it begins, seconds on the clock of the path; P0 is the last close then.
    reference
        Outside asset (an equity index) on the same clock.
    within_s
        The low is looked for within this many seconds.
    calm_days
        Longest calm to compare with, see `calm_window`.

    Raises
    ------
    ValueError
        When the event begins outside the path or the price does not fall after it.
    """
    fall = find_fall(path, start_s, within_s)
    legs = split_legs(path, fall)
    worst = worst_leg(legs)
    calm = calm_window(path, start_s, calm_days)
    nan = float("nan")
    before, during = (nan, nan) if reference is None else correlation_jump(path, reference, fall)
    return Event(
        fall=fall,
        legs=legs,
        worst=worst,
        calm_s=calm,
        recovery={name: recovery_share(path, fall, after) for name, after in HORIZONS_S.items()},
        median_recovery=median_recovery_share(path, fall),
        first_touch=recovery_time(path, fall, 0.5),
        sustained=recovery_time(path, fall, 0.5, SUSTAINED_S),
        full=recovery_time(path, fall, 1.0),
        volatility={
            name: volatility_ratio(path, fall, HORIZONS_S[name], calm) for name in VOLATILITY_HORIZONS
        },
        crash_to_calm=crash_to_calm_volatility(path, fall, worst, calm),
        volume_spike=volume_spike(path, fall, calm),
        hour_volume_spike=hour_volume_spike(path, fall, calm),
        calm_deviations=fall_in_calm_deviations(path, fall, calm),
        beta=None if reference is None else beta_share(path, reference, fall, worst),
        correlation_before=before,
        correlation_during=during,
    )
