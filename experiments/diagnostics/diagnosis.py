"""What `experiments.diagnose` finds: the event, its reading, and what the user should know about the file."""

import math
from dataclasses import dataclass
from typing import Any

from abm.measures.legs import Leg
from experiments.bars import Bars, stamp
from experiments.diagnostics.event import Event
from experiments.diagnostics.reading import Reading

METRIC_TITLES = {
    "total_fall": "Fall from P0 to the low",
    "time_to_low_minutes": "Time from P0 to the low",
    "half_recovery_minutes": "Half of the fall back, first touch after the low",
    "half_recovery_sustained_minutes": "Half of the fall back and kept, after the low",
    "full_recovery_minutes": "All of the fall back after the low",
    "recovery_share_median_1_24h": "Given back, median of 1 to 24 hours after the low",
    "permanent_share": "Not given back 1 day after the low",
    "crash_to_calm_volatility": "Volatility of the crash over calm",
    "volume_spike": "Largest bar volume (5 min or more) over calm median",
    "volume_spike_1h": "Largest hourly volume over calm mean",
    "equity_beta_share": "Share of the worst leg explained by equity beta",
    "equity_correlation_before": "Correlation with the reference before the event",
    "equity_correlation_during": "Correlation with the reference during the event",
}


def metric_title(name: str) -> str:
    """Return a metric's name in words."""
    if name in METRIC_TITLES:
        return METRIC_TITLES[name]
    horizon = name.rsplit("_", 1)[1]
    if name.startswith("leg_"):
        return f"Fall of leg {name.split('_')[1]}"
    if name.startswith("recovery_share_"):
        return f"Given back {horizon} after the low"
    return f"Volatility {horizon} after the low over calm"


@dataclass(frozen=True)
class Diagnosis:
    """The diagnosis of one event on real bars.

    Attributes
    ----------
    bars
        The bars it was computed from.
    reference
        Name of the outside asset's file, or None.
    found
        Whether the start of the event was found in the bars (True) or given (False).
    event, reading
        The measures and what they say.
    warnings
        One line each: gaps, short files, what could not be measured and why.
    """

    bars: Bars
    reference: str | None
    found: bool
    event: Event
    reading: Reading
    warnings: tuple[str, ...]

    def as_table(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; unknown numbers are None, times are ISO 8601 in UTC."""
        fall = self.event.fall
        return {
            "bars": {"file": self.bars.name, "span": self.bars.span, "step_s": self.bars.step_s},
            "reference": self.reference,
            "event": {
                "start": iso(fall.start_s),
                "start_found_in_bars": self.found,
                "start_price": fall.start_price,
                "low_bar": iso(fall.low_s - self.bars.step_s),
                "low_price": fall.low_price,
                "calm": [iso(self.event.calm_s[0]), iso(self.event.calm_s[1])],
            },
            "legs": [_leg(leg) for leg in self.event.legs],
            "metrics": {
                name: {"value": _known(value), "unit": unit}
                for name, (value, unit) in self.event.metrics().items()
            },
            "durations_are_at_most_longer_by_s": self.bars.step_s,
            "reading": {
                "verdict": self.reading.verdict,
                "votes": self.reading.votes,
                "evidence": [
                    {"name": e.name, "value": _known(e.value), "unit": e.unit, "rule": e.rule, "vote": e.vote}
                    for e in self.reading.evidence
                ],
            },
            "warnings": list(self.warnings),
        }


def iso(at_s: float) -> str:
    """Return seconds since 1970-01-01 as ISO 8601 in UTC."""
    return stamp(at_s).replace(" ", "T") + "Z"


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _leg(leg: Leg) -> dict[str, Any]:
    return {
        "start": iso(leg.start_s),
        "start_price": leg.start_price,
        "low_bar_end": iso(leg.low_s),
        "low_price": leg.low_price,
        "fall_percent": 100.0 * leg.fall,
    }
