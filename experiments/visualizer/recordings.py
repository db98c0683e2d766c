"""Finished runs to look at again: those of a sweep, of ``undertow run --out``, or one that the page saved."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from abm.trace import Trace
from experiments.errors import InputError
from experiments.scenarios import parse
from experiments.scenarios.schema import Scenario
from experiments.store import LEDGER
from experiments.stored_runs import StoredRuns
from experiments.traces import read_trace
from experiments.visualizer.old_traces import trace_of

RUN_FILE = "run.json"
"""Says what was run, beside the tables of ``undertow run --out``."""
SERIES_FILE = "series.csv"


@dataclass(frozen=True)
class Recording:
    """A finished run: its series and events, and what was run."""

    trace: Trace
    scenario: Scenario


class Recordings:
    """The finished runs at a path, by name.

    Parameters
    ----------
    path
        Folder of a sweep, folder of ``undertow run --out``, or one ``.parquet`` trace.

    Raises
    ------
    InputError
        If there is no finished run with a trace at the path; the sentence says what there is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._numbers: dict[str, int] = {}
        if (path / LEDGER).is_file():
            self._stored = StoredRuns(path)
            kept = set(self._stored.traces)
            for row in self._stored.table.to_dict("records"):
                if row["run"] in kept:
                    self._numbers[_name(row, self._stored.units)] = int(row["number"])
            if not self._numbers:
                raise InputError(
                    f"{str(path)!r}: no finished run of this sweep has a trace; run it again with "
                    'traces = "steps" in the sweep file'
                )
        elif not self._single:
            raise InputError(
                f"--replay: {str(path)!r} is neither the folder of a sweep ({LEDGER}), nor that of "
                f"`undertow run --out` ({RUN_FILE} and {SERIES_FILE}), nor a trace (.parquet)"
            )

    @property
    def _single(self) -> bool:
        if self.path.is_dir():
            return (self.path / RUN_FILE).is_file() and (self.path / SERIES_FILE).is_file()
        return self.path.suffix == ".parquet" and self.path.is_file()

    @property
    def names(self) -> list[str]:
        """Names of the runs."""
        return list(self._numbers) or [self.path.name]

    def name_of(self, number: int) -> str:
        """Return the name of run ``number`` of a sweep.

        Raises
        ------
        InputError
            If it has no finished run of that number with a trace.
        """
        for name, own in self._numbers.items():
            if own == number:
                return name
        known = ", ".join(map(str, list(self._numbers.values())[:12])) or "none: this is one run"
        raise InputError(f"--run {number}: no such finished run with a trace (known: {known})")

    def open(self, name: str) -> Recording:
        """Read a run.

        Raises
        ------
        InputError
            If there is no such run, or it cannot be read.
        """
        if name not in self.names:
            raise InputError(f"unknown run {name!r} (known: {', '.join(self.names[:12])})")
        try:
            if self._numbers:
                table = self._stored.trace(self._numbers[name])
                return recording(table, table.attrs["undertow"])
            if self.path.is_dir():
                about = json.loads((self.path / RUN_FILE).read_text(encoding="utf-8"))
                return recording(pd.read_csv(self.path / SERIES_FILE), about, read_events(self.path))
            table = read_trace(self.path)
            return recording(table, table.attrs["undertow"])
        except (OSError, KeyError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{name}: cannot be replayed ({error})") from error


def read_events(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tables of events that lie in a folder."""
    files = sorted(folder.glob("events-*.csv"))
    return {file.stem.removeprefix("events-"): pd.read_csv(file) for file in files}


def recording(
    table: pd.DataFrame, about: Mapping[str, Any], events: Mapping[str, pd.DataFrame] | None = None
) -> Recording:
    """Return a run from its series, one column each, and what was run."""
    if "scenario" not in about or not isinstance(about["scenario"], Mapping):
        raise InputError("this trace is not of a market: no scenario stands in it")
    scenario = parse(dict(about["scenario"]))
    columns = {str(name): table[name].to_numpy(np.float64) for name in table.columns if name != "run"}
    kept = {name: pd.DataFrame(own) for name, own in about.get("events", {}).items()} | dict(events or {})
    seed, twin = int(about.get("seed", 0)), str(about.get("twin", "baseline"))
    return Recording(trace_of(columns, scenario, seed, twin, kept), scenario)


def _name(row: Mapping[Any, Any], units: Mapping[str, str]) -> str:
    """Return what a run of a sweep is called in the list: number, scenario, seed, settings."""
    known = {"number", "run", "scenario", "seed", "twin", *units}
    settings = [
        f"{key.rpartition('.')[2]} {value}" for key, value in row.items() if "." in key and key not in known
    ]
    parts = [f"run {row['number']}", str(row["scenario"]), f"seed {row['seed']}", str(row["twin"]), *settings]
    return " · ".join(part for part in parts if part != "baseline")
