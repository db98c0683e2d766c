"""What ``undertow runs`` prints."""

import difflib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.errors import InputError
from experiments.store import DONE, STATUSES
from experiments.stored_runs import LEDGER_COLUMNS, RUN_COLUMNS, StoredRuns, chosen, column_named, write_table
from experiments.sweeps.run import said

DEFAULT_METRIC = "total_fall"
LONGEST_ERROR = 60


def list_runs(
    stored: StoredRuns,
    status: str,
    where: Sequence[str],
    columns: Sequence[str],
    limit: int,
    export: Path | None,
) -> None:
    """Print the runs that meet all conditions, one line each, or write them to a file."""
    if status and status not in STATUSES:
        near = difflib.get_close_matches(status, STATUSES, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"--status: unknown status {status!r}{hint} (known: {', '.join(STATUSES)})")
    table = stored.everything
    for name in columns:
        column_named(table, name, "--columns")
    if status:
        table = table[table["status"] == status]
    table = chosen(table, where)
    if export is not None:
        if not status:
            finished = table[table["status"] == DONE]
            table = finished.drop(columns=list(LEDGER_COLUMNS)).dropna(axis=1, how="all")
        write_table(table.reset_index(drop=True), export)
        print(f"{len(table)} runs in {export}")
        return
    shown = table.head(limit) if limit else table
    _print_lines(shown, _listed(shown, columns))
    counts = Counter(stored.everything["status"])
    told = ", ".join(f"{counts[name]} {name}" for name in STATUSES if counts[name])
    print(f"{len(shown)} of {len(table)} runs shown; {len(stored)} in all" + (f": {told}" if told else ""))


def _listed(table: Any, columns: Sequence[str]) -> list[str]:
    """Return the columns to list: what was varied, the metrics asked for, and errors where there are any."""
    known = [str(name) for name in table.columns]
    metrics = list(columns) or ([DEFAULT_METRIC] if DEFAULT_METRIC in known else [])
    own = {*RUN_COLUMNS, *LEDGER_COLUMNS, *table.attrs.get("units", {})}
    settings = [name for name in known if name not in own]
    if not columns and not metrics:
        metrics = list(table.attrs.get("units", {}))[:3]
    errors = ["error"] if table["error"].notna().any() else []
    return list(dict.fromkeys(["number", "status", "seed", "twin", *settings, *metrics, *errors]))


def _print_lines(table: Any, columns: Sequence[str]) -> None:
    rows = [[_shown(value) for value in row] for row in table[list(columns)].itertuples(index=False)]
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    for row in [list(columns), *rows]:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _shown(value: Any) -> str:
    if value is None or value != value:
        return ""
    text = " ".join(said(value).split())
    return text if len(text) <= LONGEST_ERROR else f"{text[: LONGEST_ERROR - 1]}…"


def print_run_details(stored: StoredRuns, number: int) -> None:
    """Print what was run, what came of it, and every metric with its unit or why it is undefined."""
    table = stored.everything
    reasons = stored.reasons(number)
    (row,) = table[table["number"] == number].to_dict("records") or [{}]
    if not row:
        raise InputError(f"--show: no run {number}; they are numbered from 1 to {len(stored)}")
    lines = {}
    for name, value in row.items():
        cell = "" if value is None or value != value else said(value)
        if cell or name in reasons:
            unit = stored.unit(str(name))
            lines[str(name)] = f"{cell}{' ' if cell and unit else ''}{unit if cell else ''}"
            if name in reasons:
                lines[str(name)] += f" ({reasons[str(name)]})" if cell else reasons[str(name)]
    lines |= {f"version of {name}": said for name, said in stored.versions(number).items()}
    width = max(map(len, lines))
    for name, line in lines.items():
        print(f"{name:<{width}}  {line}")


def print_scenario(stored: StoredRuns, number: int) -> None:
    """Print the resolved scenario of a run as JSON."""
    print(json.dumps(stored.scenario(number), indent=1, ensure_ascii=False))
