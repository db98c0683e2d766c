"""A sweep through the driver beside the same runs without it, and what the driver itself takes.

Run from the repository root: ``PYTHONPATH=. python benchmarks/sweep.py``, with ``--runs``, ``--workers`` and
``--rounds`` if need be.

A round does the same N runs twice, one way after the other, in alternating order from round to round:

- without the driver, the ideal: W plain processes, each doing every W-th run in a loop. To do a run is to
  resolve the scenario, simulate and measure, as ``undertow run`` does; no store, no traces, no futures,
  nothing is sent. The wall time is the mean over the processes, not that of the last: work spread perfectly;
- through the driver: all of `experiments.sweep.sweep`, from the plan over the store, with a trace by minute
  of every run, to the tidy table.

Both have W processes that have imported everything and have done one run each, so that kernels are loaded. No
wall time holds that; it is printed first. Efficiency is the ratio of the wall times. The ratio of processor
times, the sweep's with that of its driver, sees little of what else the machine does. ``busy`` is the time
that workers spent in runs, over W times the wall time of the sweep.

Then runs that do nothing go through driver and store, with as many numbers each as a real run has.
"""

import argparse
import io
import multiprocessing
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from experiments.command_line import available_cores
from experiments.measure import measure
from experiments.pools import LocalPool
from experiments.simulate import simulate
from experiments.store import LEDGER
from experiments.sweep import SweepRequest, prepare, sweep
from experiments.sweeps.market_work import MarketWork
from experiments.sweeps.run import Report, Run, Work

LEVERAGES = (2.0, 4.0, 6.0, 8.0, 10.0)
DEPTHS_USD = (1e6, 2e6)
LONGEST_WAIT_S = 600.0
HEADS = """
        without driver       through driver
round   wall s     CPU s    wall s     CPU s  efficiency  by CPU    busy  driver ms a run"""


class Clock(NamedTuple):
    """Wall and processor seconds of some work."""

    wall: float
    processor: float


class Driven(NamedTuple):
    """One sweep: wall seconds, processor seconds of workers and of the driver, share of busy time."""

    wall: float
    workers: float
    driver: float
    busy: float


@dataclass(frozen=True)
class Empty:
    """A run that does nothing and gives as many numbers as a real one."""

    numbers: int

    def __call__(self, run: Run) -> Report:
        return Report({f"number_{place}": float(place + run.seed) for place in range(self.numbers)})


def sweep_of(scenario: Path, runs: int, traces: str) -> dict[str, Any]:
    """Return a sweep of ten points, with as many seeds as ``runs`` takes."""
    axes = [
        {"path": "retail.leverage_median", "values": LEVERAGES},
        {"path": "assets.BTC.depth_1pct_usd", "values": DEPTHS_USD},
    ]
    seeds = -(-runs // (len(LEVERAGES) * len(DEPTHS_USD)))
    names = {"name": "benchmark", "scenario": str(scenario)}
    return names | {"replications": seeds, "traces": traces, "axes": axes}


def do(work: MarketWork, run: Run) -> None:
    """Do one run as ``undertow run`` does."""
    scenario = work.base.scenario(run.settings)
    measure(simulate(scenario, run.seed), scenario)


def plain_process(line: Connection, work: MarketWork, runs: Sequence[Run]) -> None:
    """Do one run, then do all of them as often as is asked for, and answer with the time they took."""
    do(work, runs[0])
    line.send(None)
    while line.recv():
        wall, processor = time.perf_counter(), time.process_time()
        for run in runs:
            do(work, run)
        line.send(Clock(time.perf_counter() - wall, time.process_time() - processor))


@contextmanager
def plain_processes(work: MarketWork, runs: Sequence[Run], workers: int) -> Iterator[list[Connection]]:
    """Start processes that are ready to do every ``workers``-th run each."""
    context = multiprocessing.get_context("spawn")
    lines = []
    for place in range(workers):
        line, other = context.Pipe()
        arguments = (other, work, runs[place::workers])
        context.Process(target=plain_process, args=arguments, daemon=True).start()
        lines.append(line)
    for line in lines:
        line.recv()
    yield lines
    for line in lines:
        line.send(False)


def without_driver(lines: Sequence[Connection]) -> Clock:
    """Do all runs in plain processes."""
    for line in lines:
        line.send(True)
    clocks = [line.recv() for line in lines]
    return Clock(statistics.mean(clock.wall for clock in clocks), sum(clock.processor for clock in clocks))


def meet(folder: Path, workers: int, work: MarketWork | None, run: Run) -> float:
    """Wait until every worker is here, after a run if ``work`` is given; return own processor seconds."""
    if work is not None:
        work(run)
    (folder / str(os.getpid())).touch()
    end = time.monotonic() + LONGEST_WAIT_S
    while len(list(folder.iterdir())) < workers and time.monotonic() < end:
        time.sleep(0.01)
    return time.process_time()


def gather(executor: Executor, workers: int, work: MarketWork | None, run: Run) -> float:
    """Return the processor seconds of all workers of a pool together, after `meet` in each."""
    with tempfile.TemporaryDirectory() as folder:
        futures = [executor.submit(meet, Path(folder), workers, work, run) for _ in range(workers)]
        wait(futures)
        return sum(future.result() for future in futures)


def with_driver(request: SweepRequest, executor: Executor, run: Run, work: Work | None = None) -> Driven:
    """Do a sweep in a pool whose workers are ready."""
    before = gather(executor, request.workers, None, run)
    wall, processor = time.perf_counter(), time.process_time()
    result = sweep(request, executor=executor, work=work, stream=io.StringIO())
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    after = gather(executor, request.workers, None, run)
    if not result.complete:
        raise RuntimeError(result.sentence)
    base = sqlite3.connect(result.folder / LEDGER)
    (seconds,) = base.execute("SELECT sum(seconds) FROM runs").fetchone()
    base.close()
    return Driven(wall, after - before, processor, seconds / (request.workers * wall))


def row(plain: Clock, driven: Driven, runs: int) -> list[float]:
    """Return one row of the table."""
    spent = driven.workers + driven.driver
    shares = [plain.wall / driven.wall, plain.processor / spent, driven.busy]
    return [*plain, driven.wall, spent, *shares, 1000.0 * driven.driver / runs]


def show(name: str, values: Sequence[float]) -> None:
    """Print one row of the table."""
    widths = ("8.1f", "10.1f", "10.1f", "10.1f", "12.3f", "8.3f", "8.3f", "17.2f")
    numbers = "".join(f"{value:{width}}" for value, width in zip(values, widths, strict=True))
    print(f"{name:6}{numbers}", flush=True)


def compare(given: argparse.Namespace, folder: Path) -> None:
    """Print the tables."""
    workers, scenario = given.workers, given.scenario.resolve()
    data = sweep_of(scenario, given.runs, given.traces)
    prepared = prepare(SweepRequest(data, folder / "plan"))
    todo, work = prepared.plan.runs, prepared.work
    numbers = len(work(todo[0]).metrics)  # compiles what is not compiled yet, once for all processes
    print(
        f"{scenario.name}, {len(todo)} runs, traces: {given.traces}; {workers} workers on "
        f"{available_cores()} cores, Python {platform.python_version()}"
    )
    began = time.perf_counter()
    with plain_processes(work, todo, workers) as lines, LocalPool(workers) as pool:
        ready = time.perf_counter()
        gather(pool.executor, workers, work, todo[0])
        print(f"plain processes are ready after {ready - began:.1f} s, ", end="")
        print(f"workers of the sweep after {time.perf_counter() - ready:.1f} s")
        print(HEADS, flush=True)
        rows = []
        for number in range(given.rounds):
            request = SweepRequest(data, folder / str(number), workers)
            if number % 2 == 0:
                plain = without_driver(lines)
            driven = with_driver(request, pool.executor, todo[0])
            if number % 2:
                plain = without_driver(lines)
            rows.append(row(plain, driven, len(todo)))
            show(str(number + 1), rows[-1])
        if given.rounds > 1:
            show("median", [statistics.median(column) for column in zip(*rows, strict=True)])
        request = SweepRequest(sweep_of(scenario, given.empty, "none"), folder / "empty", workers)
        idle = with_driver(request, pool.executor, todo[0], Empty(numbers))
    wall_ms, own_ms = (1000 * seconds / given.empty for seconds in (idle.wall, idle.driver))
    print(f"\n{given.empty} empty runs of {numbers} numbers, plan, store and table included: ", end="")
    print(f"{wall_ms:.2f} ms a run, driver {own_ms:.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=1000, help="rounded up to tens")
    parser.add_argument("--workers", type=int, default=available_cores())
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--empty", type=int, default=1000, help="runs that do nothing, in tens")
    parser.add_argument("--scenario", type=Path, default=Path("tests/small.toml"))
    parser.add_argument("--traces", choices=("none", "minutes", "steps"), default="minutes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(given, Path(folder))


if __name__ == "__main__":
    main()
