"""How long a sweep will take and how much disk it needs, from runs in the store or one that is timed."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from experiments.sweeps.market_work import MarketWork
from experiments.sweeps.run import Run

METRIC_BYTES = 40
"""Size of one number of a run in the ledger, with its name: see docs/decisions/010-store.md."""


@dataclass(frozen=True)
class Measured:
    """What was seen of one run: seconds and bytes of trace for each unit of size, bytes of numbers."""

    seconds: float
    trace_bytes: float
    ledger_bytes: float
    source: str


@dataclass(frozen=True)
class Forecast:
    """What a sweep will take, all workers together where not said otherwise."""

    seconds: float
    disk_bytes: float
    source: str


def forecast(todo: Sequence[Run], documents: Mapping[str, str], measured: Measured, workers: int) -> Forecast:
    """Return what the runs ``todo`` will take on ``workers`` workers."""
    size = sum(run.size for run in todo)
    longest = max((run.size for run in todo), default=0.0)
    seconds = max(measured.seconds * size / workers, measured.seconds * longest)
    written = {run.document for run in todo}
    disk = measured.trace_bytes * size + measured.ledger_bytes * len(todo)
    disk += sum(len(documents[name]) for name in written)
    return Forecast(seconds, disk, measured.source)


def from_stored(seconds: Sequence[float], sizes: Sequence[float], traces: Sequence[int]) -> Measured:
    """Return the rates of runs that have finished (at least one)."""
    rate = median(time / size for time, size in zip(seconds, sizes, strict=True))
    trace = median(count / size for count, size in zip(traces, sizes, strict=True))
    return Measured(rate, trace, 150.0 * METRIC_BYTES, f"from {len(seconds)} finished runs")


def from_one_run(run: Run, work: MarketWork) -> Measured:
    """Do one run, keep nothing of it, and return its rates."""
    with tempfile.TemporaryDirectory() as folder:
        report = replace(work, folder=Path(folder), time_limit_s=None)(run)
    numbers = len(report.metrics) * METRIC_BYTES
    return Measured(report.seconds / run.size, report.trace_bytes / run.size, numbers, "from one timed run")


def size_words(count: float) -> str:
    """Return a number of bytes in words."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{max(count / 1e3, 1.0):.0f} kB"
