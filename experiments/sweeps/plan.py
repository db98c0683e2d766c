"""From a sweep file to its runs: every point is resolved and checked before anything runs."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.errors import InputError
from experiments.fingerprints import code_fingerprint, own_sources_fingerprint
from experiments.measure import check_window
from experiments.mechanisms import read_twin
from experiments.runs import Job
from experiments.scenarios import read, resolve, shipped
from experiments.sweeps.points import Point, points_of
from experiments.sweeps.run import Run, said
from experiments.sweeps.seeds import spawn_seeds
from experiments.sweeps.sweep_file import Axis, SweepFile

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

SHOWN_FAULTS = 8


@dataclass(frozen=True)
class Base:
    """A scenario file as read, with the folder it lies in: settings are applied to it where runs are done."""

    data: dict[str, Any]
    folder: Path

    def scenario(self, settings: Mapping[str, Any]) -> "Scenario":
        """Return the validated scenario with ``settings``."""
        return resolve(self.data, settings).read_from(self.folder)


@dataclass(frozen=True)
class Plan:
    """All runs of a sweep.

    Attributes
    ----------
    runs
        In order: point by point, in each the seeds, for each the twins.
    documents
        Id -> resolved scenario as JSON.
    base
        What settings are applied to.
    code
        Hash of the sources that results depend on.
    points
        How many points there are.
    """

    runs: Sequence[Run]
    documents: Mapping[str, str]
    base: Base
    code: str
    points: int


def make_plan(sweep: SweepFile, folder: Path) -> Plan:
    """Return the runs of a sweep.

    Parameters
    ----------
    sweep
        What to vary.
    folder
        The sweep file's folder, where a scenario file is looked for.

    Raises
    ------
    InputError
        With one line for each fault: unknown scenario, twin or path, values that the scenario refuses.
    """
    base = _base(sweep, folder)
    twins = [read_twin("twins", twin) for twin in sweep.twins]
    _check_paths(sweep, base)
    code = code_fingerprint()
    runs: list[Run] = []
    documents: dict[str, str] = {}
    faults: dict[str, str] = {}
    points = points_of(sweep)
    for point in points:
        settings = dict(sweep.set) | point
        try:
            scenario = base.scenario(settings)
            check_window(scenario)
        except InputError as error:
            for line in str(error).splitlines():
                faults.setdefault(_placed(line, sweep.axes), f" (at {_said(point)})" if point else "")
            if len(faults) >= SHOWN_FAULTS:
                break
            continue
        document = scenario.model_dump_json()
        name = hashlib.sha256(document.encode()).hexdigest()[:24]
        documents[name] = document
        fingerprint = f"{code} {own_sources_fingerprint(scenario)}"
        for seed in _seeds(sweep, point):
            for twin in twins:
                job = Job(scenario, seed, twin, sweep.until)
                key = job.content_id(fingerprint)
                runs.append(Run(key, scenario.name, name, point, seed, twin, job.steps))
    if faults:
        raise InputError("\n".join(f"{line}{where}" for line, where in faults.items()))
    return Plan(_each_once(runs), documents, base, code, len(points))


def _base(sweep: SweepFile, folder: Path) -> Base:
    name = sweep.scenario
    if name not in shipped() and not Path(name).is_absolute() and (folder / name).exists():
        name = str(folder / name)
    try:
        data, where = read(name)
    except InputError as error:
        raise InputError(f"scenario: {error}") from None
    try:
        base = Base(data, where.resolve())
        base.scenario(sweep.set)
    except InputError as error:
        lines = [line.removeprefix("--set ") for line in str(error).splitlines()]
        raise InputError("\n".join(f"set: {line}" if sweep.set else line for line in lines)) from None
    return base


def _check_paths(sweep: SweepFile, base: Base) -> None:
    """Refuse axes whose path the scenario does not have, or that speak of the same key."""
    faults = []
    seen: dict[tuple[str, ...], int] = {}
    for place, axis in enumerate(sweep.axes):
        faults += [f"axes.{place}.path: {line}" for line in _unknown_paths(axis, sweep, base)]
        key = canonical(base.data, axis.path)
        for other, earlier in seen.items():
            shorter = min(len(other), len(key))
            if other[:shorter] == key[:shorter]:
                faults.append(
                    f"axes.{place}.path: {axis.path!r} varies the same key as axes.{earlier}.path, "
                    f"{sweep.axes[earlier].path!r}"
                )
        seen[key] = place
    if faults:
        raise InputError("\n".join(faults))


def _unknown_paths(axis: Axis, sweep: SweepFile, base: Base) -> list[str]:
    value = axis.values[0] if axis.values else axis.start if axis.start is not None else axis.low
    try:
        base.scenario(dict(sweep.set) | {axis.path: int(value) if axis.whole and value else value})
    except InputError as error:
        lines = str(error).splitlines()
        return [line.removeprefix("--set ") for line in lines if line.startswith(("unknown key", "--set"))]
    return []


def canonical(data: Any, path: str) -> tuple[str, ...]:
    """Return a dotted path with the items of lists by number, so that two names of one key are the same."""
    parts = []
    for part in path.split("."):
        if isinstance(data, list) and not part.isdigit():
            names = [item.get("name") if isinstance(item, dict) else None for item in data]
            part = str(names.index(part)) if part in names else part
        parts.append(part)
        if isinstance(data, list):
            data = data[int(part)] if part.isdigit() and int(part) < len(data) else None
        else:
            data = data.get(part) if isinstance(data, dict) else None
    return tuple(parts)


def _placed(line: str, axes: Sequence[Axis]) -> str:
    """Return a scenario's complaint with the axis that it is about, where one has that very path."""
    for place, axis in enumerate(axes):
        if line.startswith((f"{axis.path}:", f"--set {axis.path}:")):
            return f"axes.{place}: {line.removeprefix('--set ')}"
    return f"axes: {line.removeprefix('--set ')}" if axes else line


def _said(point: Point) -> str:
    return ", ".join(f"{path}={said(value)}" for path, value in point.items())


def _seeds(sweep: SweepFile, point: Point) -> Sequence[int]:
    if sweep.seeds is not None:
        return sweep.seeds
    return spawn_seeds(sweep.seed, sweep.replications or 1, None if sweep.common_seeds else point)


def _each_once(runs: Sequence[Run]) -> list[Run]:
    """Leave out runs that are the same, such as those of a value that is the scenario's own."""
    return list({run.id: run for run in runs}.values())
