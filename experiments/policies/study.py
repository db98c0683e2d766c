"""A policy study: every policy and no change, on the same seeds of the same crash."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from experiments.compare import RUNS_FOLDER
from experiments.errors import InputError
from experiments.measure import check_window
from experiments.metrics import METRICS, VENUE_METRICS
from experiments.output import prepare_folder
from experiments.policies.outcome import PolicyOutcome, levels_of, mark_kept, outcome_of
from experiments.policies.policy_reading import apply_all, read_policies
from experiments.progress import RunProgress
from experiments.results import RunResult
from experiments.runs import Failure, Job, Work, run_many, simulate_and_measure
from experiments.statistics import Estimate
from experiments.warm_up import warm_up

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

HOUR_S = 3600.0
OBJECTIVES = ("total_fall", "hedged_deleveraged")


@dataclass(frozen=True)
class PolicyRequest:
    """What to study.

    Attributes
    ----------
    scenario
        Name or path.
    policies
        File of policies; the shipped table by default.
    only
        Names of the policies wanted; all when empty.
    seeds
        How many seeds, from 1 on.
    workers
        Worker processes.
    out
        Folder for everything that is written.
    overrides
        Dotted scenario key -> value, for every run.
    objectives
        Two metrics for the picture, in which less, or more, is better (`experiments.policies.pareto`).
    hours_after
        Simulated hours after the crash window.
    """

    scenario: str
    policies: Path | None = None
    only: Sequence[str] = ()
    seeds: int = 5
    workers: int = 1
    out: Path = Path("undertow-out")
    overrides: Mapping[str, Any] = field(default_factory=dict)
    objectives: Sequence[str] = OBJECTIVES
    hours_after: float = 1.0


@dataclass(frozen=True)
class PolicyStudy:
    """What a study found.

    Attributes
    ----------
    scenario
        What was run, cut after the crash.
    seeds
        Seeds that finished without any change.
    base
        Metric -> median over seeds without any change.
    outcomes
        One for each policy that changes something in the scenario and finished.
    idle
        Names of policies that change nothing in this scenario.
    failures
        Runs without result, in words.
    objectives
        The two metrics of the picture.
    base_kept
        Whether no policy is better than no change in both.
    folder
        Where everything is written.
    """

    scenario: "Scenario"
    seeds: tuple[int, ...]
    base: Mapping[str, Estimate]
    outcomes: Sequence[PolicyOutcome]
    idle: Sequence[str]
    failures: Sequence[str]
    objectives: Sequence[str]
    base_kept: bool
    folder: Path


class NothingFinishedError(RuntimeError):
    """No run without a change gave a result, so there is nothing to compare with."""


def study(
    request: PolicyRequest, work: Work = simulate_and_measure, stream: TextIO | None = None
) -> PolicyStudy:
    """Run every policy that is not run yet, and compare.

    Parameters
    ----------
    request
        What to study.
    work
        What to do for one run; replaced in tests.
    stream
        Where progress goes; standard error by default.

    Raises
    ------
    InputError
        When the request cannot be done; nothing has been run or written then.
    NothingFinishedError
        When no run without a change finished.
    KeyboardInterrupt
        On Ctrl-C; finished runs are on disk.
    """
    from experiments.scenarios import load

    shown = stream if stream is not None else sys.stderr
    check_objectives(request.objectives)
    policies = read_policies(request.policies, request.only)
    scenario = cut_after_crash(load(request.scenario, dict(request.overrides)), request.hours_after)
    check_window(scenario)
    applied = apply_all(policies, scenario)
    folder = prepare_folder(request.out)
    if work is simulate_and_measure:
        warm_up(scenario, shown)
    acting = [item for item in applied if not item.same]
    results, failures = run_all([scenario, *(item.scenario for item in acting)], request, work, shown)
    base, *others = results
    if not base:
        raise NothingFinishedError(
            f"{scenario.name}: no run finished ({failures[0] if failures else 'why?'})"
        )
    outcomes = [outcome_of(item, own, base) for item, own in zip(acting, others, strict=True) if own]
    base_kept, outcomes = mark_kept(outcomes, request.objectives)
    return PolicyStudy(
        scenario,
        tuple(base),
        levels_of(base),
        outcomes,
        [item.policy.name for item in applied if item.same],
        failures,
        request.objectives,
        base_kept,
        folder,
    )


def check_objectives(objectives: Sequence[str]) -> None:
    """Refuse objectives that are not two different metrics.

    Raises
    ------
    InputError
        With the nearest metric.
    """
    import difflib

    if len(objectives) != 2 or len(set(objectives)) != 2:
        raise InputError(
            f"--objectives: give two different metrics, got {', '.join(objectives) or 'nothing'}"
        )
    for name in objectives:
        if name not in METRICS and name.partition("@")[0] not in VENUE_METRICS:
            near = difflib.get_close_matches(name, [*METRICS, *VENUE_METRICS], n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InputError(f"--objectives: unknown metric {name!r}{hint} (known: {', '.join(METRICS)})")


def cut_after_crash(scenario: "Scenario", hours_after: float) -> "Scenario":
    """Return the scenario with its run ended so many hours after the crash window, if it is longer."""
    end_s = scenario.crash.end_s + hours_after * HOUR_S
    phases = []
    for phase in scenario.phases:
        phases.append(phase.model_copy(update={"until_s": min(phase.until_s, end_s)}))
        if phase.until_s >= end_s:
            break
    return scenario.model_copy(update={"phases": tuple(phases)})


def run_all(
    scenarios: Sequence["Scenario"], request: PolicyRequest, work: Work, stream: TextIO
) -> tuple[list[dict[int, RunResult]], list[str]]:
    """Return the results of each scenario by seed, and the failures in words."""
    jobs = [[Job(scenario, seed) for seed in range(1, request.seeds + 1)] for scenario in scenarios]
    everything = [job for own in jobs for job in own]
    found: dict[Job, RunResult] = {}
    failures: list[str] = []
    with RunProgress(len(everything), sum(job.steps for job in everything), stream) as progress:

        def notice(job: Job, result: RunResult | Failure, *, reused: bool) -> None:
            if isinstance(result, Failure):
                failures.append(f"{job.label}: {result.message}")
                progress.say(failures[-1])
            else:
                found[job] = result
            progress.advance(job.steps, reused=reused, failed=isinstance(result, Failure))

        run_many(everything, request.out / RUNS_FOLDER, workers=request.workers, work=work, notice=notice)
    return [{job.seed: found[job] for job in own if job in found} for own in jobs], failures
