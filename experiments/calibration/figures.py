"""Figures of a calibration: bands before and after, and which parameter moves which band."""

import io
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from experiments.calibration.distance import Distance
from experiments.report.style import BLUE, GREY, VERMILION, new_figure

if TYPE_CHECKING:
    from experiments.calibration.job import Calibration

SHOWN_BEYOND = 3.0
LONGEST_LABEL = 60


def draw_bands(calibration: "Calibration") -> bytes:
    """Return a PNG with each band on fresh seeds: its ends at -1 and 1, before as a ring, after as a dot."""
    file = calibration.file
    targets = [row.target for rows in calibration.after.values() for row in rows]
    places = Distance(targets, np.ones(len(targets)), file.cap, file.pull).places
    values = [
        np.array([row.estimate.median for own in rows.values() for row in own])
        for rows in (calibration.before, calibration.after)
    ]
    before, after = (np.clip(places(item), -1 - SHOWN_BEYOND, 1 + SHOWN_BEYOND) for item in values)
    figure, ((axes,),) = new_figure(1, 1, (7.2, 1.6 + 0.24 * len(targets)))
    row = np.arange(len(targets))[::-1]
    axes.axvspan(-1.0, 1.0, color="#E8F1F8", linewidth=0)
    axes.hlines(row, before, after, color=GREY, linewidth=0.8)
    axes.plot(after, row, "o", color=BLUE, markersize=5, label="calibrated")
    axes.plot(before, row, "o", mfc="none", color=VERMILION, markersize=8, label="scenario as it is")
    axes.plot(
        places(np.array([t.real for t in targets])), row, "|", color="black", markersize=9, label="real"
    )
    axes.set_yticks(
        row, [shorten(f"{t.id} {t.title}", LONGEST_LABEL, placeholder=" …") for t in targets], fontsize=7.5
    )
    axes.set_xlim(-1.2 - SHOWN_BEYOND, 1.2 + SHOWN_BEYOND)
    axes.set_ylim(-0.7, len(targets) - 0.3)
    axes.set_xlabel(
        "median over fresh seeds, half-widths from mid-band\n"
        f"(further out than {1 + SHOWN_BEYOND:g}: drawn there; undefined: left out)",
        fontsize=8,
    )
    axes.legend(fontsize=8, ncols=3, loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False)
    return _png(figure)


def draw_identifiability(calibration: "Calibration") -> bytes:
    """Return a PNG of rank correlations; numbers stand where the 95 % interval leaves out zero."""
    found = calibration.identifiability
    paths = [parameter.path for parameter in calibration.file.parameters]
    several = len(calibration.scenarios) > 1
    labels = [
        f"{band.target.id} {band.scenario}" if several else band.target.id for band in calibration.bands
    ]
    size = (2.6 + 0.33 * len(labels), 1.7 + 0.36 * len(paths) + (0.8 if several else 0.0))
    figure, ((axes,),) = new_figure(1, 1, (max(size[0], 6.0), size[1]))
    axes.grid(visible=False)
    picture = axes.imshow(found.correlation, cmap="PuOr", vmin=-1.0, vmax=1.0, aspect="auto")
    for row, column in zip(*np.nonzero(found.moved), strict=True):
        value = found.correlation[row, column]
        shown = f"{value:.1f}".replace("0.", ".").replace("-", "−")
        colour = "white" if abs(value) > 0.6 else "black"
        axes.text(column, row, shown, ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=8)
    axes.set_yticks(range(len(paths)), paths, fontsize=8)
    axes.set_xlabel("band (blank: it never moves, or is undefined)", fontsize=9)
    bar = figure.colorbar(picture, ax=axes, fraction=0.04, pad=0.02, ticks=(-1.0, -0.5, 0.0, 0.5, 1.0))
    bar.ax.tick_params(labelsize=8)
    bar.set_label(f"rank correlation, {found.points} points", fontsize=8, labelpad=6)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()
