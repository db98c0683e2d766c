"""Reading a store of runs: one tidy table, and traces that are opened when they are asked for."""

import contextlib
import difflib
import json
import math
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.errors import InputError
from experiments.output import write_bytes, write_text
from experiments.store import DONE, LEDGER, TRACES
from experiments.traces import NEEDS_PYARROW, parquet_available, read_trace

RUN_COLUMNS = ("number", "run", "scenario", "seed", "twin")
LEDGER_COLUMNS = ("status", "attempts", "seconds", "finished_utc", "trace_bytes", "error")
_CONDITION = re.compile(r"^(?P<name>.+?)\s*(?P<sign><=|>=|!=|==|=|<|>)\s*(?P<value>.+)$")


class StoredRuns:
    """The runs of a sweep on disk.

    Parameters
    ----------
    folder
        Where a sweep wrote.
    every
        Whether to read runs of earlier plans too (other sweep files, other versions of the code).

    Raises
    ------
    InputError
        When there is no ledger of runs.
    """

    def __init__(self, folder: Path | str, *, every: bool = False) -> None:
        self.folder = Path(folder)
        path = self.folder / LEDGER
        if not path.is_file():
            raise InputError(
                f"{str(self.folder)!r}: no runs here (no file {LEDGER}); name the folder of a sweep"
            )
        which = "" if every else "WHERE number IS NOT NULL"
        try:
            with _reading(path) as base:
                self._rows = base.execute(
                    "SELECT key, number, id, scenario, seed, twin, status, attempts, seconds, finished_utc, "
                    "trace_bytes, error, settings, scenario_id, (SELECT json FROM versions WHERE "
                    f"versions.id = version_id), size FROM runs {which} ORDER BY number IS NULL, number, key"
                ).fetchall()
                self._values = base.execute("SELECT run, name, value, reason FROM metrics").fetchall()
                units = base.execute("SELECT name, unit, title FROM units ORDER BY rowid").fetchall()
                self.about: dict[str, str] = dict(base.execute("SELECT key, value FROM about"))
        except sqlite3.DatabaseError as error:
            raise InputError(f"{path}: no ledger of runs ({error})") from error
        self.units: dict[str, str] = {name: unit for name, unit, _ in units}
        self.titles: dict[str, str] = {name: title for name, _, title in units}

    def __len__(self) -> int:
        return len(self._rows)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row for each run that finished: number, run (its id), scenario, seed, twin, settings, metrics.

        It does not depend on where and in which order the runs were done.
        """
        done = self.everything[self.everything["status"] == DONE]
        return done.drop(columns=list(LEDGER_COLUMNS)).dropna(axis=1, how="all").reset_index(drop=True)

    @cached_property
    def everything(self) -> pd.DataFrame:
        """One row for each run, whatever came of it; also status, attempts, seconds and error."""
        columns: dict[str, Any] = {
            name: [row[place] for row in self._rows] for place, name in enumerate(RUN_COLUMNS, 1)
        }
        columns |= {name: [row[place] for row in self._rows] for place, name in enumerate(LEDGER_COLUMNS, 6)}
        settings = [json.loads(row[12]) for row in self._rows]
        for path in dict.fromkeys(path for own in settings for path in own):
            columns[path] = [_cell(own.get(path)) for own in settings]
        places = {row[0]: place for place, row in enumerate(self._rows)}
        metrics: dict[str, list[float]] = {}
        for key, name, value, _ in self._values:
            if key in places:
                own = metrics.setdefault(name, [math.nan] * len(self._rows))
                own[places[key]] = math.nan if value is None else value
        order = sorted(metrics, key=self._order)
        for name in order:
            columns[f"{name}_measured" if name in columns else name] = metrics[name]
        table = pd.DataFrame(columns).astype({"number": "Int64"} if self._rows else {})
        table.attrs["units"] = {name: self.unit(name) for name in order}
        return table

    def _order(self, name: str) -> tuple[int, str]:
        known = {unit: place for place, unit in enumerate(self.units)}
        return known.get(name, len(known)), name

    def unit(self, metric: str) -> str:
        """Return the unit of a metric, such as ``%``; empty when it is not known."""
        name, _, owner = metric.partition("@")
        general = "withdrawals@REASON" if name == "withdrawals" else f"{name}@EXCHANGE"
        return self.units.get(metric, self.units.get(general, "") if owner else "")

    def finished(self) -> dict[str, tuple[float, float, int]]:
        """Return seconds, size and bytes of trace of every run that finished, by id."""
        return {row[2]: (row[8], row[15], row[10]) for row in self._rows if row[6] == DONE}

    @property
    def traces(self) -> "Traces":
        """Traces by the id of the run; each file is read when it is asked for."""
        return Traces(self.folder / TRACES, [row[2] for row in self._rows if row[6] == DONE])

    def trace(self, number: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the trace of run ``number``, or only ``columns`` of it."""
        return self.traces.read(self._row(number)[2], columns)

    def scenario(self, number: int) -> dict[str, Any]:
        """Return the resolved scenario of run ``number``."""
        with _reading(self.folder / LEDGER) as base:
            row = base.execute("SELECT json FROM scenarios WHERE id = ?", (self._row(number)[13],)).fetchone()
        return dict(json.loads(row[0]))

    def versions(self, number: int) -> dict[str, str]:
        """Return the versions of the software that did run ``number``; empty when it has not finished."""
        return dict(json.loads(self._row(number)[14] or "{}"))

    def reasons(self, number: int) -> dict[str, str]:
        """Return why metrics of run ``number`` are undefined or censored."""
        key = self._row(number)[0]
        return {name: reason for run, name, _, reason in self._values if run == key and reason}

    def _row(self, number: int) -> tuple[Any, ...]:
        for row in self._rows:
            if row[1] == number:
                return tuple(row)
        raise InputError(f"{self.folder}: no run {number}; they are numbered from 1 to {len(self)}")


class Traces(Mapping[str, pd.DataFrame]):
    """Traces of a store by the id of the run; a file is opened when its trace is asked for."""

    def __init__(self, folder: Path, runs: Sequence[str]) -> None:
        self.folder = folder
        self._runs = [name for name in runs if self.path(name).is_file()]

    def path(self, run: str) -> Path:
        """Return the file of a trace."""
        return self.folder / f"{run}.parquet"

    def read(self, run: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a trace, or only ``columns`` of it."""
        if not self.path(run).is_file():
            raise InputError(f"{self.path(run)}: no trace; the sweep kept none, or pyarrow was not installed")
        return read_trace(self.path(run), columns)

    def __getitem__(self, run: str) -> pd.DataFrame:
        if run not in self._runs:
            raise KeyError(run)
        return self.read(run)

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)


def chosen(table: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """Return the rows that meet all conditions, such as ``total_fall>10`` or ``twin=adl``.

    Raises
    ------
    InputError
        For a condition of another form, an unknown column, or a text where the column holds numbers.
    """
    for condition in conditions:
        found = _CONDITION.match(condition)
        if found is None:
            raise InputError(f"--where: {condition!r} is not of the form COLUMN=VALUE (or !=, <, <=, >, >=)")
        column = table[column_named(table, found["name"], "--where")]
        table = table[_meets(column, found["sign"], found["value"].strip("'\" "), condition)]
    return table


def column_named(table: pd.DataFrame, name: str, option: str) -> str:
    """Return ``name`` if the table has such a column.

    Raises
    ------
    InputError
        If not; it names the nearest.
    """
    if name in table.columns:
        return name
    near = difflib.get_close_matches(name, [str(column) for column in table.columns], n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise InputError(f"{option}: unknown column {name!r}{hint}")


def _meets(column: "pd.Series[Any]", sign: str, value: str, condition: str) -> "pd.Series[bool]":
    wanted: Any = value
    if pd.api.types.is_bool_dtype(column):
        wanted = value.lower() == "true"
    elif pd.api.types.is_numeric_dtype(column):
        try:
            wanted = float(value)
        except ValueError:
            raise InputError(f"--where: {condition!r} compares numbers with {value!r}") from None
    compare = {"=": "eq", "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}[sign]
    met: pd.Series[bool] = getattr(column, compare)(wanted).fillna(value=False).astype(bool)
    return met


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV or Parquet, by the ending of ``path``.

    Raises
    ------
    InputError
        For another ending, and for Parquet without pyarrow.
    """
    if path.suffix == ".csv":
        write_text(path, table.to_csv(index=False, lineterminator="\n"))
    elif path.suffix == ".parquet":
        if not parquet_available():
            raise InputError(NEEDS_PYARROW)
        write_bytes(path, table.to_parquet(index=False, compression="zstd"))
    else:
        raise InputError(f"--export: {path.name!r} ends neither in .csv nor in .parquet")


def _cell(value: Any) -> Any:
    """Return a setting as a cell of a table; lists and tables become JSON."""
    return json.dumps(value) if isinstance(value, list | dict) else value


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a ledger for reading, also while a sweep writes it."""
    base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        yield base
    finally:
        base.close()
