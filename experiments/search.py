"""Search of a policy space with Optuna: which settings make an objective small, judged on fresh seeds."""

import csv
import hashlib
import importlib.util
import io
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from experiments.compare import RUNS_FOLDER, file_name
from experiments.errors import InputError
from experiments.metrics import METRICS
from experiments.output import prepare_folder, write_text
from experiments.paired import estimate_differences
from experiments.policies.pareto import HIGHER_IS_BETTER
from experiments.results import RunResult
from experiments.runs import Failure, Job, Work, run_many, simulate_and_measure
from experiments.statistics import Estimate, estimate_median
from experiments.sweeps.plan import Base, make_plan
from experiments.sweeps.points import values_of
from experiments.sweeps.seeds import spawn_seeds
from experiments.sweeps.sweep_file import Axis, SweepFile
from experiments.sweeps.sweep_reading import read_sweep
from experiments.warm_up import warm_up

if TYPE_CHECKING:
    from optuna import Study, Trial

NEEDS_OPTUNA = "a search needs Optuna: pip install 'undertow[search]'"
STORAGE = "search.sqlite"


@dataclass(frozen=True)
class SearchRequest:
    """What to search.

    Attributes
    ----------
    space
        Sweep file whose axes are the space: bounds (`low`, `high`), lists or ranges.
    objective
        Metric whose median over seeds is made small, or large where more is better.
    trials
        How many settings in all, those of earlier starts included.
    workers, out
        Worker processes, and the folder for everything.
    """

    space: Path
    objective: str = "total_fall"
    trials: int = 30
    workers: int = 1
    out: Path | None = None


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes
    ----------
    settings
        Of the best trial.
    trials, earlier
        How many have finished, and how many of them in earlier starts.
    best, base
        Objective of the best settings and of none, on the seeds of the search.
    gain
        Best minus none, seed by seed, on seeds that the search has not seen.
    folder
        Where everything is.
    """

    settings: Mapping[str, Any]
    trials: int
    earlier: int
    best: Estimate
    base: Estimate
    gain: Estimate
    folder: Path


def search(
    request: SearchRequest, work: Work = simulate_and_measure, stream: TextIO | None = None
) -> SearchResult:
    """Try settings until there are ``request.trials``, then judge the best one on fresh seeds.

    Raises
    ------
    InputError
        When Optuna is missing, the file cannot be used, or the folder holds another search.
    RuntimeError
        When no trial gave a value.
    KeyboardInterrupt
        On Ctrl-C; finished trials and runs are on disk.
    """
    if importlib.util.find_spec("optuna") is None:
        raise InputError(NEEDS_OPTUNA)
    if request.objective not in METRICS:
        import difflib

        near = difflib.get_close_matches(request.objective, METRICS, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"--objective: unknown metric {request.objective!r}{hint}")
    shown = stream if stream is not None else sys.stderr
    file = read_sweep(request.space)
    check_space(file)
    plan = make_plan(file, request.space.resolve().parent)  # refuses bad paths and values
    folder = prepare_folder(request.out or Path("undertow-out") / file_name(file.name))
    hunt = _Hunt(request, file, plan.base, folder, work, shown)
    study = hunt.open(plan.code)
    if work is simulate_and_measure:
        warm_up(plan.base.scenario(file.set), shown)
    return hunt.run(study)


def check_space(file: SweepFile) -> None:
    """Refuse what a search cannot vary.

    Raises
    ------
    InputError
        With the axis.
    """
    if not file.axes:
        raise InputError("axes: there is nothing to search")
    for place, axis in enumerate(file.axes):
        if axis.zip or axis.when:
            raise InputError(f"axes.{place}: zip and when cannot be searched ({axis.path})")


class _Hunt:
    """A search under way."""

    def __init__(
        self, request: SearchRequest, file: SweepFile, base: Base, folder: Path, work: Work, stream: TextIO
    ) -> None:
        self._request = request
        self._file = file
        self._base = base
        self._folder = folder
        self._work = work
        self._stream = stream
        count = len(file.seeds) if file.seeds is not None else file.replications or 1
        spawned = spawn_seeds(file.seed, 2 * count)
        self._seeds = file.seeds or spawned[:count]
        self._fresh = tuple(seed for seed in spawned if seed not in self._seeds)[:count]
        self._sign = -1.0 if request.objective in HIGHER_IS_BETTER else 1.0

    def open(self, code: str) -> "Study":
        """Return the study in the folder, new or from an earlier start."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        told = json.dumps([self._file.model_dump(mode="json"), self._request.objective, code], sort_keys=True)
        key = hashlib.sha256(told.encode()).hexdigest()[:16]
        study = optuna.create_study(
            storage=f"sqlite:///{(self._folder / STORAGE).resolve()}",
            study_name="search",
            load_if_exists=True,
        )
        if study.user_attrs.setdefault("space", key) != key:
            raise InputError(
                f"--out: {self._folder / STORAGE} belongs to another search (file, objective or version of "
                "the code); name another folder"
            )
        study.set_user_attr("space", key)
        study.sampler = optuna.samplers.TPESampler(seed=(self._file.seed + len(study.trials)) % 2**32)
        return study

    def run(self, study: "Study") -> SearchResult:
        """Do the trials that are missing, and judge the best."""
        from optuna.trial import TrialState

        done = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
        tried = sum(trial.state in (TrialState.COMPLETE, TrialState.FAIL) for trial in study.trials)
        for number in range(tried, self._request.trials):
            trial = study.ask()
            settings = {axis.path: suggest(trial, axis) for axis in self._file.axes}
            estimate = self._objective(self._runs(settings, self._seeds))
            if math.isfinite(estimate.median):
                study.tell(trial, self._sign * estimate.median)
            else:
                study.tell(trial, state=TrialState.FAIL)
            said = f"{estimate.median:.4g}" if math.isfinite(estimate.median) else "no value"
            print(f"trial {number + 1} of {self._request.trials}: {said}", file=self._stream, flush=True)
        finished = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
        if not finished:
            raise RuntimeError(f"no trial gave a value of {self._request.objective}")
        best = {axis.path: _plain(axis, study.best_trial.params[axis.path]) for axis in self._file.axes}
        self._write(finished)
        return SearchResult(
            best,
            len(finished),
            len(done),
            self._objective(self._runs(best, self._seeds)),
            self._objective(self._runs({}, self._seeds)),
            self._gain(best),
            self._folder,
        )

    def _runs(self, settings: Mapping[str, Any], seeds: Sequence[int]) -> dict[int, RunResult]:
        """Return the results of some settings by seed; finished runs are taken from disk."""
        scenario = self._base.scenario(dict(self._file.set) | dict(settings))
        jobs = [Job(scenario, seed, until=self._file.until) for seed in seeds]
        found: dict[int, RunResult] = {}

        def notice(job: Job, result: RunResult | Failure, *, reused: bool) -> None:  # noqa: ARG001 - as told
            if isinstance(result, Failure):
                print(f"{job.label}: {result.message}", file=self._stream, flush=True)
            else:
                found[job.seed] = result

        folder = self._folder / RUNS_FOLDER
        run_many(jobs, folder, workers=self._request.workers, work=self._work, notice=notice)
        return found

    def _objective(self, runs: Mapping[int, RunResult]) -> Estimate:
        return estimate_median([run.metrics[self._request.objective] for run in runs.values()])

    def _gain(self, settings: Mapping[str, Any]) -> Estimate:
        """Return the objective with the settings minus without, on seeds that the search has not seen."""
        own, base = self._runs(settings, self._fresh), self._runs({}, self._fresh)
        name = self._request.objective
        return estimate_differences(
            [(base[seed].metrics[name], own[seed].metrics[name]) for seed in own if seed in base]
        )

    def _write(self, trials: Sequence[Any]) -> None:
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        paths = [axis.path for axis in self._file.axes]
        writer.writerow(["trial", *paths, self._request.objective])
        for trial in trials:
            row = [_plain(axis, trial.params[axis.path]) for axis in self._file.axes]
            writer.writerow([trial.number + 1, *row, f"{self._sign * trial.value:.10g}"])
        write_text(self._folder / "search.csv", stream.getvalue())


def suggest(trial: "Trial", axis: Axis) -> Any:
    """Return what a trial proposes for an axis."""
    if not axis.sampled:
        choices = values_of(axis)
        return choices[trial.suggest_categorical(axis.path, list(range(len(choices))))]
    low, high = axis.low or 0.0, axis.high or 0.0
    log = axis.spacing == "log"
    if axis.whole:
        return trial.suggest_int(axis.path, int(low), int(high), log=log)
    return trial.suggest_float(axis.path, low, high, log=log)


def _plain(axis: Axis, parameter: Any) -> Any:
    """Return the value behind a parameter of a trial: choices are kept by their place."""
    return parameter if axis.sampled else values_of(axis)[parameter]
