"""The figure of a paper: a panel for each quantity that varies, and one for the single numbers."""

from pathlib import Path
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.report.style import BLACK, BLUE, GREY, SIZE_INCHES, VERMILION, finish, log_axis, new_figure
from experiments.reproduce.comparison import label_of

FEWEST_ON_A_CURVE = 3
LOG_RATIO = 100.0
WIDTH_INCHES = 7.4
LABEL_CHARACTERS = 34


def draw(table: pd.DataFrame, title: str, path: Path) -> None:
    """Write the figure of a table of `experiments.reproduce.comparison.compared`.

    Curves show published numbers as a line and ours as points with bars of three standard errors; single
    numbers are shown as their difference over the largest that is a hit.
    """
    curves = [
        (str(quantity), rows)
        for quantity, rows in table.groupby("quantity", sort=False)
        if rows["at"].notna().sum() >= FEWEST_ON_A_CURVE
    ]
    single = table[~table["quantity"].isin([name for name, _ in curves]) & table["published"].notna()]
    panels = len(curves) + (len(single) > 0)
    height = 3.1 * len(curves) + ((1.2 + 0.3 * len(single)) if len(single) else 0.0)
    figure, grid = new_figure(max(panels, 1), 1, (WIDTH_INCHES, max(height, SIZE_INCHES[1])))
    for (name, rows), axes in zip(curves, (line[0] for line in grid), strict=False):
        _curve(axes, name, rows)
    if len(single):
        _singles(grid[-1][0], single)
    figure.suptitle("\n".join(wrap(title, 90)), fontsize=10.5, x=0.01, ha="left")
    figure.savefig(path)


def _curve(axes: Axes, name: str, rows: pd.DataFrame) -> None:
    ordered = rows.sort_values("at")
    axes.plot(ordered["at"], ordered["published"], "-", color=GREY, linewidth=1.6, label="published or exact")
    axes.errorbar(
        ordered["at"],
        ordered["ours"],
        yerr=3.0 * ordered["standard_error"],
        fmt="o",
        color=BLUE,
        markersize=4.5,
        linewidth=1.1,
        label="ours",
    )
    quantity, _, varies = name.partition(" by ")
    axes.set_xlabel(varies)
    positive = ordered["published"][ordered["published"] > 0]
    if len(positive) == len(ordered) and positive.max() > LOG_RATIO * positive.min():
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        log_axis(axes)
    finish(axes, quantity, "")


def _singles(axes: Axes, rows: pd.DataFrame) -> None:
    place = np.arange(len(rows))[::-1]
    gap = ((rows["ours"] - rows["published"]) / rows["allowed"]).to_numpy()
    colours = [BLUE if verdict == "hit" else VERMILION for verdict in rows["verdict"]]
    axes.axvspan(-1.0, 1.0, color="#E8F1F8", linewidth=0)
    axes.axvline(0.0, color=BLACK, linewidth=0.8)
    axes.scatter(np.clip(gap, -2.0, 2.0), place, c=colours, s=26, zorder=3)
    labels = [
        "\n".join(wrap(label_of(str(name), float(at)), LABEL_CHARACTERS))
        for name, at in zip(rows["quantity"], rows["at"], strict=True)
    ]
    axes.set_yticks(place, labels, fontsize=8)
    axes.set_xlim(-2.1, 2.1)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlabel("difference over the largest that is a hit")
    finish(axes, "", "")
