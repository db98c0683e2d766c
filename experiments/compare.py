"""The main job: run scenarios and their twins over seeds, and write table, summary, figures and report."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from experiments.chapter import Chapter
from experiments.ensemble import gather
from experiments.ensemble_reading import read_ensemble
from experiments.errors import InputError
from experiments.histories import shared
from experiments.measure import check_window
from experiments.mechanisms import TWINS, without_cause
from experiments.output import prepare_folder, write_bytes, write_text
from experiments.paired import Pair, pair_runs
from experiments.progress import RunProgress
from experiments.real_event import RealEvent, published_event, real_event
from experiments.results import RunResult
from experiments.runs import Failure, Job, Outcome, Work, run_many, simulate_and_measure
from experiments.stored_attribution import stored_picture
from experiments.summary import software_versions, summarise
from experiments.tables import (
    deleveraged_table,
    liquidation_map_table,
    losses_table,
    minutes_table,
    pairs_table,
    runs_table,
    stages_table,
    targets_table,
    twins_table,
    venues_table,
    withdrawals_table,
)
from experiments.targets import judge_all
from experiments.warm_up import warm_up

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

RUNS_FOLDER = ".runs"
SET_OPTIONS = ("--set-first", "--set-second")


@dataclass(frozen=True)
class Request:
    """What to compare.

    Attributes
    ----------
    scenarios
        Names or paths.
    seeds
        How many seeds, from 1 on.
    workers
        Worker processes.
    out
        Folder for everything that is written.
    overrides
        Dotted scenario key -> value, for every scenario.
    own_overrides
        The same for the first, the second scenario alone; they become part of its name.
    steps_per_second
        Steps per simulated second in the finest phase; the others keep their ratio. ``None``: as in the file.
    bars
        Scenario name -> file of real bars.
    command
        The command line, for the report.
    """

    scenarios: Sequence[str]
    seeds: int
    workers: int
    out: Path
    overrides: Mapping[str, str] = field(default_factory=dict)
    own_overrides: Sequence[Mapping[str, str]] = ()
    steps_per_second: float | None = None
    bars: Mapping[str, Path] = field(default_factory=dict)
    command: str = ""


@dataclass(frozen=True)
class Comparison:
    """What a comparison found, and where it is written; ``pair`` where the scenarios differ by settings."""

    chapters: Sequence[Chapter]
    summary: Mapping[str, Any]
    outcome: Outcome
    folder: Path
    pair: Pair | None = None


class NothingFinishedError(RuntimeError):
    """No baseline run of a scenario gave a result, so there is nothing to report."""


def compare(request: Request, work: Work | None = None, stream: TextIO | None = None) -> Comparison:
    """Run and report.

    Parameters
    ----------
    request
        What to compare.
    work
        What to do for one run; replaced in tests.
    stream
        Where progress goes; standard error by default.

    Raises
    ------
    InputError
        When the request cannot be done; nothing has been run or written then.
    NothingFinishedError
        When no baseline run of a scenario finished.
    KeyboardInterrupt
        On Ctrl-C; finished runs are on disk.
    """
    progress_stream = stream if stream is not None else sys.stderr
    scenarios = load_scenarios(
        request.scenarios, request.overrides, request.steps_per_second, request.own_overrides
    )
    real = _real_events(scenarios, request.bars)
    folder = prepare_folder(request.out)
    if work is None:
        warm_up(scenarios[0], progress_stream)
    jobs = list_jobs(scenarios, request.seeds)
    with (
        nullcontext(work) if work is not None else shared(simulate_and_measure, twins=tuple(TWINS)) as chosen
    ):
        outcome = _run(jobs, folder / RUNS_FOLDER, request.workers, chosen, progress_stream)
    chapters = [_chapter(scenario, outcome, real.get(scenario.name)) for scenario in scenarios]
    pair = None
    if len(scenarios) == 2 and len(set(request.scenarios)) == 1:
        pair = pair_runs(scenarios[0].name, scenarios[1].name, outcome.results)
    versions = software_versions()
    summary = summarise(chapters, request.command, versions, pair)
    attribution = stored_picture(folder, scenarios)
    _write(folder, chapters, outcome.results, summary, pair, attribution, request.workers)
    return Comparison(chapters, summary, outcome, folder, pair)


def load_scenarios(
    names: Sequence[str],
    overrides: Mapping[str, str],
    steps_per_second: float | None,
    own_overrides: Sequence[Mapping[str, str]] = (),
) -> list["Scenario"]:
    """Return validated scenarios; names must differ, since results are filed under them.

    A scenario with overrides of its own is named after them: ``october-2025 (retail.traders=500)``.
    """
    scenarios = []
    for place, name in enumerate(names):
        own = own_overrides[place] if place < len(own_overrides) else {}
        scenarios.append(_load(name, {**overrides, **own}, steps_per_second, own, place))
    for place, own in enumerate(own_overrides[len(names) :], len(names)):
        if own:
            count = "one scenario is" if len(names) == 1 else f"{len(names)} scenarios are"
            raise InputError(f"{SET_OPTIONS[place]}: only {count} compared; name a second one")
    for scenario in scenarios:
        if [other.name for other in scenarios].count(scenario.name) > 1:
            raise InputError(
                f"scenario {scenario.name!r} is given twice; compare different ones, or change one of them "
                "with --set-second KEY=VALUE"
            )
    return scenarios


def _load(
    name: str,
    overrides: Mapping[str, str],
    steps_per_second: float | None,
    own: Mapping[str, str],
    place: int,
) -> "Scenario":
    """Return one scenario, named after its own overrides; faults of these tell which option they came by."""
    from experiments.scenarios import load

    try:
        scenario = load(name, dict(overrides))
        if steps_per_second is not None:
            scenario = load(name, {**overrides, **step_overrides(scenario, steps_per_second)})
    except InputError as error:
        if not own:
            raise
        option = SET_OPTIONS[place]
        lines = [line.removeprefix("--set ") for line in str(error).splitlines()]
        raise InputError("\n".join(f"{option}: {line}" for line in lines)) from None
    check_window(scenario)
    if not own:
        return scenario
    changes = ", ".join(f"{key}={value}" for key, value in own.items())
    return scenario.model_copy(update={"name": f"{scenario.name} ({changes})"})


def step_overrides(scenario: "Scenario", steps_per_second: float) -> dict[str, str]:
    """Return overrides that give the finest phase ``steps_per_second`` and keep the ratio of the others."""
    finest = min(phase.step_s for phase in scenario.phases)
    factor = 1.0 / (steps_per_second * finest)
    return {
        f"phases.{index}.step_s": repr(phase.step_s * factor) for index, phase in enumerate(scenario.phases)
    }


def list_jobs(scenarios: Sequence["Scenario"], seeds: int) -> list[Job]:
    """Return all runs: baselines first, since they are longest, then twins, which end with the crash.

    A twin without a mechanism that its scenario has no cause for is not run: it is the baseline.
    """
    numbers = range(1, seeds + 1)
    jobs = [Job(scenario, seed) for scenario in scenarios for seed in numbers]
    for scenario in scenarios:
        twins = [twin for twin in TWINS if twin not in without_cause(scenario)]
        jobs += [Job(scenario, seed, twin, "crash_end") for twin in twins for seed in numbers]
    return jobs


def _run(jobs: list[Job], folder: Path, workers: int, work: Work, stream: TextIO) -> Outcome:
    with RunProgress(len(jobs), sum(job.steps for job in jobs), stream) as progress:

        def notice(job: Job, result: RunResult | Failure, *, reused: bool) -> None:
            if isinstance(result, Failure):
                progress.say(f"{job.label}: {result.message}")
            progress.advance(job.steps, reused=reused)

        return run_many(jobs, folder, workers=workers, work=work, notice=notice)


def _real_events(scenarios: Sequence["Scenario"], bars: Mapping[str, Path]) -> dict[str, RealEvent]:
    """Return the real event of each scenario: from the bars given, else from published figures."""
    names = [scenario.name for scenario in scenarios]
    for name in bars:
        if name not in names:
            raise InputError(f"--bars: {name!r} is none of the scenarios compared ({', '.join(names)})")
    events = {}
    for scenario in scenarios:
        if scenario.name in bars:
            crash = scenario.crash
            p0_utc_s = datetime.fromisoformat(scenario.start_utc).timestamp() + crash.start_s
            events[scenario.name] = real_event(bars[scenario.name], p0_utc_s, crash.end_s - crash.start_s)
        elif (published := published_event(scenario.event)) is not None:
            events[scenario.name] = published
    return events


def _chapter(scenario: "Scenario", outcome: Outcome, real: RealEvent | None) -> Chapter:
    results = [result for result in outcome.results if result.scenario == scenario.name]
    failures = [
        f"{item.job.label}: {item.message}" for item in outcome.failures if item.job.scenario is scenario
    ]
    if not any(result.twin == "baseline" for result in results):
        raise NothingFinishedError(
            f"{scenario.name}: no run finished ({failures[0] if failures else 'no reason known'})"
        )
    crash_minutes = (scenario.crash.end_s - scenario.crash.start_s) / 60.0
    ensemble = gather(scenario.name, scenario.title, crash_minutes, results)
    verdict, evidence, readings = read_ensemble(ensemble, results)
    targets = judge_all(scenario.event, ensemble.medians, ensemble.twin_medians)
    return Chapter(ensemble, scenario.event, verdict, evidence, readings, targets, real, failures)


def file_name(scenario: str) -> str:
    """Return the name of a scenario as part of a file name."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", scenario).strip("-")


def _write(
    folder: Path,
    chapters: Sequence[Chapter],
    results: Sequence[RunResult],
    summary: Mapping[str, Any],
    pair: Pair | None,
    attribution: bytes | None,
    workers: int,
) -> None:
    from experiments.report.draw import draw_all
    from experiments.report.page import render_page

    figures, overview = draw_all(chapters, workers)
    for scenario, pictures in figures.items():
        for name, picture in pictures.items():
            write_bytes(folder / "figures" / f"{file_name(scenario)}-{name}.png", picture)
    write_bytes(folder / "figures" / "overview.png", overview)
    tables = {
        "runs": runs_table(results),
        "twins": twins_table(results),
        "targets": targets_table(chapters),
        "minutes": minutes_table(chapters),
        "stages": stages_table(results),
        "venues": venues_table(results),
        "withdrawals": withdrawals_table(results),
        "losses": losses_table(results),
        "deleveraged": deleveraged_table(results),
        "liquidation_map": liquidation_map_table(results),
    }
    if pair is not None:
        tables["difference"] = pairs_table(pair)
    for name, table in tables.items():
        write_text(folder / "tables" / f"{name}.csv", table)
    page = render_page(chapters, figures, summary["command"], summary["versions"], pair, attribution)
    write_text(folder / "report.html", page)
    write_text(
        folder / "summary.json", json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    )
