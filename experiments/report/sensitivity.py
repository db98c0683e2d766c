"""The figure of a sensitivity analysis: one bar for each parameter and measure, with intervals."""

import io
import math
from collections.abc import Sequence

import numpy as np

from experiments.report.style import BLUE, ORANGE, new_figure
from experiments.sensitivity import Sensitivity

WIDTH_INCHES = 7.2
MEASURES = {
    "first order": "alone (first-order Sobol index)",
    "total": "with interactions (total Sobol index)",
    "mean effect": "mean size of the effect (Morris mu*)",
    "spread of effects": "spread of the effect (Morris sigma)",
    "distribution": "median Kolmogorov-Smirnov distance (PAWN)",
}


def sensitivity_figure(found: Sequence[Sensitivity]) -> bytes:
    """Return the picture as PNG: one row of axes for each metric."""
    paths = list(dict.fromkeys(index.path for index in found[0].indices))
    height = 0.9 + len(found) * (0.7 + 0.42 * len(paths))
    figure, rows = new_figure(len(found), 1, (WIDTH_INCHES, height))
    for (axes,), item in zip(rows, found, strict=True):
        measures = list(dict.fromkeys(index.measure for index in item.indices))
        thick = 0.8 / len(measures)
        for place, measure in enumerate(measures):
            own = [index for index in item.indices if index.measure == measure]
            at = np.arange(len(own)) + (place - 0.5 * (len(measures) - 1)) * thick
            ends = [
                [max(index.value - index.low, 0.0) for index in own],
                [max(index.high - index.value, 0.0) for index in own],
            ]
            with_interval = not any(math.isnan(index.low) for index in own)
            axes.barh(
                at,
                [index.value for index in own],
                0.9 * thick,
                xerr=ends if with_interval else None,
                color=(BLUE, ORANGE)[place],
                error_kw={"elinewidth": 1.1, "capsize": 2.5},
                label=MEASURES[measure],
            )
        axes.set_yticks(range(len(paths)), paths)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.axvline(0.0, color="black", linewidth=0.8)
        unit = f" ({item.unit})" if item.unit and "effect" in measures[0] else ""
        axes.set_xlabel(("change of the metric" if "effect" in measures[0] else "index") + unit)
        axes.set_title(
            f"{item.title}: {item.points} settings, {item.seeds} runs each", fontsize=10, loc="left"
        )
        axes.legend(fontsize=8, loc="best", framealpha=0.85, edgecolor="none")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
