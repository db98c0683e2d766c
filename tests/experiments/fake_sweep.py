"""Stand-ins for the runs of a sweep: they take no time, and get into trouble on demand."""

import os
import time
from collections import deque
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from experiments.sweeps.run import Report, Run
from experiments.sweeps.time_limit import time_limit


def run_of(number: int, trouble: str = "") -> Run:
    """Return a run whose metric is ten times its number."""
    return Run(f"{number:024x}", "fake", "document", {"number": number, "trouble": trouble}, seed=number)


def fake_run(run: Run) -> Report:
    """Do a run, or what its setting ``trouble`` asks for."""
    trouble = run.settings.get("trouble", "")
    if trouble == "raises":
        raise ArithmeticError("the market caught fire")
    if trouble == "kills":
        os._exit(9)
    if trouble == "full":
        raise OSError(28, "No space left on device")
    if trouble.startswith("kills once "):
        marker = Path(trouble.removeprefix("kills once "))
        if not marker.exists():
            marker.touch()
            os._exit(9)
    return Report(
        {"ten_times": 10.0 * run.settings.get("number", 1), "late": float("inf"), "unknown": float("nan")},
        {"unknown": "nobody knows"},
        seconds=0.5,
    )


def slow_run(run: Run) -> Report:
    """Do a run and take a little longer."""
    time.sleep(0.2)
    return fake_run(run)


@dataclass(frozen=True)
class LimitedRun:
    """Does runs with a limit of time; ``trouble`` says how one hangs."""

    limit_s: float

    def __call__(self, run: Run) -> Report:
        with time_limit(self.limit_s):
            if run.settings["trouble"] == "sleeps":
                time.sleep(60.0)
            if run.settings["trouble"] == "hangs":
                deque(repeat(None), maxlen=0)  # a loop in C that no signal interrupts
            return fake_run(run)
