"""What is kept of one finished run: its metrics and its series by minute, in one small file."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.output import write_bytes

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RunResult:
    """What is kept of one run.

    Attributes
    ----------
    scenario, seed, twin
        What was run.
    metrics
        Name -> value; nan where undefined, infinity where a time lies beyond the end of the run. Names and
        units in `experiments.metrics.METRICS`.
    reasons
        Name of an undefined or censored metric -> why, in words.
    minutes
        Series by minute from P0, see `experiments.minutes.MINUTE_SERIES`.
    marks
        Scheduled causes for figures, name -> minutes from P0.
    stages
        Stage of `abm.measures.stages.STAGES` that was found -> its start and end, minutes from P0; the end is
        infinity when it lasts beyond the crash.
    details
        ``metric@exchange`` and ``withdrawals@reason`` -> value; see `experiments.metrics.VENUE_METRICS` and
        `experiments.crowd_metrics.crowd_details`.
    risk
        Perpetual -> its liquidation map at P0, shape ``(4, stretches)``: from and to which move of the price
        (fractions), what is liquidated in it and what rests in the book, USD. Of the baseline only.
    frames
        Both networks at five moments; see `experiments.network_frames.five_moments`.
    """

    scenario: str
    seed: int
    twin: str
    metrics: Mapping[str, float]
    reasons: Mapping[str, str] = field(default_factory=dict)
    minutes: Mapping[str, Floats] = field(default_factory=dict)
    marks: Mapping[str, float] = field(default_factory=dict)
    stages: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    details: Mapping[str, float] = field(default_factory=dict)
    risk: Mapping[str, Floats] = field(default_factory=dict)
    frames: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the result to ``path`` (NumPy ``.npz``), whole or not at all."""
        head = {
            "scenario": self.scenario,
            "seed": self.seed,
            "twin": self.twin,
            "metrics": list(self.metrics),
            "reasons": dict(self.reasons),
            "marks": dict(self.marks),
            "stages": dict(self.stages),
            "details": dict(self.details),
        }
        columns: dict[str, Any] = {f"minutes/{name}": values for name, values in self.minutes.items()}
        columns |= {f"frames/{name}": values for name, values in self.frames.items()}
        columns |= {f"risk/{name}": values for name, values in self.risk.items()}
        stream = io.BytesIO()
        np.savez_compressed(
            stream,
            head=np.frombuffer(json.dumps(head).encode(), np.uint8),
            metrics=np.array(list(self.metrics.values()), np.float64),
            **columns,
        )
        write_bytes(path, stream.getvalue())

    @staticmethod
    def load(path: Path) -> "RunResult | None":
        """Read a result back; ``None`` when there is no such file or it is not a result."""
        try:
            with np.load(io.BytesIO(path.read_bytes())) as stored:
                head = json.loads(stored["head"].tobytes())
                values = stored["metrics"].tolist()
                minutes = {
                    name.removeprefix("minutes/"): stored[name]
                    for name in stored.files
                    if name.startswith("minutes/")
                }
                risk = {
                    name.removeprefix("risk/"): stored[name]
                    for name in stored.files
                    if name.startswith("risk/")
                }
                frames = {
                    name.removeprefix("frames/"): stored[name]
                    for name in stored.files
                    if name.startswith("frames/")
                }
            metrics = dict(zip(head["metrics"], values, strict=True))
            stages = {name: (begin, end) for name, (begin, end) in head["stages"].items()}
            return RunResult(
                head["scenario"],
                head["seed"],
                head["twin"],
                metrics,
                head["reasons"],
                minutes,
                head["marks"],
                stages,
                head["details"],
                risk,
                frames,
            )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
