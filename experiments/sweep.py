"""A sweep: from its file to a folder with every run."""

import contextlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from experiments.compare import file_name
from experiments.errors import InputError
from experiments.store import TRACES, Ledger
from experiments.summary import software_versions
from experiments.sweeps.cluster import Cluster, cluster_at
from experiments.sweeps.desk import Tally
from experiments.sweeps.driving import drive, tabulating
from experiments.sweeps.market_work import MarketWork, metric_units
from experiments.sweeps.model_work import Factory, Measure, ModelWork, model_runs
from experiments.sweeps.plan import Plan, make_plan
from experiments.sweeps.run import Work
from experiments.sweeps.sweep_file import SweepFile
from experiments.sweeps.sweep_reading import parse_sweep, read_sweep
from experiments.traces import NEEDS_PYARROW, parquet_available
from experiments.warm_up import warm_up

if TYPE_CHECKING:
    from experiments.stored_runs import StoredRuns

DEFAULT_FOLDER = Path("undertow-out")


@dataclass(frozen=True)
class SweepRequest:
    """What to run.

    Attributes
    ----------
    sweep
        Path of a sweep file, or what such a file says as a dictionary.
    out
        Folder for everything that is written; ``undertow-out/NAME`` by default.
    workers
        Worker processes.
    scheduler
        Address of a Dask scheduler to use in place of local processes.
    again
        Whether to try again what was set aside because it killed its workers.
    time_limit_s
        Longest time of a run, in place of the file's.
    command
        The command line, for the ledger.
    """

    sweep: Path | str | Mapping[str, Any]
    out: Path | str | None = None
    workers: int = 1
    scheduler: str = ""
    again: bool = False
    time_limit_s: float | None = None
    command: str = ""


@dataclass(frozen=True)
class SweepResult:
    """What came of a sweep, and where it lies."""

    tally: Tally
    folder: Path
    runs: int

    @property
    def complete(self) -> bool:
        """Whether every run has finished."""
        return self.tally.done + self.tally.reused == self.runs

    @property
    def sentence(self) -> str:
        """What came of it, in one line."""
        tally = self.tally
        parts = [f"{tally.done} runs finished"]
        parts += [f"{tally.reused} were finished before"] if tally.reused else []
        parts += [f"{tally.failed} failed"] if tally.failed else []
        parts += [f"{tally.set_aside} set aside for killing their workers"] if tally.set_aside else []
        parts += [f"{tally.left_aside} left aside (--resume tries them again)"] if tally.left_aside else []
        return f"{', '.join(parts)}; in {self.folder}"


@dataclass(frozen=True)
class Prepared:
    """A sweep that is read and checked, with nothing run or written yet."""

    file: SweepFile
    plan: Plan
    work: MarketWork
    folder: Path
    note: str


def prepare(request: SweepRequest) -> Prepared:
    """Read and check a sweep.

    Raises
    ------
    InputError
        With one line for each fault.
    """
    if isinstance(request.sweep, Mapping):
        file, beside = parse_sweep(request.sweep), Path.cwd()
    else:
        file, beside = read_sweep(Path(request.sweep)), Path(request.sweep).resolve().parent
    plan = make_plan(file, beside)
    folder = Path(request.out) if request.out is not None else DEFAULT_FOLDER / file_name(file.name)
    lacking = file.traces != "none" and not parquet_available()
    work = MarketWork(
        plan.base,
        plan.code,
        file.until,
        "none" if lacking else file.traces,
        folder.resolve() / TRACES,
        software_versions(),
        request.time_limit_s or file.time_limit_s,
    )
    return Prepared(file, plan, work, folder, f"No traces are kept. {NEEDS_PYARROW}" if lacking else "")


def sweep(
    request: SweepRequest,
    *,
    executor: Executor | None = None,
    cluster: Cluster | None = None,
    work: Work | None = None,
    stream: TextIO | None = None,
) -> SweepResult:
    """Do the runs of a sweep that are not done yet.

    Parameters
    ----------
    request
        What to run.
    executor
        Any ``concurrent.futures`` executor in place of local processes, with ``request.workers`` at a time.
    cluster
        A Dask cluster in place of local processes.
    work
        What to do for one run; replaced in tests.
    stream
        Where progress goes; standard error by default.

    Raises
    ------
    InputError
        When the request cannot be done; nothing has been run then.
    KeyboardInterrupt, SweepStoppedError, DiskFullError
        When it ends early; finished runs are in the store.
    """
    prepared = prepare(request)
    shown = stream if stream is not None else sys.stderr
    plan = prepared.plan
    with contextlib.ExitStack() as stack:
        if request.scheduler:
            cluster = stack.enter_context(cluster_at(request.scheduler))
        ledger = stack.enter_context(Ledger(prepared.folder))
        versions = software_versions()
        ledger.plan(plan.runs, plan.documents, versions)
        ledger.describe(notes_of(prepared, request), metric_units())
        if prepared.note:
            print(prepared.note, file=shown, flush=True)
        if work is None and executor is None and cluster is None:
            warm_up(plan.base.scenario(prepared.file.set), shown)
        stack.enter_context(tabulating(prepared.folder))
        tally = drive(
            plan.runs,
            work or prepared.work,
            ledger,
            workers=request.workers,
            executor=cluster.executor if cluster is not None else executor,
            cluster=cluster,
            again=request.again,
            traces=work is None and prepared.work.traces != "none",
            stream=shown,
        )
    return SweepResult(tally, prepared.folder, len(plan.runs))


def notes_of(prepared: Prepared, request: SweepRequest) -> dict[str, str]:
    """Return what the ledger says of the sweep as a whole."""
    return {
        "sweep": prepared.file.model_dump_json(),
        "code": prepared.plan.code,
        "command": request.command,
        "base": json.dumps(prepared.plan.base.data, default=str),
    }


def sweep_model(
    factory: Factory,
    points: Iterable[Mapping[str, Any]],
    out: Path | str,
    *,
    steps: int,
    measure: Measure | None = None,
    seeds: Sequence[int] | None = None,
    replications: int = 1,
    seed: int = 0,
    workers: int = 1,
    executor: Executor | None = None,
    traces: bool = False,
    time_limit_s: float | None = None,
    again: bool = False,
    stream: TextIO | None = None,
) -> "StoredRuns":
    """Run any Mesa model over many settings and seeds, with the store and the loop of `sweep`.

    Parameters
    ----------
    factory
        Returns a `mesa.Model`, usually the class itself; called as ``factory(**point, rng=seed)``. It goes to
        worker processes, so it must be importable there.
    points
        Keyword arguments, one mapping a point.
    out
        Folder of the store; finished runs in it are not done again.
    steps
        Steps of a run; it ends before when ``model.running`` is false.
    measure
        Metrics of a model at its end, name -> number; the last row of its data collector by default.
    seeds, replications, seed
        Seeds of each point, or how many to spawn from ``seed``.
    workers, executor
        Worker processes, or any ``concurrent.futures`` executor.
    traces
        Whether to keep the data collector's model variables of each run.
    time_limit_s, again, stream
        As in `SweepRequest` and `sweep`.

    Returns
    -------
    StoredRuns
        What `experiments.load` returns.
    """
    from experiments.stored_runs import StoredRuns

    if traces and not parquet_available():
        raise InputError(NEEDS_PYARROW)
    runs, documents = model_runs(
        factory, points, steps=steps, measure=measure, seeds=seeds, replications=replications, seed=seed
    )
    folder = Path(out)
    work = ModelWork(factory, steps, measure, folder.resolve() / TRACES if traces else None, time_limit_s)
    with Ledger(folder) as ledger, tabulating(folder):
        ledger.plan(runs, documents, software_versions())
        drive(
            runs,
            work,
            ledger,
            workers=workers,
            executor=executor,
            cluster=None,
            again=again,
            traces=traces,
            stream=stream if stream is not None else sys.stderr,
        )
    return StoredRuns(folder)
