"""The job of attribution: run coalitions of mechanisms on common random numbers, share the outcome out."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from experiments.attribution_result import Attribution, gather_parts
from experiments.attribution_tables import coalitions_table, parts_table, summarise_attribution
from experiments.compare import load_scenarios
from experiments.errors import InputError
from experiments.histories import shared
from experiments.mechanisms import MECHANISMS, check_mechanism
from experiments.metrics import METRICS
from experiments.output import prepare_folder, write_bytes, write_text
from experiments.progress import RunProgress
from experiments.results import RunResult
from experiments.runs import Failure, Job, Outcome, Work, run_many, simulate_and_measure
from experiments.stored_attribution import NUMBERS, PICTURE
from experiments.summary import software_versions
from experiments.warm_up import warm_up

if TYPE_CHECKING:
    from experiments.coalitions import Design

COALITIONS_FOLDER = ".coalitions"
MOST_RUNS = 1_000_000
Until = Literal["end", "crash_end"]


@dataclass(frozen=True)
class Request:
    """What to attribute to what.

    Attributes
    ----------
    scenarios
        One or two, names or paths.
    mechanisms
        Keys of `experiments.mechanisms.MECHANISMS`; the others stay at work.
    metric
        Outcome that is shared out, a key of `experiments.metrics.METRICS`.
    seeds
        How many seeds, from 1 on.
    pairs
        Pairs of an order of joining and its reverse for each seed; 0 runs all coalitions.
    until
        Where runs stop.
    """

    scenarios: Sequence[str]
    mechanisms: Sequence[str]
    metric: str
    seeds: int
    pairs: int
    workers: int
    out: Path
    until: Until = "crash_end"
    overrides: Mapping[str, str] = field(default_factory=dict)
    command: str = ""


@dataclass(frozen=True)
class Attributed:
    """What came of a request, and where it is written."""

    attributions: Sequence[Attribution]
    failures: Sequence[Failure]
    reused: int
    folder: Path


def attribute(request: Request, work: Work | None = None, stream: TextIO | None = None) -> Attributed:
    """Run, share out, and write tables and figure.

    Parameters
    ----------
    request
        What to attribute to what.
    work
        What to do for one run; replaced in tests.
    stream
        Where progress goes; standard error by default.

    Raises
    ------
    InputError
        When the request cannot be done; nothing has been run or written then.
    NothingFinishedError
        When no seed of a scenario gave an outcome in every coalition.
    KeyboardInterrupt
        On Ctrl-C; finished runs are on disk.
    """
    told = stream if stream is not None else sys.stderr
    designs = plan(request)
    folder = prepare_folder(request.out)
    if work is None:
        warm_up(designs[0].scenario, told)
    for design in designs:
        print(told_plan(design), file=told, flush=True)
    jobs = [
        Job(design.scenario, seed, twin, request.until)
        for design in designs
        for seed in design.seeds
        for twin in design.twins(seed)
    ]
    with nullcontext(work) if work is not None else shared(simulate_coalition) as chosen:
        done = _run(jobs, folder / COALITIONS_FOLDER, request.workers, chosen, told)
    attributions = [gather_parts(design, request.metric, done) for design in designs]
    _write(folder, attributions, request.command)
    return Attributed(attributions, done.failures, done.reused, folder)


def plan(request: Request) -> list["Design"]:
    """Return what to run of each scenario.

    Raises
    ------
    InputError
        For an unknown scenario, key, mechanism or metric, or more runs than anyone can wait for.
    """
    import difflib

    from experiments.coalitions import Design

    for place, name in enumerate(request.mechanisms):
        check_mechanism("--mechanisms", name)
        if name in request.mechanisms[:place]:
            raise InputError(f"--mechanisms: {name} is there twice")
    if request.metric not in METRICS:
        near = difflib.get_close_matches(request.metric, METRICS, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"--metric: unknown metric {request.metric!r}{hint} (known: {', '.join(METRICS)})")
    if len(request.scenarios) > 2:
        raise InputError(f"SCENARIO: {len(request.scenarios)} given; at most two are drawn side by side")
    players = len(request.mechanisms)
    each = 2**players if request.pairs == 0 else 2 * players * request.pairs
    if each * request.seeds * len(request.scenarios) > MOST_RUNS:
        raise InputError(
            f"--seeds: {request.seeds} seeds of {each} runs are more than {MOST_RUNS:,} runs; take fewer "
            "seeds, or sample orders with --permutations in place of --exact"
        )
    scenarios = load_scenarios(request.scenarios, request.overrides, None)
    seeds = tuple(range(1, request.seeds + 1))
    ordered = tuple(name for name in MECHANISMS if name in request.mechanisms)
    return [Design(scenario, ordered, seeds, request.pairs) for scenario in scenarios]


def told_plan(design: "Design") -> str:
    """Return in words how much is run."""
    runs = sum(len(design.twins(seed)) for seed in design.seeds)
    how = "all coalitions" if design.exact else f"{2 * design.pairs} orders of joining a seed"
    count = f"{len(design.mechanisms)} mechanisms, {len(design.seeds)} seeds, {how}"
    return f"{design.scenario.name}: {count}: {runs} runs"


def simulate_coalition(job: Job, histories: Path | None = None) -> RunResult:
    """Do one job and keep its metrics only: there are many of them. Runs in a worker process."""
    return replace(simulate_and_measure(job, histories), minutes={}, details={})


def _run(jobs: list[Job], folder: Path, workers: int, work: Work, stream: TextIO) -> Outcome:
    with RunProgress(len(jobs), sum(job.steps for job in jobs), stream) as progress:

        def notice(job: Job, result: RunResult | Failure, *, reused: bool) -> None:
            failed = isinstance(result, Failure)
            if isinstance(result, Failure):
                progress.say(f"{job.label}: {result.message}")
            progress.advance(job.steps, reused=reused, failed=failed)

        return run_many(jobs, folder, workers=workers, work=work, notice=notice)


def _write(folder: Path, attributions: Sequence[Attribution], command: str) -> None:
    from experiments.report.attribution import draw_attribution

    summary = summarise_attribution(attributions, command, software_versions())
    write_text(folder / "tables" / "attribution.csv", parts_table(attributions))
    write_text(folder / "tables" / "coalitions.csv", coalitions_table(attributions))
    write_bytes(folder / PICTURE, draw_attribution(attributions))
    write_text(folder / NUMBERS, json.dumps(summary, indent=1, allow_nan=False) + "\n")
