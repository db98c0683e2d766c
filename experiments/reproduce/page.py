"""Write the reference page of reproduced papers from the tables that ``undertow reproduce`` has saved.

``for name in $(undertow reproduce | cut -d' ' -f1); do undertow reproduce $name --out DIR; done``, then
``python -m experiments.reproduce.page DIR > docs/reference/papers.md``.
"""

import importlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.reproduce import PAPERS
from experiments.reproduce.command import said
from experiments.reproduce.comparison import label_of

HEAD = """# Papers

What `undertow reproduce NAME` prints for each paper, with the default seeds. Every row calls the parts that
scenarios run. *From* says what ours is beside: a number printed in the paper, one that is exact by a closed
form or a recursion, or an earlier, independent simulation of the paper's model, where the paper shows no more
than a figure. A hit is within three standard errors (Student's quantile where few runs give the error; both
errors where the other number is a simulation too), or within the rounding of a printed number.

This page is written from the saved tables by `python -m experiments.reproduce.page DIR`.
"""


def page(folder: Path) -> str:
    """Return the page in Markdown.

    Parameters
    ----------
    folder
        Where ``NAME.csv`` of every paper of `PAPERS` is.
    """
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in PAPERS}
    parts = [HEAD, _summary(tables)]
    parts += [_section(name, table) for name, table in tables.items()]
    return "\n".join(parts)


def _summary(tables: dict[str, pd.DataFrame]) -> str:
    lines = ["| paper | what | hits |", "| --- | --- | ---: |"]
    for name, table in tables.items():
        judged = table[table["verdict"] != "–"]
        hits = int((judged["verdict"] == "hit").sum())
        lines.append(f"| [`{name}`](#{name.replace('_', '-')}) | {PAPERS[name]} | {hits} of {len(judged)} |")
    return "\n".join(lines) + "\n"


def _section(name: str, table: pd.DataFrame) -> str:
    told = (importlib.import_module(f"experiments.reproduce.{name}").__doc__ or "").strip()
    lines = [f"({name.replace('_', '-')})=", f"## `{name}`", "", told.replace("``", "`"), ""]
    lines += [
        "| quantity | ours | standard error | published | from | |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    for row in table.to_dict("records"):
        label = label_of(str(row["quantity"]), float(row["at"]))
        error = f"{row['standard_error']:.2g}" if row["standard_error"] else "–"
        known = bool(np.isfinite(row["published"]))
        published, source = (said(row["published"]), row["source"]) if known else ("–", "")
        lines.append(
            f"| {label} | {said(row['ours'])} | {error} | {published} | {source} | {row['verdict']} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1])))
