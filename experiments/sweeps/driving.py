"""Doing the runs of a plan with progress shown, and the table that is left when they end."""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TextIO

from experiments.progress import RunProgress
from experiments.store import LEDGER, Ledger
from experiments.sweeps.cluster import Cluster
from experiments.sweeps.desk import Fate, Tally
from experiments.sweeps.loop import run_scenarios
from experiments.sweeps.run import Run, Work
from experiments.traces import parquet_available

SAID_FAILURES = 10


def drive(
    runs: Sequence[Run],
    work: Work,
    ledger: Ledger,
    *,
    workers: int,
    executor: Executor | None,
    cluster: Cluster | None,
    again: bool,
    traces: bool,
    stream: TextIO,
) -> Tally:
    """Do the runs that are not done yet, as `run_scenarios` does, and show how it goes on ``stream``."""
    failures = 0
    with RunProgress(len(runs), sum(run.size for run in runs), stream) as progress:

        def notice(run: Run, fate: Fate, error: str = "") -> None:
            nonlocal failures
            if error:
                failures += 1
                if failures <= SAID_FAILURES:
                    progress.say(f"{run.label}: {error}")
                if failures == SAID_FAILURES:
                    progress.say("further failures are noted in the ledger only")
            progress.advance(run.size, reused=fate in ("reused", "left aside"), failed=bool(error))

        return run_scenarios(
            runs,
            work,
            ledger,
            workers=workers,
            executor=executor,
            slots=cluster.slots if cluster is not None else None,
            again=again,
            traces=traces,
            notice=notice,
        )


@contextlib.contextmanager
def tabulating(folder: Path) -> Iterator[None]:
    """Write the tidy table beside the ledger when the block ends, also by Ctrl-C."""
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # a full disk is told of by what filled it
            table_file(folder)


def table_file(folder: Path) -> Path:
    """Write the finished runs as ``runs.parquet``, without pyarrow as ``runs.csv``; return the path."""
    from experiments.stored_runs import StoredRuns, write_table

    path = (folder / LEDGER).with_suffix(".parquet" if parquet_available() else ".csv")
    write_table(StoredRuns(folder).table, path)
    return path
