"""Files of a run: series and events as CSV, the scenario as TOML."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from abm.trace import Trace
from experiments.errors import InputError
from experiments.single import series_table
from experiments.traces import NEEDS_PYARROW, parquet_available, step_columns, write_trace
from experiments.visualizer.lane import Lane
from experiments.visualizer.old_traces import EVENTS
from experiments.visualizer.replay import Replay
from experiments.visualizer.shown import Shown


def export(lane: Lane | Replay, what: str, which: int) -> tuple[str, bytes]:
    """Return name and content of a file of a lane: its ``scenario``, ``events``, ``series``, or ``run``.

    Raises
    ------
    InputError
        If a run is to be saved and Parquet files cannot be written here.
    """
    trace = lane.model.trace() if isinstance(lane, Lane) else lane.trace
    stem = f"{lane.scenario.name}-seed-{trace.seed}-{'AB'[which]}"
    if what == "scenario":
        return f"{stem}.toml", scenario_toml(lane, trace.seed).encode()
    if what == "events":
        return f"{stem}-liquidations.csv", trace.events["liquidations"].to_csv(index=False).encode()
    if what == "run":
        return f"{stem}.parquet", saved_run(lane, trace, stem)
    return f"{stem}-series.csv", series_table(trace).encode()


def saved_run(lane: Lane | Replay, trace: Trace, name: str) -> bytes:
    """Return the run so far as a Parquet trace, which ``undertow viz --replay`` opens."""
    if not parquet_available():
        raise InputError(NEEDS_PYARROW)
    about = {
        "id": name,
        "scenario": lane.scenario.model_dump(mode="json"),
        "seed": trace.seed,
        "twin": trace.twin,
        "changes": [list(change) for change in lane.changes],
        "events": {kind: trace.events[kind].to_dict("list") for kind in EVENTS},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.parquet"
        write_trace(path, name, step_columns(trace), about)
        return path.read_bytes()


def scenario_toml(lane: Shown, seed: int) -> str:
    """Return the scenario with what was changed in the run, and as comments what a scenario cannot say."""
    lines = [f"# Run with --seed {seed}. Changed while it ran:"]
    lines += [f"#   {time_s:g} s: {text}" for time_s, text in lane.changes] or ["#   nothing"]
    data = lane.scenario.model_dump(mode="json", exclude_none=True)
    return "\n".join((*lines, "", to_toml(data)))


def to_toml(data: Mapping[str, Any]) -> str:
    """Return plain tables, lists and values as TOML; lists of tables in lists are written in one line."""
    lines: list[str] = []
    _write(data, (), lines)
    return "\n".join(lines).strip() + "\n"


def _write(table: Mapping[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    below = {}
    for key, value in table.items():
        if isinstance(value, Mapping) or (_is_tables(value) and len(path) == 0):
            below[key] = value
        else:
            lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in below.items():
        name = ".".join(map(_key, (*path, key)))
        if isinstance(value, Mapping):
            lines += ["", f"[{name}]"]
            _write(value, (*path, key), lines)
        else:
            for item in value:
                lines += ["", f"[[{name}]]"]
                _write(item, (*path, key), lines)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(item, Mapping) for item in value)


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, str) else repr(value)
