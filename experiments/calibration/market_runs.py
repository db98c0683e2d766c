"""Runs of several scenarios at points of a calibration: done through the store, so that none is lost."""

import contextlib
import hashlib
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.calibration.calibration_file import CalibratedScenario, CalibrationFile, Parameter
from experiments.errors import InputError
from experiments.fingerprints import code_fingerprint, own_sources_fingerprint
from experiments.measure import check_window
from experiments.progress import RunProgress
from experiments.runs import Job
from experiments.scenarios import read, resolve, shipped
from experiments.store import LEDGER, Ledger
from experiments.summary import software_versions
from experiments.sweeps.desk import Fate
from experiments.sweeps.loop import Pool, run_scenarios
from experiments.sweeps.plan import Base
from experiments.sweeps.run import Report, Run, Work
from experiments.sweeps.time_limit import time_limit
from experiments.target_job import CALM_DAYS, event_of, lasting
from experiments.targets import CALM

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

Settings = Mapping[str, Any]
Columns = dict[str, list[float]]
"""Metric -> one value for each seed."""


@dataclass(frozen=True)
class FittedScenario:
    """A scenario of a calibration, with the settings of all of its runs.

    Attributes
    ----------
    base
        The file as read.
    given
        What the calibration file says of it.
    """

    base: Base
    given: CalibratedScenario

    def scenario(self, settings: Settings) -> "Scenario":
        """Return the validated scenario at a point."""
        scenario = self.base.scenario({**self.given.set, **settings})
        if event_of(scenario) == CALM:
            scenario = lasting(scenario, CALM_DAYS if self.given.days is None else self.given.days)
        check_window(scenario)
        return scenario


@dataclass(frozen=True)
class CalibrationWork:
    """Does runs of the scenarios of a calibration.

    Attributes
    ----------
    scenarios
        Name -> scenario.
    code
        Hash of the driver's sources; a worker with others refuses.
    time_limit_s
        Longest time of a run.
    """

    scenarios: Mapping[str, FittedScenario]
    code: str
    time_limit_s: float | None = None

    def __call__(self, run: Run) -> Report:
        """Do one run."""
        from experiments.calm_series import simulate_calm
        from experiments.measure import measure
        from experiments.simulate import simulate
        from experiments.sweeps.market_work import metrics_of

        if code_fingerprint() != self.code:
            raise RuntimeError("this worker has other sources of undertow than the driver; install the same")
        begin = time.perf_counter()
        with time_limit(self.time_limit_s):
            scenario = self.scenarios[run.scenario].scenario(run.settings)
            if event_of(scenario) == CALM:
                result = simulate_calm(Job(scenario, run.seed))
                metrics = dict(result.metrics)
            else:
                result = measure(simulate(scenario, run.seed), scenario)
                metrics = metrics_of(result)
        return Report(metrics, dict(result.reasons), time.perf_counter() - begin)


def read_scenarios(file: CalibrationFile, folder: Path) -> dict[str, FittedScenario]:
    """Return the scenarios of a calibration by name, all parameters checked at both bounds.

    Raises
    ------
    InputError
        With one line for each fault: unknown scenario or key, a bound that the scenario refuses.
    """
    found: dict[str, FittedScenario] = {}
    for place, given in enumerate(file.scenarios):
        name = given.scenario
        if name not in shipped() and not Path(name).is_absolute() and (folder / name).exists():
            name = str(folder / name)
        data, where = read(name)
        fitted = FittedScenario(Base(data, where.resolve()), given)
        own = fitted.scenario({}).name
        if own in found:
            raise InputError(f"scenarios.{place}: {own!r} is there twice")
        found[own] = fitted
    for place, parameter in enumerate(file.parameters):
        for name in parameter.scenarios:
            if name not in found:
                raise InputError(
                    f"parameters.{place}.scenarios: {name!r} is not calibrated "
                    f"(there are: {', '.join(found)})"
                )
        for bound in (parameter.low, parameter.high):
            for name, fitted in found.items():
                _check_bound(place, parameter, bound, name, fitted)
    return found


def _check_bound(place: int, parameter: Parameter, bound: float, name: str, fitted: FittedScenario) -> None:
    try:
        fitted.scenario(settings_of([parameter], [int(bound) if parameter.whole else bound], name))
    except InputError as error:
        lines = [line.removeprefix("--set ") for line in str(error).splitlines()]
        raise InputError("\n".join(f"parameters.{place}: {name}: {line}" for line in lines)) from None


def settings_of(parameters: Sequence[Parameter], values: Sequence[float], scenario: str) -> dict[str, Any]:
    """Return what a point sets in a scenario."""
    return {
        path: value
        for parameter, value in zip(parameters, values, strict=True)
        if not parameter.scenarios or scenario in parameter.scenarios
        for path in (parameter.path, *parameter.also)
    }


class MarketRuns:
    """Does the runs of points and returns their metrics; what the store has is not done again.

    Parameters
    ----------
    scenarios
        Scenarios by name.
    ledger
        The store.
    work
        What to do for one run.
    workers, pool
        How many runs at a time, and where.
    progress
        Display of all runs of the calibration.
    """

    def __init__(
        self,
        scenarios: Mapping[str, FittedScenario],
        ledger: Ledger,
        work: Work,
        workers: int,
        pool: Pool,
        progress: RunProgress,
    ) -> None:
        self.scenarios = scenarios
        self._ledger, self._work, self._progress = ledger, work, progress
        self._workers, self._pool = workers, pool
        self._code = code_fingerprint()
        self._known: dict[str, Run] = {}
        self._documents: dict[str, str] = {}
        self._versions = software_versions()

    def metrics(
        self, points: Sequence[Mapping[str, Settings]], seeds: Sequence[int]
    ) -> list[dict[str, Columns]]:
        """Return for each point, by scenario, the metrics as one list over seeds each.

        Parameters
        ----------
        points
            Scenario -> settings, one mapping a point.
        seeds
            The same for all points: what differs between points is what was set.
        """
        runs = [
            {name: self._runs(name, settings, seeds) for name, settings in point.items()} for point in points
        ]
        wanted = {run.id: run for point in runs for own in point.values() for run in own}
        self._known |= wanted
        self._ledger.plan(list(self._known.values()), self._documents, self._versions)
        run_scenarios(
            list(wanted.values()),
            self._work,
            self._ledger,
            workers=self._workers,
            pool=self._pool,
            notice=self._notice,
        )
        stored = stored_metrics(self._ledger.folder, set(wanted))
        return [
            {name: _columns([stored.get(run.id, {}) for run in own]) for name, own in point.items()}
            for point in runs
        ]

    def _notice(self, run: Run, fate: Fate, error: str = "") -> None:
        if error:
            self._progress.say(f"{run.label}: {error}")
        self._progress.advance(1.0, reused=fate in ("reused", "left aside"), failed=bool(error))

    def _runs(self, name: str, settings: Settings, seeds: Sequence[int]) -> list[Run]:
        scenario = self.scenarios[name].scenario(settings)
        document = scenario.model_dump_json()
        key = hashlib.sha256(document.encode()).hexdigest()[:24]
        self._documents[key] = document
        code = f"{self._code} {own_sources_fingerprint(scenario)}"
        jobs = [Job(scenario, seed) for seed in seeds]
        return [
            Run(job.content_id(code), name, key, dict(settings), job.seed, size=job.steps) for job in jobs
        ]


def _columns(runs: Sequence[Mapping[str, float]]) -> Columns:
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: [run.get(name, float("nan")) for run in runs] for name in names}


def stored_metrics(folder: Path, runs: set[str]) -> dict[str, dict[str, float]]:
    """Return the metrics of finished runs by id; unknown numbers are nan."""
    found: dict[str, dict[str, float]] = {run: {} for run in runs}
    with _reading(folder / LEDGER) as base:
        rows = base.execute(
            "SELECT id, name, value FROM metrics JOIN runs ON runs.key = metrics.run WHERE status = 'done'"
        )
        for run, name, value in rows:
            if run in found:
                found[run][name] = float("nan") if value is None else value
    return found


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        yield base
    finally:
        base.close()


def resolved_text(fitted: FittedScenario, settings: Settings, name: str) -> str:
    """Return the scenario at a point as TOML, under another name."""
    from experiments.visualizer.exports import to_toml

    scenario = resolve(fitted.base.data, {**fitted.given.set, **settings, "name": name})
    return to_toml(scenario.model_dump(mode="json", exclude_none=True))
