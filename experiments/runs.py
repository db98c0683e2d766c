"""Run many simulations on any number of worker processes; every finished run is on disk at once."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from experiments.fingerprints import code_fingerprint, own_sources_fingerprint
from experiments.histories import first_cause_s
from experiments.mechanisms import BASELINE, from_the_start, switched_off
from experiments.pools import BorrowedPool, LocalPool
from experiments.results import RunResult

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

KILLS_BEFORE_QUARANTINE = 2


@dataclass(frozen=True, eq=False)
class Job:
    """One run to do: a resolved scenario, a seed, and the mechanism that is off (``twin``)."""

    scenario: "Scenario"
    seed: int
    twin: str = "baseline"
    until: Literal["end", "crash_end"] = "end"

    @property
    def steps(self) -> float:
        """Return the number of steps of the run, without those it shares: its size, for judging time left."""
        end_s = self.scenario.crash.end_s if self.until == "crash_end" else self.scenario.duration_s
        begin_s = total = 0.0
        if self.twin != BASELINE and not switched_off(self.twin) & from_the_start(self.scenario):
            begin_s = first_cause_s(self.scenario)
        for phase in self.scenario.phases:
            total += max(min(phase.until_s, end_s) - begin_s, 0.0) / phase.step_s
            begin_s = max(begin_s, phase.until_s)
        return total

    @property
    def label(self) -> str:
        """Return the run in words, for messages."""
        return f"{self.scenario.name} seed {self.seed} {self.twin}"

    def content_id(self, fingerprint: str) -> str:
        """Return a name for the result that changes with anything the result depends on."""
        parts = (self.scenario.model_dump_json(), str(self.seed), self.twin, self.until, fingerprint)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Failure:
    """A run that gave no result, and why."""

    job: Job
    message: str


@dataclass
class Outcome:
    """All that came of a list of jobs, in the order of the list.

    Attributes
    ----------
    results
        Results of the jobs that finished.
    failures
        The jobs that did not, with the reason.
    reused
        How many results were found on disk.
    """

    results: list[RunResult] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    reused: int = 0


Work = Callable[[Job], RunResult]


class Notice(Protocol):
    """Hears what came of each job."""

    def __call__(self, job: Job, result: "RunResult | Failure", *, reused: bool) -> None:
        """Take the result of ``job``; ``reused`` when it was found on disk."""


def simulate_and_measure(job: Job, histories: Path | None = None, twins: Iterable[str] = ()) -> RunResult:
    """Do one job: simulate, then reduce the trace to metrics and minutes. Runs in a worker process.

    Parameters
    ----------
    histories, twins
        As in `experiments.simulate.simulate`.
    """
    from experiments.measure import measure
    from experiments.simulate import simulate

    trace = simulate(job.scenario, job.seed, twin=job.twin, until=job.until, histories=histories, twins=twins)
    return measure(trace, job.scenario)


def content_ids(jobs: Iterable[Job]) -> dict[Job, str]:
    """Return the name of each job's result, worked out from the sources as they are now."""
    code = code_fingerprint()
    by_scenario: dict[int, str] = {}
    names = {}
    for job in jobs:
        if id(job.scenario) not in by_scenario:
            by_scenario[id(job.scenario)] = f"{code} {own_sources_fingerprint(job.scenario)}"
        names[job] = job.content_id(by_scenario[id(job.scenario)])
    return names


def run_many(
    jobs: Iterable[Job],
    folder: Path,
    *,
    workers: int = 1,
    work: Work = simulate_and_measure,
    notice: Notice | None = None,
    executor: Executor | None = None,
) -> Outcome:
    """Run jobs, skipping those whose result already lies in ``folder``.

    A run that raises is reported and the others go on. A worker that dies takes the pool with it: the pool is
    built anew and the runs that were in flight are tried again, each alone; one that kills its worker a
    second time is set aside. Results do not depend on ``workers``.

    Parameters
    ----------
    jobs
        What to run.
    folder
        Where results are kept, one file a run, named by content.
    workers
        Worker processes; 1 runs everything in this process.
    work
        What to do for a job; must be importable by name when processes are used.
    notice
        Called in this process for every job that finishes, fails, or was found on disk.
    executor
        Any ``concurrent.futures`` executor to use in place of the local pool; it is not shut down, and is not
        rebuilt when it breaks.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C, after the workers have been stopped; what had finished is on disk.
    """
    listed = list(jobs)
    desk = _Desk(folder, listed, notice)
    todo = deque(job for job in listed if not desk.reuse(job))
    if executor is not None:
        _feed(BorrowedPool(executor), todo, work, desk, workers)
    elif workers == 1:
        for job in todo:
            desk.attempt(job, partial(work, job))
    else:
        with LocalPool(min(workers, max(len(todo), 1))) as pool:
            _feed(pool, todo, work, desk, workers)
    return desk.outcome(listed)


class _Desk:
    """Receives what comes of each job: writes results, remembers failures, tells the caller."""

    def __init__(self, folder: Path, jobs: list[Job], notice: Notice | None) -> None:
        self._paths = {job: folder / f"{name}.npz" for job, name in content_ids(jobs).items()}
        self._notice = notice
        self._results: dict[str, RunResult] = {}
        self._failures: dict[str, Failure] = {}
        self._reused = 0

    def reuse(self, job: Job) -> bool:
        """Take the result of ``job`` from disk if it is there."""
        stored = RunResult.load(self._paths[job])
        if stored is None:
            return False
        self._results[self._paths[job].name] = stored
        self._reused += 1
        self._tell(job, stored, reused=True)
        return True

    def attempt(self, job: Job, result: Callable[[], RunResult]) -> None:
        """Call ``result`` and keep what it returns, or the error it raises."""
        try:
            finished = result()
        except BrokenExecutor:
            raise
        except Exception as error:  # noqa: BLE001 - one failed run must not stop the others
            self.fail(job, f"{type(error).__name__}: {error}")
        else:
            finished.save(self._paths[job])
            self._results[self._paths[job].name] = finished
            self._tell(job, finished)

    def fail(self, job: Job, message: str) -> None:
        """Note that ``job`` gave no result."""
        self._failures[self._paths[job].name] = Failure(job, message)
        self._tell(job, self._failures[self._paths[job].name])

    def _tell(self, job: Job, result: "RunResult | Failure", *, reused: bool = False) -> None:
        if self._notice is not None:
            self._notice(job, result, reused=reused)

    def outcome(self, jobs: list[Job]) -> Outcome:
        """Return everything in the order of ``jobs``."""
        names = [self._paths[job].name for job in jobs]
        return Outcome(
            [self._results[name] for name in names if name in self._results],
            [self._failures[name] for name in names if name in self._failures],
            self._reused,
        )


def _feed(pool: LocalPool | BorrowedPool, todo: deque[Job], work: Work, desk: _Desk, workers: int) -> None:
    """Keep ``workers`` jobs in flight; those whose worker died are suspects and run alone, at the end."""
    flying: dict[Future[RunResult], Job] = {}
    suspects: deque[Job] = deque()
    kills: dict[Job, int] = {}
    while todo or suspects or flying:
        try:
            while todo and len(flying) < workers:
                flying[pool.executor.submit(work, todo[0])] = todo[0]
                todo.popleft()
            if not flying:
                flying[pool.executor.submit(work, suspects[0])] = suspects[0]
                suspects.popleft()
            lost, broken = _collect(flying, desk)
        except BrokenExecutor:  # it broke between two jobs, and submit refuses
            lost, broken = [], True
        if broken:
            lost += flying.values()
            flying.clear()
            pool.rebuild()
        for job in lost:
            kills[job] = kills.get(job, 0) + 1
            if kills[job] >= KILLS_BEFORE_QUARANTINE:
                desk.fail(job, f"its worker process was killed {kills[job]} times; the run was set aside")
            else:
                suspects.append(job)


def _collect(flying: dict[Future[RunResult], Job], desk: _Desk) -> tuple[list[Job], bool]:
    """Wait for a job, hand in what is done; return the jobs whose worker died, and whether one did."""
    lost = []
    done, _ = wait(flying, return_when=FIRST_COMPLETED)
    for future in done:
        job = flying.pop(future)
        try:
            desk.attempt(job, future.result)
        except BrokenExecutor:
            lost.append(job)
    return lost, bool(lost)
