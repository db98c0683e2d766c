"""What each mechanism made of an outcome, scenario beside scenario."""

import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.attribution import Part
from experiments.attribution_result import Attribution
from experiments.attribution_tables import LEFT_LABEL, share_said
from experiments.mechanisms import MECHANISMS
from experiments.metrics import METRICS
from experiments.report import style
from experiments.report.words import with_unit

ROW_INCHES = 0.34
PANEL_INCHES = 4.4
LABEL_INCHES = 1.6


def draw_attribution(attributions: Sequence[Attribution]) -> bytes:
    """Return the figure as PNG; the same numbers give the same bytes."""
    stream = io.BytesIO()
    attribution_figure(attributions).savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def attribution_figure(attributions: Sequence[Attribution]) -> Figure:
    """Return bars of Shapley shares with intervals, one panel a scenario, all on one scale."""
    rows = 1 + len(attributions[0].mechanisms)
    size = (LABEL_INCHES + PANEL_INCHES * len(attributions), 1.5 + ROW_INCHES * rows)
    figure, [panels] = style.new_figure(1, len(attributions), size)
    for axes, item in zip(panels, attributions, strict=True):
        _panel(axes, item)
    low = min(axes.get_xlim()[0] for axes in panels)
    high = max(axes.get_xlim()[1] for axes in panels)
    for axes in panels:
        axes.set_xlim(low, high)
    for axes in panels[1:]:
        axes.set_yticklabels([])
    figure.suptitle(f"What made it: {METRICS[attributions[0].metric].title}", fontsize=11)
    return figure


def _panel(axes: Axes, item: Attribution) -> None:
    parts = [*item.parts.values(), item.left][::-1]
    labels = [*(MECHANISMS[name].label for name in item.parts), LEFT_LABEL][::-1]
    place = np.arange(len(parts))
    shares = np.array([100.0 * part.share for part in parts])
    colours = [style.GREY] + [style.BLUE] * len(item.parts)
    axes.barh(place, np.nan_to_num(shares), color=colours, height=0.62)
    ends = []
    for row, part in enumerate(parts):
        low, high = _ends(part)
        axes.hlines(row, low, high, color=style.BLACK, linewidth=1.4)
        ends += [low, high]
        axes.annotate(
            share_said(part),
            (max(high, 0.0), row),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
        )
    axes.set_yticks(place, labels)
    axes.axvline(0.0, color=style.BLACK, linewidth=0.8)
    widest = max(max(ends, default=0.0), 1.0) - min(min(ends, default=0.0), 0.0)
    axes.set_xlim(min(*ends, 0.0) - 0.05 * widest, max(*ends, 1.0) + 0.34 * widest)
    whole = with_unit(item.outcome.amount, METRICS[item.metric].unit)
    axes.set_xlabel("% of it (bar: Shapley share, line: 95 % interval)")
    seeds = f"{len(item.seeds)} seed{'s' if len(item.seeds) > 1 else ''}"
    style.finish(axes, f"{item.scenario}: {whole} ({seeds})", "")


def _ends(part: Part) -> tuple[float, float]:
    """Return the ends of the interval in percent, both at the share itself where there is none."""
    share = 0.0 if math.isnan(part.share) else part.share
    low, high = (share if math.isnan(end) else end for end in (part.share_low, part.share_high))
    return 100.0 * low, 100.0 * high
