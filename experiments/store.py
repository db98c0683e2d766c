"""The ledger of runs: one SQLite file that the driver alone writes, one commit for each run."""

import contextlib
import json
import math
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from experiments.errors import InputError
from experiments.folder_lock import claim
from experiments.output import prepare_folder
from experiments.sweeps.run import Report, Run

LEDGER = "runs.sqlite"
TRACES = "traces"
LAYOUT = 1
PLANNED, DONE, FAILED, SET_ASIDE = "planned", "done", "failed", "set aside"
STATUSES = (PLANNED, DONE, FAILED, SET_ASIDE)
FULL_DISK = {28, 122}  # ENOSPC, EDQUOT
_TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS units (name TEXT PRIMARY KEY, unit TEXT NOT NULL, title TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS scenarios (id TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS versions (id INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS runs (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, number INTEGER, scenario TEXT NOT NULL,
    scenario_id TEXT NOT NULL, settings TEXT NOT NULL, seed INTEGER NOT NULL, twin TEXT NOT NULL,
    size REAL NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    suspected INTEGER NOT NULL DEFAULT 0, kills INTEGER NOT NULL DEFAULT 0, error TEXT, seconds REAL,
    finished_utc TEXT, trace_bytes INTEGER NOT NULL DEFAULT 0, version_id INTEGER
);
CREATE TABLE IF NOT EXISTS metrics (
    run INTEGER NOT NULL, name TEXT NOT NULL, value REAL, reason TEXT, PRIMARY KEY (run, name)
) WITHOUT ROWID;
"""
_PLAN = """
INSERT INTO runs (id, number, scenario, scenario_id, settings, seed, twin, size, status)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'planned') ON CONFLICT (id) DO UPDATE SET number = excluded.number
"""
_FINISH = """
UPDATE runs SET status = 'done', attempts = attempts + 1, error = NULL, seconds = ?, finished_utc = ?,
trace_bytes = ?, version_id = ? WHERE id = ?
"""
_FAIL = "UPDATE runs SET status = ?, attempts = attempts + ?, error = ?, finished_utc = ? WHERE id = ?"


class DiskFullError(OSError):
    """There is no room for results; what had finished is kept."""


@dataclass(frozen=True)
class Standing:
    """How a run stands.

    Attributes
    ----------
    status
        One of `STATUSES`.
    suspected
        Whether it was in flight with others when a worker died.
    kills
        How often its worker died while it was alone.
    trace
        Whether it left a trace.
    """

    status: str
    suspected: bool = False
    kills: int = 0
    trace: bool = False


class Ledger:
    """The ledger in ``folder``, open for writing; nobody else may write while it is.

    Parameters
    ----------
    folder
        Where ``runs.sqlite`` and the traces lie; it is made if need be.

    Raises
    ------
    InputError
        When the folder cannot be written, another sweep is writing there, or the file is no such ledger.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = prepare_folder(folder)
        self._lock = claim(self.folder)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self._base = sqlite3.connect(self.folder / LEDGER, isolation_level=None)
        try:
            self._base.execute("PRAGMA journal_mode = wal")
            self._base.execute("PRAGMA synchronous = normal")
            self._base.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            raise InputError(f"{self.folder / LEDGER}: no ledger of runs ({error})") from error
        layout = self.about().setdefault("layout", str(LAYOUT))
        if layout != str(LAYOUT):
            raise InputError(f"{self.folder / LEDGER}: has layout {layout}, this version reads {LAYOUT}")
        self.describe({"layout": str(LAYOUT)})
        for path in (self.folder / TRACES).glob(".*"):  # left by workers that were killed while they wrote
            path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let others write."""
        if hasattr(self, "_base"):
            with contextlib.suppress(sqlite3.Error):  # a plain file, which also opens where nobody may write
                self._base.execute("PRAGMA journal_mode = delete")
            self._base.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextlib.contextmanager
    def _together(self) -> Iterator[sqlite3.Connection]:
        """Commit what happens inside as a whole, or undo it."""
        try:
            self._base.execute("BEGIN")
            try:
                yield self._base
            except BaseException:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                with contextlib.suppress(sqlite3.OperationalError):
                    self._base.execute("ROLLBACK")
                raise DiskFullError(f"no room left in {self.folder}") from error
            raise

    def about(self) -> dict[str, str]:
        """Return what is noted of the sweep as a whole."""
        return dict(self._base.execute("SELECT key, value FROM about"))

    def describe(self, notes: Mapping[str, str], units: Mapping[str, tuple[str, str]] | None = None) -> None:
        """Note facts of the sweep as a whole, and units and titles of metrics."""
        with self._together() as base:
            base.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", notes.items())
            rows = [(name, unit, title) for name, (unit, title) in (units or {}).items()]
            base.executemany("INSERT OR REPLACE INTO units VALUES (?, ?, ?)", rows)

    def plan(self, runs: Sequence[Run], documents: Mapping[str, str], versions: Mapping[str, str]) -> None:
        """Enter the runs of a plan, numbered from 1; runs of earlier plans stay, without a number."""
        with self._together() as base:
            text = json.dumps(dict(versions), sort_keys=True)
            base.execute("INSERT OR IGNORE INTO versions (json) VALUES (?)", (text,))
            (self._version,) = base.execute("SELECT id FROM versions WHERE json = ?", (text,)).fetchone()
            base.executemany("INSERT OR IGNORE INTO scenarios VALUES (?, ?)", documents.items())
            base.execute("UPDATE runs SET number = NULL")
            base.executemany(_PLAN, (_row(number, run) for number, run in enumerate(runs, 1)))

    def standings(self) -> dict[str, Standing]:
        """Return how every run of the ledger stands, by id."""
        rows = self._base.execute("SELECT id, status, suspected, kills, trace_bytes > 0 FROM runs")
        return {
            name: Standing(status, bool(suspected), kills, bool(trace))
            for name, status, suspected, kills, trace in rows
        }

    def finish(self, run: Run, report: Report) -> None:
        """Keep what a run gave."""
        with self._together() as base:
            values = (report.seconds, _now(), report.trace_bytes, self._version, run.id)
            base.execute(_FINISH, values)
            (key,) = base.execute("SELECT key FROM runs WHERE id = ?", (run.id,)).fetchone()
            base.execute("DELETE FROM metrics WHERE run = ?", (key,))
            rows = [
                (key, name, None if math.isnan(value) else value, report.reasons.get(name))
                for name, value in report.metrics.items()
            ]
            base.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?)", rows)

    def fail(self, run: Run, error: str, status: str = FAILED, attempts: int = 1) -> None:
        """Note that a run gave nothing, and why."""
        with self._together() as base:
            base.execute(_FAIL, (status, attempts, error, _now(), run.id))

    def count_death(self, run: Run, *, alone: bool) -> int:
        """Note that a worker died with a run in flight; return how often that was with this run alone."""
        what = "kills = kills + 1" if alone else "suspected = 1"
        with self._together() as base:
            base.execute(f"UPDATE runs SET {what}, attempts = attempts + 1 WHERE id = ?", (run.id,))
            (kills,) = base.execute("SELECT kills FROM runs WHERE id = ?", (run.id,)).fetchone()
            return int(kills)

    def forgive(self, run: Run) -> None:
        """Give a run that was set aside another chance."""
        with self._together() as base:
            base.execute(
                "UPDATE runs SET kills = 0, suspected = 1, status = 'planned', error = NULL WHERE id = ?",
                (run.id,),
            )


def _row(number: int, run: Run) -> tuple[Any, ...]:
    settings = json.dumps(dict(run.settings))
    return (run.id, number, run.scenario, run.document, settings, run.seed, run.twin, run.size)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def disk_full(error: BaseException) -> bool:
    """Tell whether an error says that the disk is full."""
    return isinstance(error, OSError) and (isinstance(error, DiskFullError) or error.errno in FULL_DISK)
