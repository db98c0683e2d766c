"""The figure of a diagnosis: the fall with its legs, and what was given back."""

from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from abm.measures.fall import Fall
from abm.measures.price_path import DAY_S, HOUR_S
from abm.measures.recovery import recovery_curve
from experiments.bars import stamp
from experiments.diagnostics.diagnosis import Diagnosis
from experiments.diagnostics.event import HORIZONS_S, Event
from experiments.diagnostics.reading import in_words
from experiments.report.style import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, VERMILION

SIZE_INCHES = (8.0, 8.4)
DOTS_PER_INCH = 130
LEG_COLOURS = (ORANGE, VERMILION, SKY)
LONGEST_SHOWN_S = 30 * DAY_S
TICKS_S = (
    60.0,
    300.0,
    600.0,
    1800.0,
    HOUR_S,
    4 * HOUR_S,
    12 * HOUR_S,
    DAY_S,
    3 * DAY_S,
    7 * DAY_S,
    30 * DAY_S,
)


def draw_diagnosis(diagnosis: Diagnosis) -> bytes:
    """Return the figure as PNG: price around the fall above, share of the fall given back below."""
    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1)
    for axes in (above, below):
        axes.grid(visible=True, color="#E3E3E3", linewidth=0.7)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    _draw_fall(above, diagnosis)
    _draw_recovery(below, diagnosis)
    figure.suptitle(f"{_plain(diagnosis.bars.name)}: reads as {diagnosis.reading.verdict}", fontsize=12)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _plain(text: str) -> str:
    """Return text from a file with the signs that start mathematics taken literally."""
    return text.replace("$", r"\$")


def _draw_fall(axes: Axes, diagnosis: Diagnosis) -> None:
    fall, path = diagnosis.event.fall, diagnosis.bars.path()
    length = max(fall.low_s - fall.start_s, 6.0 * diagnosis.bars.step_s)
    first, last = fall.start_s - 0.5 * length, fall.low_s + 1.5 * length
    hours = last - first > 6.0 * HOUR_S
    unit_s = HOUR_S if hours else 60.0
    shown = (path.time_s >= first) & (path.time_s <= last)
    x = (path.time_s[shown] - fall.start_s) / unit_s
    low, high = path.low[shown], path.high[shown]
    axes.fill_between(x, low, high, step="pre", color="#BBBBBB", linewidth=0, label="low to high of the bar")
    axes.plot(x, path.close[shown], color=BLACK, linewidth=1.3, label="close")
    for number, leg in enumerate(diagnosis.event.legs, 1):
        axes.plot(
            [(leg.start_s - fall.start_s) / unit_s, (leg.low_s - fall.start_s) / unit_s],
            [leg.start_price, leg.low_price],
            color=LEG_COLOURS[(number - 1) % len(LEG_COLOURS)],
            linewidth=2.4,
            marker="o",
            markersize=4,
            label=f"leg {number}: -{100 * leg.fall:.1f} %",
        )
    x_low = (fall.low_s - fall.start_s) / unit_s
    axes.plot(x_low, fall.low_price, "v", color=BLUE, markersize=8, label="low (end of its bar)")
    _draw_levels(axes, fall)
    axes.set_xlim((first - fall.start_s) / unit_s, (last - fall.start_s) / unit_s)
    axes.set_xlabel(f"{'hours' if hours else 'minutes'} from P0 ({stamp(fall.start_s)} UTC)")
    axes.set_ylabel("price, USD")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
    axes.legend(fontsize=8, loc="lower left", framealpha=0.9)


def _draw_levels(axes: Axes, fall: Fall) -> None:
    for share, label, style in ((1.0, "P0", "--"), (0.5, "half given back", ":"), (0.0, "low", "--")):
        price = fall.low_price + share * fall.depth
        axes.axhline(price, color=BLUE, linewidth=1.0, linestyle=style)
        axes.annotate(
            f"{label} {price:,.7g}",
            (1.0, price),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 2),
            textcoords="offset points",
            ha="right",
            fontsize=8,
            color=BLUE,
        )


def _draw_recovery(axes: Axes, diagnosis: Diagnosis) -> None:
    event = diagnosis.event
    after_s, shares = recovery_curve(diagnosis.bars.path(), event.fall)
    # the bar of the low itself has no place on a logarithmic axis
    shown = (after_s > 0.0) & (after_s <= LONGEST_SHOWN_S)
    axes.plot(after_s[shown], shares[shown], color=BLACK, linewidth=1.0, label="R at closes")
    _draw_horizons(axes, event)
    if np.isfinite(event.median_recovery):
        label = f"median of 1 to 24 h: {event.median_recovery:.2f}"
        axes.plot([HOUR_S, DAY_S], [event.median_recovery] * 2, color=GREEN, linewidth=2.0, label=label)
    kept_s = event.sustained.after_s
    if kept_s > 0.0:
        label = f"half back and kept from {in_words(kept_s)} on"
        axes.axvline(kept_s, color=ORANGE, linewidth=1.6, linestyle="-.", label=label)
    axes.axhline(0.5, color=BLUE, linewidth=1.0, linestyle=":")
    axes.axhline(1.0, color=BLUE, linewidth=1.0, linestyle="--")
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_xscale("log")
    first, last = 0.8 * diagnosis.bars.step_s, 1.4 * float(after_s[shown].max(initial=HOUR_S))
    axes.set_xlim(first, last)
    ticks = [tick for tick in TICKS_S if first <= tick <= last]
    axes.set_xticks(ticks, ["1 d" if tick == DAY_S else in_words(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("time after the low (logarithmic)")
    axes.set_ylabel("R, share of the fall given back")
    axes.margins(y=0.12)
    axes.legend(fontsize=8, loc="best", framealpha=0.9)


def _draw_horizons(axes: Axes, event: Event) -> None:
    """Mark R at the reported horizons; the values stand in a row above the axes, where no curve runs."""
    known = {name: value for name, value in event.recovery.items() if np.isfinite(value)}
    if not known:
        return
    at_s = [HORIZONS_S[name] for name in known]
    axes.plot(at_s, list(known.values()), "o", color=VERMILION, markersize=6, label="R at the times above")
    for name, value in known.items():
        axes.annotate(
            f"{name[:-1]} {name[-1]}\n{value:.2f}",
            (HORIZONS_S[name], 1.01),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            fontsize=8,
            color=VERMILION,
        )
