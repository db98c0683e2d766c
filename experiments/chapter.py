"""One scenario of a comparison, ready to be told: the runs, the reading, the targets, the real event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.ensemble import Ensemble
from experiments.real_event import RealEvent
from experiments.targets import Target, Verdict


@dataclass(frozen=True)
class Chapter:
    """What is known of one scenario.

    Attributes
    ----------
    ensemble
        The runs.
    event
        The real event the scenario is judged by, or ``"none"``.
    verdict, evidence
        The reading: repricing, cascade or mixed, and why.
    readings
        Verdict -> in how many runs.
    targets
        Target bands with the simulated median and the verdict on it.
    real
        The real event, if it is known.
    failures
        Runs that gave no result, in words.
    """

    ensemble: Ensemble
    event: str
    verdict: str
    evidence: Sequence[str]
    readings: Mapping[str, int]
    targets: Sequence[tuple[Target, float, Verdict]]
    real: RealEvent | None = None
    failures: Sequence[str] = ()
