"""What came of each run: written into the ledger, counted, told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from experiments.store import DONE, FAILED, SET_ASIDE, TRACES, Ledger, Standing
from experiments.sweeps.run import Report, Run

KILLS_BEFORE_SET_ASIDE = 2
Fate = Literal["done", "reused", "failed", "set aside", "left aside"]


class Notice(Protocol):
    """Hears what came of each run."""

    def __call__(self, run: Run, fate: Fate, error: str = "") -> None:
        """Take the fate of ``run``."""


@dataclass
class Tally:
    """How many runs came to what.

    Attributes
    ----------
    done, failed, set_aside
        Finished now, gave an error now, killed their worker twice.
    reused
        Had been finished before.
    left_aside
        Had been set aside before, and were not tried again.
    """

    done: int = 0
    failed: int = 0
    set_aside: int = 0
    reused: int = 0
    left_aside: int = 0


def _nobody(run: Run, fate: Fate, error: str = "") -> None:
    """Hear nothing."""


class Desk:
    """Writes into the ledger what comes of each run, and tells the caller."""

    def __init__(self, ledger: Ledger, notice: Notice | None) -> None:
        self._ledger = ledger
        self._notice = notice or _nobody
        self.tally = Tally()
        self.suspects: dict[str, int] = {}

    def open(self, runs: Sequence[Run], *, again: bool, traces: bool) -> list[Run]:
        """Return the runs that are to be done."""
        standings = self._ledger.standings()
        todo = []
        for run in runs:
            standing = standings.get(run.id, Standing(""))
            if standing.status == DONE and (standing.trace or not traces):
                self.tally.reused += 1
                self._notice(run, "reused")
            elif standing.status == SET_ASIDE and not again:
                self.tally.left_aside += 1
                self._notice(run, "left aside")
            else:
                if standing.status == SET_ASIDE:
                    self._ledger.forgive(run)
                if standing.suspected or standing.kills:
                    self.suspects[run.id] = standing.kills
                todo.append(run)
        return todo

    def finish(self, run: Run, report: Report) -> None:
        """Keep what a run gave, unless its trace is somewhere else."""
        folder = self._ledger.folder / TRACES
        if report.trace_bytes and not (folder / f"{run.id}.parquet").is_file():
            self.fail(
                run,
                f"its trace is not in {folder}; all workers must see this folder, or traces be none",
            )
            return
        self._ledger.finish(run, report)
        self.tally.done += 1
        self._notice(run, "done")

    def fail(self, run: Run, error: str) -> None:
        """Note that a run gave an error."""
        self._ledger.fail(run, error, FAILED)
        self.tally.failed += 1
        self._notice(run, "failed", error)

    def set_aside(self, run: Run, error: str) -> None:
        """Note that a run is not to be tried again unless asked for."""
        self._ledger.fail(run, error, SET_ASIDE, attempts=0)
        self.tally.set_aside += 1
        self._notice(run, "set aside", error)

    def died(self, run: Run, *, alone: bool) -> bool:
        """Note that a worker died with a run in flight; return whether the run may be tried again."""
        kills = self._ledger.count_death(run, alone=alone)
        if kills < KILLS_BEFORE_SET_ASIDE:
            return True
        self.set_aside(run, f"run alone, it ended its worker process {kills} times; it is set aside")
        return False
