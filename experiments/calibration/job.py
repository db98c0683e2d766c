"""The job behind ``undertow calibrate``: search on some seeds, judge on others, say what moves what."""

import contextlib
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from experiments.calibration.calibration_file import (
    CalibrationFile,
    Parameter,
    parse_calibration,
    read_calibration,
)
from experiments.calibration.distance import Distance, medians
from experiments.calibration.identify import Identifiability, identify
from experiments.calibration.market_runs import (
    CalibrationWork,
    Columns,
    FittedScenario,
    MarketRuns,
    read_scenarios,
    settings_of,
)
from experiments.calibration.search import evolve, surrogate_search
from experiments.compare import file_name
from experiments.errors import InputError
from experiments.fingerprints import code_fingerprint
from experiments.minutes import Floats
from experiments.pools import BorrowedPool, LocalPool
from experiments.progress import RunProgress
from experiments.statistics import estimate_median
from experiments.store import Ledger
from experiments.sweep import DEFAULT_FOLDER
from experiments.sweeps.run import Work
from experiments.sweeps.sampling import KEPT_DIGITS
from experiments.target_job import Judged, event_of, judge_estimates
from experiments.targets import Target, load_targets, score
from experiments.warm_up import warm_up


@dataclass(frozen=True)
class CalibrationRequest:
    """What to calibrate.

    Attributes
    ----------
    calibration
        Path of a calibration file, or what such a file says as a dictionary.
    out
        Folder for everything that is written; ``undertow-out/NAME`` by default.
    workers
        Worker processes.
    command
        The command line, for the record.
    """

    calibration: Path | str | Mapping[str, Any]
    out: Path | str | None = None
    workers: int = 1
    command: str = ""


@dataclass(frozen=True)
class Band:
    """A band that counts: of which scenario, and with what weight."""

    scenario: str
    target: Target
    weight: float


@dataclass(frozen=True)
class Calibration:
    """What a calibration found.

    Attributes
    ----------
    file
        What was asked.
    scenarios
        Scenarios by name.
    bands
        The bands that counted.
    own
        Parameter values of the scenarios as they are; nan where they differ between keys or scenarios.
    points, moments
        All points evaluated, shape ``(points, parameters)``, in the units of the parameters, and the medians
        over the seeds of fitting, ``(points, bands)``. The first row is the scenarios as they are.
    distances
        Distance of each point, shape ``(points,)``.
    best
        Row of the least distance.
    identifiability
        Which parameter moves which band.
    before, after
        Scenario -> its bands on the seeds of judging, as it is and calibrated.
    folder
        Where everything lies.
    """

    file: CalibrationFile
    scenarios: Mapping[str, FittedScenario]
    bands: Sequence[Band]
    own: Floats
    points: Floats
    moments: Floats
    distances: Floats
    best: int
    identifiability: Identifiability
    before: Mapping[str, Sequence[Judged]]
    after: Mapping[str, Sequence[Judged]]
    folder: Path

    @property
    def values(self) -> list[float]:
        """Return the calibrated values of the parameters; those of the scenarios where nothing was better."""
        return [float(value) for value in self.points[self.best]]

    def settings(self, scenario: str) -> dict[str, Any]:
        """Return what the calibration sets in a scenario; nothing where nothing was better."""
        if self.best == 0:
            return {}
        values = [int(v) if p.whole else v for p, v in zip(self.file.parameters, self.values, strict=True)]
        return settings_of(self.file.parameters, values, scenario)

    def judged_distance(self, rows: Mapping[str, Sequence[Judged]]) -> float:
        """Return the distance of the medians on the seeds of judging."""
        weights = {(band.scenario, band.target.id): band.weight for band in self.bands}
        judged = [(name, row) for name, own in rows.items() for row in own]
        distance = Distance(
            [row.target for _, row in judged],
            [weights[name, row.target.id] for name, row in judged],
            self.file.cap,
            self.file.pull,
        )
        return float(distance(np.array([row.estimate.median for _, row in judged])))

    def hits(self, rows: Mapping[str, Sequence[Judged]]) -> str:
        """Return how many bands are hit, in words."""
        return str(score([(row.target, row.verdict) for own in rows.values() for row in own]))


def calibrate(
    request: CalibrationRequest,
    work: Work | None = None,
    stream: TextIO | None = None,
    executor: Executor | None = None,
) -> Calibration:
    """Search, judge, write.

    Parameters
    ----------
    request
        What to calibrate.
    work
        What to do for one run; replaced in tests.
    stream
        Where progress goes; standard error by default.
    executor
        Any ``concurrent.futures`` executor in place of local processes, with ``request.workers`` at a time.

    Raises
    ------
    InputError
        When the file is faulty; nothing has been run then.
    KeyboardInterrupt, SweepStoppedError, DiskFullError
        When it ends early; finished runs are in the store, and the same call goes on there.
    """
    from experiments.calibration.writing import write_calibration

    shown = stream if stream is not None else sys.stderr
    file, beside = _read(request.calibration)
    scenarios = read_scenarios(file, beside)
    bands = bands_of(scenarios)
    folder = Path(request.out) if request.out is not None else DEFAULT_FOLDER / file_name(file.name)
    if work is None:
        for fitted in scenarios.values():
            warm_up(fitted.scenario({}), shown)
        work = CalibrationWork(scenarios, code_fingerprint(), file.time_limit_s)
    expected = (file.budget + 1) * len(file.seeds) * len(scenarios) + 2 * len(file.judge_seeds) * len(
        scenarios
    )
    with contextlib.ExitStack() as stack:
        ledger = stack.enter_context(Ledger(folder))
        progress = stack.enter_context(RunProgress(expected, float(expected), shown))
        pool = BorrowedPool(executor) if executor else stack.enter_context(LocalPool(request.workers))
        runs = MarketRuns(scenarios, ledger, work, request.workers, pool, progress)
        search = Search(file, runs, bands, progress)
        search.run()
        best = int(np.argmin(search.distances))
        values = [None, search.points[best] if best else None]
        judged = search.runs.metrics([search.settings(item) for item in values], file.judge_seeds)
    before, after = (
        {name: judge(name, own, bands, scenarios) for name, own in point.items()} for point in judged
    )
    design = slice(1, 1 + search.design)
    found = identify(search.unit[design], search.moments[design])
    result = Calibration(
        file,
        scenarios,
        bands,
        own_values(file.parameters, scenarios),
        search.points,
        search.moments,
        search.distances,
        best,
        found,
        before,
        after,
        folder,
    )
    write_calibration(result, request.command)
    return result


def _read(given: Path | str | Mapping[str, Any]) -> tuple[CalibrationFile, Path]:
    if isinstance(given, Mapping):
        return parse_calibration(given), Path.cwd()
    return read_calibration(Path(given)), Path(given).resolve().parent


class Search:
    """The points evaluated so far, and the search that adds to them."""

    def __init__(
        self, file: CalibrationFile, runs: MarketRuns, bands: Sequence[Band], progress: RunProgress
    ) -> None:
        self.file, self.runs, self.bands, self._progress = file, runs, bands, progress
        self.distance = Distance(
            [band.target for band in bands], [band.weight for band in bands], file.cap, file.pull
        )
        size = len(file.parameters)
        self.unit, self.points = np.full((1, size), np.nan), np.full((1, size), np.nan)
        self.moments = self._moments([self.settings(None)])
        self.design = 0

    @property
    def distances(self) -> Floats:
        """Return the distance of each point."""
        return self.distance(self.moments)

    def run(self) -> None:
        """Evaluate the budget."""
        size, file = len(self.file.parameters), self.file
        if file.method == "surrogate":
            self.design = surrogate_search(
                self.evaluate, self.distance, size, file.budget, file.batch, file.seed
            )
        else:
            self.design = evolve(self.evaluate, self.distance, size, file.budget, file.seed)

    def evaluate(self, unit: Floats) -> Floats:
        """Return the moments at points of the unit cube, shape ``(points, bands)``, and keep them."""
        points = np.array([values_at(self.file.parameters, row) for row in unit])
        moments = self._moments([self.settings(point) for point in points])
        self.unit, self.points = np.vstack((self.unit, unit)), np.vstack((self.points, points))
        self.moments = np.vstack((self.moments, moments))
        best = int(np.argmin(self.distances))
        self._progress.say(
            f"{len(self.points) - 1} of {self.file.budget} points: least distance "
            f"{self.distances[best]:.3g}, there {self.distance.hits(self.moments[best])} of "
            f"{len(self.bands)} bands hit on the seeds of fitting"
        )
        return moments

    def settings(self, point: Floats | None) -> dict[str, dict[str, Any]]:
        """Return scenario -> what a point sets there; nothing for None, the scenarios as they are."""
        if point is None:
            return {name: {} for name in self.runs.scenarios}
        values = [
            int(value) if parameter.whole else float(value)
            for parameter, value in zip(self.file.parameters, point, strict=True)
        ]
        return {name: settings_of(self.file.parameters, values, name) for name in self.runs.scenarios}

    def _moments(self, settings: Sequence[Mapping[str, Mapping[str, Any]]]) -> Floats:
        rows = []
        for found in self.runs.metrics(settings, self.file.seeds):
            by_scenario = {
                name: dict(zip(names, medians(found[name], names), strict=True))
                for name in found
                if (names := [band.target.metric for band in self.bands if band.scenario == name])
            }
            rows.append([by_scenario[band.scenario][band.target.metric] for band in self.bands])
        return np.array(rows)


def values_at(parameters: Sequence[Parameter], unit: Floats) -> list[float]:
    """Return the values of parameters at a point of the unit cube."""
    values = []
    for parameter, share in zip(parameters, unit.tolist(), strict=True):
        low, high = parameter.low, parameter.high
        value = low * (high / low) ** share if parameter.spacing == "log" else low + (high - low) * share
        values.append(float(round(value)) if parameter.whole else float(f"{value:.{KEPT_DIGITS}g}"))
    return values


def bands_of(scenarios: Mapping[str, FittedScenario]) -> list[Band]:
    """Return the bands that count: those that a baseline run measures, less what the file leaves out.

    Raises
    ------
    InputError
        For an id that the scenario's event does not have, or that no baseline run measures.
    """
    bands = []
    for place, (name, fitted) in enumerate(scenarios.items()):
        event, given = event_of(fitted.scenario({})), fitted.given
        known = [target for target in load_targets() if target.event == event]
        usable = {target.id: target for target in known if target.metric and not target.needs}
        for key in ("targets", "leave_out"):
            for item in getattr(given, key):
                if item not in usable:
                    raise InputError(
                        f"scenarios.{place}.{key}: no band {item!r} of {event} that a baseline run measures "
                        f"(there are: {', '.join(usable)})"
                    )
        chosen = [item for item in given.targets or usable if item not in given.leave_out]
        bands += [Band(name, usable[item], given.weight) for item in chosen]
    if not bands:
        raise InputError("scenarios: no band is left to be fitted")
    return bands


def judge(
    name: str, columns: Columns, bands: Sequence[Band], scenarios: Mapping[str, FittedScenario]
) -> list[Judged]:
    """Return the bands of a scenario that counted, with medians and intervals over the seeds of judging."""
    counted = {band.target.id for band in bands if band.scenario == name}
    estimates = {metric: estimate_median(values) for metric, values in columns.items()}
    rows = judge_estimates(event_of(scenarios[name].scenario({})), estimates, {})
    return [row for row in rows if row.target.id in counted]


def own_values(parameters: Sequence[Parameter], scenarios: Mapping[str, FittedScenario]) -> Floats:
    """Return the value of each parameter in the scenarios as they are; nan where its keys differ."""
    from experiments.sweeps.plan import canonical

    values = []
    for parameter in parameters:
        found = set()
        for name, fitted in scenarios.items():
            data = fitted.scenario({}).model_dump(mode="json")
            for path in settings_of([parameter], [0.0], name):
                item: Any = data
                for part in canonical(data, path):
                    item = item[int(part)] if isinstance(item, list) else (item or {}).get(part)
                found.add(item)
        single = next(iter(found)) if len(found) == 1 else None
        values.append(float(single) if isinstance(single, int | float) else np.nan)
    return np.array(values)
