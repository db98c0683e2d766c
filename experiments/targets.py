"""The target bands: what happened in the two events, and which simulated medians fall within the band."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Verdict = Literal["hit", "miss", "undefined", "not measured"]


@dataclass(frozen=True)
class Target:
    """One quantity of a real event.

    Attributes
    ----------
    id
        Row of the table, such as ``"B2"``.
    event
        The real event, as scenarios name it (key ``event``).
    title
        The quantity in words.
    real, low, high
        Figure of the real event, and the band for the median over seeds, in ``unit``.
    unit, source
        Unit, and where the figure comes from.
    metric, twin
        Which metric or which twin's share of the fall removed is compared; empty when neither is.
    why_not
        Why nothing is compared.
    """

    id: str
    event: str
    title: str
    real: float
    low: float
    high: float
    unit: str
    source: str
    metric: str = ""
    twin: str = ""
    why_not: str = ""

    def judge(self, value: float) -> Verdict:
        """Tell whether ``value`` lies within the band; nan is ``"undefined"``."""
        if self.why_not:
            return "not measured"
        if math.isnan(value):
            return "undefined"
        return "hit" if self.low <= value <= self.high else "miss"


@cache
def load_targets() -> tuple[Target, ...]:
    """Return all targets, in the order of the table."""
    table = tomllib.loads(Path(__file__).with_name("targets.toml").read_text(encoding="utf-8"))
    return tuple(Target(**row) for row in table["target"])


def judge_all(
    event: str, metrics: Mapping[str, float], twins: Mapping[str, float]
) -> list[tuple[Target, float, Verdict]]:
    """Return every target of ``event`` with the simulated median beside it and the verdict.

    Parameters
    ----------
    event
        The real event that the scenario is judged by.
    metrics
        Metric -> median over seeds.
    twins
        Mechanism -> median share of the fall removed.
    """
    rows = []
    for target in load_targets():
        if target.event == event:
            value = twins.get(target.twin, math.nan) if target.twin else metrics.get(target.metric, math.nan)
            rows.append((target, value, target.judge(value)))
    return rows
