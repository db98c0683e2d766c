"""A live display of a long job: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PLAIN_INTERVAL_S = 10.0


class RunProgress:
    """Counts finished runs, shows rate and time left.

    Parameters
    ----------
    total
        How many runs there are.
    work
        The size of all runs together, in any unit (steps); time left is judged by work, not by count.
    stream
        Where to write; standard error by default. A terminal gets a live bar, anything else lines.
    clock
        Returns seconds; replaced in tests.
    """

    def __init__(
        self,
        total: int,
        work: float,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._work = work
        self._stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._runs_done = 0
        self._runs_reused = 0
        self._runs_failed = 0
        self._work_done = 0.0
        self._work_reused = 0.0
        self._begin = clock()
        self._last_line = -1e9
        self._live: Progress | None = None
        if self._stream.isatty():
            self._live, self._task = _live_bar(self._stream, total)

    def __enter__(self) -> Self:
        self._begin = self._clock()
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def advance(self, work: float, *, reused: bool = False, failed: bool = False) -> None:
        """Count one more run of size ``work``; ``reused`` when it was not run now but found on disk."""
        self._runs_done += 1
        self._runs_failed += failed
        self._work_done += work
        if reused:
            self._runs_reused += 1
            self._work_reused += work
        self._show()

    def say(self, line: str) -> None:
        """Print a line without disturbing the bar."""
        if self._live is not None:
            self._live.console.print(line, markup=False, highlight=False)
        else:
            print(line, file=self._stream, flush=True)

    def state(self) -> str:
        """Return rate, time left and failures in words."""
        return self._pace() + (f", {self._runs_failed} failed" if self._runs_failed else "")

    def _pace(self) -> str:
        passed = self._clock() - self._begin
        fresh = self._runs_done - self._runs_reused
        done = self._work_done - self._work_reused
        if fresh == 0 or passed <= 0.0 or done <= 0.0:
            return "rate not known yet"
        if self._runs_done >= self._total:
            return f"{60.0 * fresh / passed:.1f} runs/min, {clock_time(passed)} in all"
        left = passed * (self._work - self._work_done) / done
        return f"{60.0 * fresh / passed:.1f} runs/min, about {clock_time(left)} left"

    def _show(self) -> None:
        if self._live is not None:
            self._live.update(self._task, completed=self._runs_done, state=self.state())
            return
        now = self._clock()
        if self._runs_done == self._total or now - self._last_line >= PLAIN_INTERVAL_S:
            self._last_line = now
            print(f"{self._runs_done} of {self._total} runs, {self.state()}", file=self._stream, flush=True)


def clock_time(seconds: float) -> str:
    """Return a duration as minutes and seconds, with hours when needed."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    tail = f"{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
    return f"{hours}:{tail}" if hours else tail


def _live_bar(stream: TextIO, total: int) -> "tuple[Progress, TaskID]":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    live = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
        console=Console(file=stream),
    )
    return live, live.add_task("runs", total=total, state="")
