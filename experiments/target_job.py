"""The job behind ``undertow targets``: the baseline of one scenario over seeds, beside the target bands."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from experiments.compare import RUNS_FOLDER, NothingFinishedError, file_name
from experiments.measure import check_window
from experiments.output import prepare_folder, write_text
from experiments.progress import RunProgress
from experiments.results import RunResult
from experiments.runs import Failure, Job, Work, run_many, simulate_and_measure
from experiments.statistics import Estimate, estimate_median
from experiments.summary import software_versions
from experiments.targets import CALM, Score, Target, Verdict, load_targets, score
from experiments.warm_up import warm_up

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

CALM_RUNS_FOLDER = ".runs-calm"
CALM_DAYS = 7.0
NEEDS_TWINS = "needs runs without the mechanism: --twins"
UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class TargetsRequest:
    """What to judge.

    Attributes
    ----------
    scenario
        Name or path.
    seeds, first_seed
        How many seeds, and the first of them.
    workers
        Worker processes.
    out
        Folder for the runs and the tables; baselines that `compare` left there are used.
    overrides
        Dotted scenario key -> value.
    twins
        Whether to run the twins that some targets need.
    days
        Length of a calm run, days; None: a week.
    impact
        Whether to measure the impact of metaorders, a target of the calm market.
    command
        The command line, for the record.
    """

    scenario: str
    seeds: int = 5
    first_seed: int = 1
    workers: int = 1
    out: Path = Path("undertow-out")
    overrides: Mapping[str, str] = field(default_factory=dict)
    twins: bool = False
    days: float | None = None
    impact: bool = False
    command: str = ""


@dataclass(frozen=True)
class Judged:
    """One band with what was simulated.

    Attributes
    ----------
    target
        The band.
    estimate
        Median over seeds (of a calm market: the moment of all runs together) and its 95 % interval.
    verdict, reason
        Hit or miss; why there is neither.
    """

    target: Target
    estimate: Estimate
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class Judgement:
    """All bands of a scenario, and where they were written."""

    scenario: str
    event: str
    seeds: Sequence[int]
    rows: Sequence[Judged]
    failures: Sequence[str]
    written: Sequence[Path] = ()

    @property
    def score(self) -> Score:
        """Return how many bands are hit."""
        return score([(row.target, row.verdict) for row in self.rows])


def judge_targets(
    request: TargetsRequest, work: Work | None = None, stream: TextIO | None = None
) -> Judgement:
    """Run the baseline and judge it by every target of its event.

    Parameters
    ----------
    request
        What to judge.
    work
        What to do for one run; replaced in tests.
    stream
        Where progress goes; standard error by default.

    Raises
    ------
    InputError
        When the request cannot be done; nothing has been run then.
    NothingFinishedError
        When no baseline run finished.
    KeyboardInterrupt
        On Ctrl-C; finished runs are on disk.
    """
    shown = stream if stream is not None else sys.stderr
    scenario = load_for_targets(request)
    folder = prepare_folder(request.out)
    event = event_of(scenario)
    if work is None:
        warm_up(scenario, shown)
    results, failures = _run(request, scenario, folder, work, shown)
    done = [result for result in results if result.twin == "baseline"]
    if not done:
        raise NothingFinishedError(
            f"{scenario.name}: no run finished ({failures[0] if failures else 'no reason known'})"
        )
    estimates, reasons = _estimates(event, results)
    if event == CALM and request.impact:
        from experiments.impact import measure_impact

        estimates["calm_impact_exponent"] = measure_impact(scenario, seeds_of(request)).exponent
    rows = judge_estimates(event, estimates, reasons)
    judgement = Judgement(scenario.name, event, [result.seed for result in done], rows, failures)
    return Judgement(
        judgement.scenario,
        event,
        judgement.seeds,
        rows,
        failures,
        _write(folder, judgement, request.command),
    )


def event_of(scenario: "Scenario") -> str:
    """Return the event whose targets a scenario is judged by; one without an event is a calm market."""
    return CALM if scenario.event == "none" else scenario.event


def load_for_targets(request: TargetsRequest) -> "Scenario":
    """Return the scenario, a calm one as long as asked for."""
    from experiments.scenarios import load

    scenario = load(request.scenario, dict(request.overrides))
    if event_of(scenario) == CALM:
        scenario = lasting(scenario, CALM_DAYS if request.days is None else request.days)
    check_window(scenario)
    return scenario


def lasting(scenario: "Scenario", days: float) -> "Scenario":
    """Return the scenario with its last phase ending after ``days``; one that is longer stays as it is."""
    end_s = max(86400.0 * days, scenario.crash.end_s, scenario.duration_s)
    last = scenario.phases[-1].model_copy(update={"until_s": end_s})
    return scenario.model_copy(update={"phases": (*scenario.phases[:-1], last)})


def seeds_of(request: TargetsRequest) -> range:
    """Return the seeds asked for."""
    return range(request.first_seed, request.first_seed + request.seeds)


def _run(
    request: TargetsRequest, scenario: "Scenario", folder: Path, work: Work | None, stream: TextIO
) -> tuple[list[RunResult], list[str]]:
    seeds = seeds_of(request)
    jobs = [Job(scenario, seed) for seed in seeds]
    calm = event_of(scenario) == CALM
    if request.twins and not calm:
        needed = {target.twin for target in load_targets() if target.event == scenario.event and target.twin}
        jobs += [Job(scenario, seed, twin, "crash_end") for twin in sorted(needed) for seed in seeds]
    if work is None:
        from experiments.calm_series import simulate_calm

        work = simulate_calm if calm else simulate_and_measure
    store = folder / (CALM_RUNS_FOLDER if calm else RUNS_FOLDER)
    with RunProgress(len(jobs), sum(job.steps for job in jobs), stream) as progress:

        def notice(job: Job, result: RunResult | Failure, *, reused: bool) -> None:
            if isinstance(result, Failure):
                progress.say(f"{job.label}: {result.message}")
            progress.advance(job.steps, reused=reused)

        outcome = run_many(jobs, store, workers=request.workers, work=work, notice=notice)
    return outcome.results, [f"{item.job.label}: {item.message}" for item in outcome.failures]


def _estimates(event: str, results: Sequence[RunResult]) -> tuple[dict[str, Estimate], dict[str, str]]:
    """Return what was simulated by metric or twin, and why some of it is undefined."""
    baselines = [result for result in results if result.twin == "baseline"]
    if event == CALM:
        from experiments.calm_moments import calm_estimates

        return calm_estimates([result.minutes for result in baselines])
    estimates = {
        name: estimate_median([result.metrics[name] for result in baselines]) for name in baselines[0].metrics
    }
    falls = {result.seed: result.metrics["total_fall"] for result in baselines}
    removed: dict[str, list[float]] = {}
    for result in results:
        if result.twin != "baseline" and falls.get(result.seed, 0.0) > 0.0:
            share = 1.0 - result.metrics["total_fall"] / falls[result.seed]
            removed.setdefault(result.twin, []).append(share)
    estimates |= {twin: estimate_median(shares) for twin, shares in removed.items()}
    reasons = {name: reason for result in reversed(baselines) for name, reason in result.reasons.items()}
    return estimates, reasons


def judge_estimates(
    event: str, estimates: Mapping[str, Estimate], reasons: Mapping[str, str]
) -> list[Judged]:
    """Return every band of ``event`` with its estimate; the reason where there is no verdict."""
    rows = []
    for target in load_targets():
        if target.event != event:
            continue
        name = target.twin or target.metric
        estimate = estimates.get(name, UNKNOWN)
        verdict = target.judge(estimate.median)
        reason = target.why_not
        if verdict == "undefined":
            reason = reasons.get(name, NEEDS_TWINS if target.twin else target.needs or "undefined")
        elif math.isinf(estimate.median):
            reason = reasons.get(name, "")
        rows.append(Judged(target, estimate, verdict, reason))
    return rows


def _write(folder: Path, judgement: Judgement, command: str) -> list[Path]:
    name = f"targets-{file_name(judgement.scenario)}"
    document = {**judgement_document(judgement), "command": command, "versions": software_versions()}
    files = {
        folder / f"{name}.json": json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        folder / f"{name}.csv": judgement_csv(judgement),
    }
    for path, text in files.items():
        write_text(path, text)
    return list(files)


def judgement_document(judgement: Judgement) -> dict[str, Any]:
    """Return everything as plain values for JSON; unknown numbers are None."""
    counted = judgement.score
    return {
        "scenario": judgement.scenario,
        "event": judgement.event,
        "seeds": list(judgement.seeds),
        "score": {
            "hits": counted.hits,
            "measured": counted.measured,
            "targets_hit": counted.targets_hit,
            "targets_measured": counted.targets_measured,
        },
        "targets": [_plain(row) for row in judgement.rows],
        "failures": list(judgement.failures),
    }


def _plain(row: Judged) -> dict[str, Any]:
    def known(value: float) -> float | None:
        return float(f"{value:.10g}") if math.isfinite(value) else None

    target = row.target
    return {
        "id": target.id,
        "title": target.title,
        "simulated": known(row.estimate.median),
        "low95": known(row.estimate.low),
        "high95": known(row.estimate.high),
        "band_low": known(target.low),
        "band_high": known(target.high),
        "real": known(target.real),
        "unit": target.unit,
        "verdict": row.verdict,
        "reason": row.reason,
        "metric": target.metric or target.twin,
        "source": target.source,
    }


def judgement_csv(judgement: Judgement) -> str:
    """Return one row a band as CSV; unknown numbers are empty."""
    import csv
    import io

    stream = io.StringIO()
    rows = [{"scenario": judgement.scenario, **_plain(row)} for row in judgement.rows]
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
