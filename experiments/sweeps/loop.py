"""The one loop that does the runs of a sweep on any executor, and loses nothing that is finished."""

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from typing import Protocol

from experiments.pools import BorrowedPool, LocalPool
from experiments.store import DiskFullError, Ledger, disk_full
from experiments.sweeps.desk import Desk, Notice, Tally
from experiments.sweeps.run import Report, Run, Work

HOPELESS = 5


class Pool(Protocol):
    """Where runs are done."""

    executor: Executor

    def rebuild(self) -> None:
        """Put a fresh executor in place of a broken one."""


class SweepStoppedError(RuntimeError):
    """The sweep cannot go on; what had finished is kept."""


def run_scenarios(
    runs: Sequence[Run],
    work: Work,
    ledger: Ledger,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    slots: Callable[[], int] | None = None,
    pool: Pool | None = None,
    again: bool = False,
    traces: bool = False,
    notice: Notice | None = None,
) -> Tally:
    """Do the runs that are not done yet; every finished run is in the ledger at once.

    A run that raises is noted and the others go on. When a worker dies, the pool is built anew and the runs
    in flight are tried again, each alone, after the others; one that kills its worker twice when alone is set
    aside.

    Parameters
    ----------
    runs
        What to do; they must have been entered with `Ledger.plan`.
    work
        Does one run; must be importable by name in workers.
    ledger
        Where results go.
    workers
        Worker processes, or how many runs ``executor`` does at a time.
    executor
        Any ``concurrent.futures`` executor in place of local processes; it is not shut down, and not rebuilt
        when it breaks.
    slots
        Returns how many runs ``executor`` does at a time, where that changes.
    pool
        Processes that the caller keeps, for several calls.
    again
        Whether to try again what was set aside.
    traces
        Whether a run without a trace counts as not done.
    notice
        Called in this process with the fate of every run.

    Raises
    ------
    SweepStoppedError
        When the executor is lost, or no worker stays alive.
    DiskFullError
        When results cannot be written.
    KeyboardInterrupt
        On Ctrl-C, after the workers have been stopped.
    """
    desk = Desk(ledger, notice)
    todo = deque(desk.open(runs, again=again, traces=traces))
    if not todo:
        return desk.tally
    if pool is not None:
        _Loop(pool, work, desk, lambda: workers).run(todo)
    elif executor is not None:
        _Loop(BorrowedPool(executor), work, desk, slots or (lambda: workers)).run(todo)
    else:
        with LocalPool(min(workers, len(todo))) as pool:
            _Loop(pool, work, desk, lambda: workers).run(todo)
    return desk.tally


class _Loop:
    """Keeps a bounded number of runs in flight; those whose worker died run alone, at the end."""

    def __init__(self, pool: Pool, work: Work, desk: Desk, slots: Callable[[], int]) -> None:
        self._pool = pool
        self._work = work
        self._desk = desk
        self._slots = slots
        self._rebuilt = 0
        self._flying: dict[Future[Report], Run] = {}

    def run(self, todo: deque[Run]) -> None:
        known = self._desk.suspects
        suspects = deque(sorted((run for run in todo if run.id in known), key=lambda run: known[run.id]))
        fresh = deque(run for run in todo if run.id not in known)
        try:
            while fresh or suspects or self._flying:
                broken = not self._submit(fresh, suspects)
                alone = len(self._flying) == 1
                lost = [] if broken else self._collect()
                if broken or lost:
                    lost += [run for future, run in self._flying.items() if not self._finished(future, run)]
                    self._flying.clear()
                    suspects.extend(run for run in lost if self._desk.died(run, alone=alone))
                    self._rebuild()
        except BaseException:
            with contextlib.suppress(DiskFullError):
                for future, run in self._flying.items():
                    self._finished(future, run)
            raise

    def _submit(self, fresh: deque[Run], suspects: deque[Run]) -> bool:
        """Fill the window, a little wider than the workers; False if the pool is broken."""
        slots = max(self._slots(), 1)
        window = slots + 1 + slots // 4
        try:
            while fresh and len(self._flying) < window:
                self._flying[self._pool.executor.submit(self._work, fresh[0])] = fresh[0]
                fresh.popleft()
            if not self._flying and suspects:
                self._flying[self._pool.executor.submit(self._work, suspects[0])] = suspects[0]
                suspects.popleft()
        except BrokenExecutor:  # it broke between two runs
            return False
        return True

    def _collect(self) -> list[Run]:
        """Wait for a run, hand in what is done; return the runs whose worker died."""
        lost = []
        done, _ = wait(self._flying, timeout=5.0, return_when=FIRST_COMPLETED)
        for future in done:
            if not self._hand_in(future, self._flying[future]):
                lost.append(self._flying[future])
            del self._flying[future]
        return lost

    def _hand_in(self, future: "Future[Report]", run: Run) -> bool:
        """Keep what a run gave, or its error; False if its worker died."""
        try:
            report = future.result()
        except BrokenExecutor:
            return False
        except CancelledError as error:
            raise SweepStoppedError(
                "the executor gave up its runs (is its scheduler still there?)"
            ) from error
        except Exception as error:
            if disk_full(error):
                raise DiskFullError(str(error)) from error
            if type(error).__name__ == "KilledWorker":  # Dask has tried it on several workers
                self._desk.set_aside(run, "its workers died, one after the other; the run is set aside")
            else:
                self._desk.fail(run, f"{type(error).__name__}: {error}")
        else:
            self._desk.finish(run, report)
        return True

    def _rebuild(self) -> None:
        self._rebuilt += 1
        if self._desk.tally.done + self._desk.tally.failed == 0 and self._rebuilt >= HOPELESS:
            raise SweepStoppedError(
                f"workers died {HOPELESS} times before any run finished; look at memory (fewer workers), and "
                "try one run with `undertow run`"
            )
        try:
            self._pool.rebuild()
        except RuntimeError as error:
            raise SweepStoppedError(str(error)) from error

    def _finished(self, future: "Future[Report]", run: Run) -> bool:
        """Hand in a run that has finished and was not collected yet; False if it has not."""
        if future.done() and not future.cancelled() and future.exception() is None:
            self._desk.finish(run, future.result())
            return True
        return False
