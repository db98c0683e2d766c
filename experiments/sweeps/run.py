"""One run of a sweep, and what comes back from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Run:
    """One run to do. It is light: whoever does it resolves the scenario from the settings.

    Attributes
    ----------
    id
        Name of the result; it changes with anything that the result depends on.
    scenario
        Name of the scenario or model.
    document
        Id of the resolved scenario in the store.
    settings
        What was varied: dotted path -> value.
    seed, twin
        Which draws, and which mechanism is off (``"baseline"``: none).
    size
        How long it is compared with other runs, in any unit (steps); time left is judged by it.
    """

    id: str
    scenario: str
    document: str
    settings: Mapping[str, Any]
    seed: int
    twin: str = "baseline"
    size: float = 1.0

    @property
    def label(self) -> str:
        """Return the run in words, for messages."""
        varied = "".join(f" {path}={said(value)}" for path, value in self.settings.items())
        return f"{self.scenario}{varied} seed {self.seed} {self.twin}"


@dataclass(frozen=True)
class Report:
    """What a run gave.

    Attributes
    ----------
    metrics
        Name -> value; nan where undefined, infinity where a time lies beyond the end of the run.
    reasons
        Name of an undefined or censored metric -> why, in words.
    seconds
        How long it took.
    trace_bytes
        Size of the trace that was written beside the ledger; 0 for none.
    """

    metrics: Mapping[str, float]
    reasons: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    trace_bytes: int = 0


Work = Callable[[Run], Report]
"""Does one run. It goes to worker processes, so it must be importable by name there."""


def said(value: Any) -> str:
    """Return a value as messages show it."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
