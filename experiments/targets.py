"""The target bands: what happened in the two events, and which simulated medians fall within the band."""

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Verdict = Literal["hit", "miss", "undefined", "not measured"]

CALM = "calm"
"""The event of a scenario without one: its targets are moments of a calm market."""


@dataclass(frozen=True)
class Target:
    """One quantity of a real event.

    Attributes
    ----------
    id
        Row of the table, such as ``"B2"``; the bands of one target differ in a small letter (``"B7a"``).
    event
        The real event, as scenarios name it (key ``event``), or `CALM`.
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
    needs
        What must be asked for to have it measured.
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
    needs: str = ""

    @property
    def group(self) -> str:
        """Return the target that the band belongs to: ``"B7"`` of ``"B7a"``."""
        return re.sub(r"(?<=\d)[a-z]$", "", self.id)

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


@dataclass(frozen=True)
class Score:
    """How many bands are hit, and how many targets with all of their bands that were measured.

    Attributes
    ----------
    hits, measured
        Bands hit, and bands that have a simulated value.
    targets_hit, targets_measured
        The same of targets (`Target.group`).
    """

    hits: int
    measured: int
    targets_hit: int
    targets_measured: int

    def __str__(self) -> str:
        return (
            f"{self.hits} of {self.measured} bands hit; "
            f"{self.targets_hit} of {self.targets_measured} targets with all of their bands"
        )


def score(rows: Sequence[tuple[Target, Verdict]]) -> Score:
    """Count hits; what is undefined or not measured does not count."""
    judged = [(target, verdict) for target, verdict in rows if verdict in ("hit", "miss")]
    groups: dict[str, bool] = {}
    for target, verdict in judged:
        groups[target.group] = groups.get(target.group, True) and verdict == "hit"
    hits = sum(verdict == "hit" for _, verdict in judged)
    return Score(hits, len(judged), sum(groups.values()), len(groups))
