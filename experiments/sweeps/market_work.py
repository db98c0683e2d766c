"""One run of a scenario in a worker: simulate, measure, write the trace."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from experiments.fingerprints import code_fingerprint
from experiments.sweeps.plan import Base
from experiments.sweeps.run import Report, Run
from experiments.sweeps.time_limit import time_limit

if TYPE_CHECKING:
    from abm.trace import Trace
    from experiments.results import RunResult


@dataclass(frozen=True)
class MarketWork:
    """Does runs of one scenario.

    Attributes
    ----------
    base
        What settings are applied to.
    code
        Hash of the driver's sources; a worker with others refuses.
    until
        Where runs stop.
    traces, folder
        Which series are kept, and the folder they go to.
    versions
        What goes into each trace beside the scenario.
    time_limit_s
        Longest time of a run.
    """

    base: Base
    code: str
    until: Literal["end", "crash_end"] = "end"
    traces: Literal["none", "minutes", "steps"] = "none"
    folder: Path | None = None
    versions: Mapping[str, str] | None = None
    time_limit_s: float | None = None

    def __call__(self, run: Run) -> Report:
        """Do one run."""
        from experiments.measure import measure
        from experiments.simulate import simulate

        if _own_code() != self.code:
            raise RuntimeError("this worker has other sources of undertow than the driver; install the same")
        begin = time.perf_counter()
        with time_limit(self.time_limit_s):
            scenario = self.base.scenario(run.settings)
            trace = simulate(scenario, run.seed, run.twin, self.until)
            result = measure(trace, scenario)
        written = self._write(run, trace, result, scenario.model_dump(mode="json"))
        return Report(metrics_of(result), dict(result.reasons), time.perf_counter() - begin, written)

    def _write(self, run: Run, trace: "Trace", result: "RunResult", scenario: dict[str, Any]) -> int:
        if self.traces == "none" or self.folder is None:
            return 0
        from experiments.traces import step_columns, write_trace

        columns = step_columns(trace) if self.traces == "steps" else dict(result.minutes)
        about = {
            "id": run.id,
            "scenario": scenario,
            "settings": dict(run.settings),
            "seed": run.seed,
            "twin": run.twin,
            "until": self.until,
            "code": self.code,
            "versions": dict(self.versions or {}),
        }
        return write_trace(self.folder / f"{run.id}.parquet", run.id, columns, about)


@cache
def _own_code() -> str:
    return code_fingerprint()


def metrics_of(result: "RunResult") -> dict[str, float]:
    """Return all numbers of a run by name: metrics, those of exchanges, and when stages began and ended."""
    numbers = dict(result.metrics) | dict(result.details)
    for stage, (begin, end) in result.stages.items():
        numbers |= {f"{stage}_stage_start": begin, f"{stage}_stage_end": end}
    return numbers


def metric_units() -> dict[str, tuple[str, str]]:
    """Return unit and title of every metric of `metrics_of`; exchanges stand as ``metric@EXCHANGE``."""
    from abm.measures.stages import STAGES
    from experiments.metrics import METRICS, VENUE_METRICS

    known = {name: (metric.unit, metric.title) for name, metric in METRICS.items()}
    known |= {f"{name}@EXCHANGE": (metric.unit, metric.title) for name, metric in VENUE_METRICS.items()}
    known["withdrawals@REASON"] = (
        "count",
        "Withdrawals of makers for one reason, from P0 to the crash's end",
    )
    for stage, title in STAGES.items():
        known[f"{stage}_stage_start"] = ("minutes from P0", f"Stage begins: {title}")
        known[f"{stage}_stage_end"] = ("minutes from P0", f"Stage ends: {title}")
    return known
