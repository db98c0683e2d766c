"""The diagnostics that are tried, in groups, and what each of the two real events showed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Diagnostic:
    """A metric of a run, its group, and the figures of the real events where they are known."""

    metric: str
    group: Literal["what lasts", "other markets", "between coins and exchanges", "violence", "forced closing"]
    october: float | None = None
    march: float | None = None


DIAGNOSTICS: tuple[Diagnostic, ...] = (
    Diagnostic("half_recovery_sustained_minutes", "what lasts", 10.0, 9360.0),
    Diagnostic("recovery_share_median_1_24h", "what lasts", 0.68, 0.42),
    Diagnostic("recovery_share_1d", "what lasts", 0.60, 0.43),
    Diagnostic("volatility_ratio_3d", "what lasts", 1.4, 7.4),
    Diagnostic("equity_beta_share", "other markets", 0.0, 0.24),
    Diagnostic("equity_correlation_jump", "other markets", -0.09, None),
    Diagnostic("alt_to_btc_fall_ratio", "between coins and exchanges", 4.7, 1.2),
    Diagnostic("venue_gap", "between coins and exchanges", 4.6, None),
    Diagnostic("basis_minimum", "between coins and exchanges", None, -257.0),
    Diagnostic("crash_to_calm_volatility", "violence", 28.0, 21.0),
    Diagnostic("total_fall", "violence", 13.1, 52.3),
    Diagnostic("fall_in_calm_deviations", "violence"),
    Diagnostic("volume_spike_1h", "violence", 26.0, None),
    Diagnostic("depth_1pct_collapse", "violence", 26.0, None),
    Diagnostic("liquidations_in_worst_40min", "forced closing", 0.70, None),
    Diagnostic("liquidated_over_open_interest", "forced closing", 0.10, 1.3),
    Diagnostic("adl_share_of_forced", "forced closing", 0.55, 0.0),
)

REAL_EVENTS: Mapping[str, str] = {"october-2025": "october", "march-2020": "march"}
"""Event -> field of `Diagnostic` with its figure."""
