"""What ``undertow reproduce NAME`` does."""

import importlib
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from experiments.errors import InputError
from experiments.reproduce import NEEDS_DATA, PAPERS
from experiments.reproduce.comparison import label_of
from experiments.reproduce.figure import draw

SOURCE_TREE = Path(__file__).resolve().parents[2]
PLAIN_WIDTH = 130


def data_folder(given: Path | None) -> Path:
    """Return the folder of data: as given, or from UNDERTOW_DATA, or ``../shared/data`` of a source tree."""
    folder = given or Path(os.environ.get("UNDERTOW_DATA", SOURCE_TREE.parent / "shared" / "data"))
    if not folder.is_dir():
        raise InputError(f"--data: no folder {folder}; name the folder of data, or set UNDERTOW_DATA")
    return folder


def module_of(name: str) -> ModuleType:
    """Return the module of a paper of `PAPERS`.

    Raises
    ------
    InputError
        If the name is unknown.
    """
    if name not in PAPERS:
        import difflib

        near = difflib.get_close_matches(name, PAPERS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(PAPERS)}"
        raise InputError(f"reproduce: no paper {name!r}; {hint}")
    return importlib.import_module(f"experiments.reproduce.{name}")


def reproduce_and_save(name: str, out: Path, data: Path | None = None) -> list[Path]:
    """Run a paper, print its table, write table and figure into ``out``; return what was written.

    Raises
    ------
    InputError
        If the name is unknown, or data are needed and not found.
    """
    paper = module_of(name)
    try:
        folder = data_folder(data) if name in NEEDS_DATA else None
        table: pd.DataFrame = paper.reproduce() if folder is None else paper.reproduce(folder)
    except FileNotFoundError as error:
        raise InputError(f"{name}: no file {error.filename}") from error
    print_table(table, name)
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{name}.csv", out / f"{name}.png"]
    table.to_csv(files[0], index=False)
    if folder is None:
        draw(table, f"{name}: {PAPERS[name]}", files[1])
    else:
        paper.draw_own(folder, files[1])
    return files


def print_table(table: pd.DataFrame, name: str) -> None:
    """Print a table of `experiments.reproduce.comparison.compared`."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    shown = Table(f"{name}: {PAPERS[name]}")
    for head in ("ours", "standard error", "published", "from", "verdict"):
        shown.add_column(head, justify="left" if head in ("from", "verdict") else "right")
    for row in table.to_dict("records"):
        label = label_of(str(row["quantity"]), float(row["at"]))
        error = f"{row['standard_error']:.2g}" if row["standard_error"] else "exact"
        known = np.isfinite(row["published"])
        published = said(row["published"]) if known else "–"
        shown.add_row(label, said(row["ours"]), error, published, str(row["source"]), str(row["verdict"]))
    console.print(shown)
    judged = table[table["verdict"] != "–"]
    console.print(f"{int((judged['verdict'] == 'hit').sum())} of {len(judged)} hit", markup=False)


def said(value: float) -> str:
    """Return a number with five significant digits, thousands apart from 10,000 up."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.5g}"
