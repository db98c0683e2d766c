"""The figure of a discrimination: how well each diagnostic separates, and the ROC of four of them."""

import io
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from experiments.discrimination.diagnostics import DIAGNOSTICS
from experiments.discrimination.separation import roc
from experiments.metrics import METRICS
from experiments.report.style import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, new_figure

if TYPE_CHECKING:
    from experiments.discrimination.job import Discrimination

COLOURS = {
    "what lasts": BLUE,
    "other markets": GREEN,
    "between coins and exchanges": PURPLE,
    "violence": VERMILION,
    "forced closing": ORANGE,
}
BLANK = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
LONGEST_TITLE = 58
ROC_OF = ("recovery_share_median_1_24h", "volatility_ratio_3d", "crash_to_calm_volatility", "total_fall")
STYLES = ("-", "--", "-.", ":")


def draw_discrimination(result: "Discrimination") -> bytes:
    """Return a PNG: areas under the ROC with intervals, and ROC curves of what lasts and of violence."""
    figure, ((left, right),) = new_figure(1, 2, (12.0, 5.4))
    _areas(left, result)
    _curves(right, result)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def _areas(axes: Axes, result: "Discrimination") -> None:
    row = np.arange(len(DIAGNOSTICS))[::-1]
    seen = set()
    for place, item in zip(row, DIAGNOSTICS, strict=True):
        found = result.separations[item.metric]
        if found is None:
            axes.text(
                0.5,
                place,
                "too few runs have it",
                ha="center",
                va="center",
                fontsize=7.5,
                color=GREY,
                bbox=BLANK,
            )
            continue
        label = None if item.group in seen else item.group
        seen.add(item.group)
        error = np.array([[max(found.area - found.low, 0.0)], [max(found.high - found.area, 0.0)]])
        colour = COLOURS[item.group]
        axes.errorbar(found.area, place, xerr=error, fmt="o", color=colour, markersize=5, label=label)
    axes.axvline(0.5, color=GREY, linewidth=1.0)
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.7, len(DIAGNOSTICS) - 0.3)
    titles = [METRICS[item.metric].title[:LONGEST_TITLE] for item in DIAGNOSTICS]
    axes.set_yticks(row, titles, fontsize=8)
    axes.set_xlabel("P(cascade above repricing), area under the ROC; 0.5 tells nothing", fontsize=9)
    axes.legend(fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.3, 1.0), frameon=False)


def _curves(axes: Axes, result: "Discrimination") -> None:
    from experiments.discrimination.job import columns

    groups = {item.metric: item.group for item in DIAGNOSTICS}
    for metric, style in zip(ROC_OF, STYLES, strict=True):
        found = result.separations[metric]
        if found is None:
            continue
        one, other = (values[~np.isnan(values)] for values in columns(result.table, metric))
        false, true, _ = roc(one, other)
        if found.higher == "repricing":  # the other way round: what is below the threshold is a cascade
            false, true = 1.0 - false, 1.0 - true
        label = METRICS[metric].title
        axes.plot(false, true, style, color=COLOURS[groups[metric]], label=label, drawstyle="steps-post")
    axes.plot([0.0, 1.0], [0.0, 1.0], color=GREY, linewidth=0.8)
    axes.set_xlabel("repricings taken for cascades, share", fontsize=9)
    axes.set_ylabel("cascades found, share", fontsize=9)
    axes.set_aspect("equal")
    axes.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
