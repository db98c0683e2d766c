"""Files of a run: series and events as CSV, the scenario as TOML."""

import json
from collections.abc import Mapping
from typing import Any

from experiments.single import series_table
from experiments.visualizer.lane import Lane


def export(lane: Lane, what: str, which: int) -> tuple[str, str]:
    """Return name and text of a file of a lane: its ``scenario``, ``events`` or ``series``."""
    stem = f"{lane.scenario.name}-seed-{lane.model.seed_used}-{'AB'[which]}"
    if what == "scenario":
        return f"{stem}.toml", scenario_toml(lane)
    if what == "events":
        return f"{stem}-liquidations.csv", events_csv(lane)
    return f"{stem}-series.csv", series_csv(lane)


def series_csv(lane: Lane) -> str:
    """Return every series of the run so far, one row a step."""
    return series_table(lane.model.trace())


def events_csv(lane: Lane) -> str:
    """Return what was closed by force so far, one row for each closure."""
    return str(lane.model.event_reporters["liquidations"]().to_csv(index=False))


def scenario_toml(lane: Lane) -> str:
    """Return the scenario with what was changed in the run, and as comments what a scenario cannot say."""
    lines = [f"# Run with --seed {lane.model.seed_used}. Changed while it ran:"]
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
