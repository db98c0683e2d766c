"""Runs of any Mesa model: a factory, settings, seeds."""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.fingerprints import modules_fingerprint
from experiments.sweeps.run import Report, Run
from experiments.sweeps.seeds import spawn_seeds
from experiments.sweeps.time_limit import time_limit

Factory = Callable[..., Any]
Measure = Callable[[Any], Mapping[str, float]]


@dataclass(frozen=True)
class ModelWork:
    """Does runs of a Mesa model.

    Attributes
    ----------
    factory
        Returns a `mesa.Model`; called with the settings and ``rng=seed``.
    steps
        Steps of a run; it ends before when ``model.running`` is false.
    measure
        Metrics of a model at its end; the last row of its data collector's model variables by default.
    folder
        Where the data collector's model variables go as traces; none when not given.
    time_limit_s
        Longest time of a run.
    """

    factory: Factory
    steps: int
    measure: Measure | None = None
    folder: Path | None = None
    time_limit_s: float | None = None

    def __call__(self, run: Run) -> Report:
        """Do one run."""
        begin = time.perf_counter()
        with time_limit(self.time_limit_s):
            model = self.factory(**run.settings, rng=run.seed)
            for _ in range(self.steps):
                if not model.running:
                    break
                model.step()
            metrics = (self.measure or last_collected)(model)
        written = self._write(run, model)
        numbers = {name: float(value) for name, value in metrics.items()}
        return Report(numbers, seconds=time.perf_counter() - begin, trace_bytes=written)

    def _write(self, run: Run, model: Any) -> int:
        if self.folder is None or getattr(model, "datacollector", None) is None:
            return 0
        from experiments.traces import write_trace

        table = model.datacollector.get_model_vars_dataframe()
        columns = {str(name): table[name].to_numpy() for name in table.columns}
        about = {"id": run.id, "scenario": run.scenario, "settings": dict(run.settings), "seed": run.seed}
        return write_trace(self.folder / f"{run.id}.parquet", run.id, columns, about)


def last_collected(model: Any) -> dict[str, float]:
    """Return the last row of a model's data collector, as far as it is numbers."""
    collector = getattr(model, "datacollector", None)
    if collector is None:
        raise TypeError(f"{type(model).__name__} has no data collector; give measure=")
    table = collector.get_model_vars_dataframe()
    if table.empty:
        raise TypeError(f"{type(model).__name__} has collected nothing; collect in step, or give measure=")
    last = table.iloc[-1]
    return {
        str(name): float(last[name])
        for name in table.columns
        if isinstance(last[name], int | float | np.number)
    }


def model_runs(
    factory: Factory,
    points: Iterable[Mapping[str, Any]],
    *,
    steps: int,
    measure: Measure | None = None,
    seeds: Sequence[int] | None = None,
    replications: int = 1,
    seed: int = 0,
) -> tuple[list[Run], dict[str, str]]:
    """Return the runs of a model, and what was asked of each point as JSON by id.

    Parameters
    ----------
    factory, steps, measure
        As for `ModelWork`. Runs are named by them, too: by qualified name and by the sources of their modules
        and of what these import from the same folder.
    points
        Keyword arguments of the factory, one mapping a point; values must be such as JSON has.
    seeds
        Seeds of each point; by default ``replications`` of them are spawned from ``seed``.
    """
    chosen = list(seeds) if seeds is not None else list(spawn_seeds(seed, replications))
    name = factory.__qualname__
    code = " ".join(_source(item) for item in (factory, measure) if item is not None)
    runs: dict[str, Run] = {}
    documents = {}
    for point in points:
        document = json.dumps({"model": name, "steps": steps, "settings": dict(point), "code": code})
        key = hashlib.sha256(document.encode()).hexdigest()[:24]
        documents[key] = document
        for number in chosen:
            own = hashlib.sha256(f"{document} {number}".encode()).hexdigest()[:24]
            runs[own] = Run(own, name, key, dict(point), number, size=float(steps))
    return list(runs.values()), documents


def _source(item: Any) -> str:
    """Return the name of a function or class with a hash of the sources that it stands on."""
    path = Path(getattr(sys.modules[item.__module__], "__file__", None) or "")
    if item.__module__ == "__main__":
        digest = hashlib.sha256(path.read_bytes() if path.is_file() else b"").hexdigest()[:16]
    else:
        above = item.__module__.count(".") + (path.name == "__init__.py")
        own = "site-packages" not in path.parts
        digest = modules_fingerprint([item.__module__], [path.resolve().parents[above]] if own else [])
    return f"{item.__module__}:{item.__qualname__} {digest}"
