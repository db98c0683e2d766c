"""What is drawn against other things than time from P0: what was given back, and what the twins removed."""

import numpy as np
from matplotlib.axes import Axes

from experiments.ensemble import Ensemble
from experiments.mechanisms import TWINS
from experiments.real_event import RealEvent
from experiments.report import style
from experiments.report.style import TWIN_COLOURS, finish


def recovery(axes: Axes, ensemble: Ensemble, real: RealEvent | None) -> None:
    """Share of the fall given back, R(h), against hours after the low."""
    low, median, high = ensemble.recovery
    hours = ensemble.recovery_hours
    if len(ensemble.seeds) > 1:
        axes.fill_between(hours, low, high, color=style.BLUE, alpha=0.22, linewidth=0)
    axes.plot(hours, median, color=style.BLUE, linewidth=1.5, label="simulated, median and 5-95 % of seeds")
    if real is not None:
        shown = (real.recovery_hours >= hours[0]) & (real.recovery_hours <= 1.02 * hours[-1])
        look = "o" if real.published else "--"
        label = "real, published figures" if real.published else "real bars"
        x, y = real.recovery_hours[shown], real.recovery[shown]
        axes.plot(x, y, look, color=style.BLACK, linewidth=1.2, markersize=4, label=label)
    axes.axhline(0.5, color=style.GREY, linewidth=0.8, linestyle="--")
    axes.set_xscale("log")
    axes.set_xlim(hours[0], hours[-1])
    ticks = [tick for tick in RECOVERY_TICKS if hours[0] <= tick[0] <= hours[-1]]
    axes.set_xticks([tick[0] for tick in ticks], [tick[1] for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("time after the low (log scale)")
    finish(axes, f"Share of the fall given back, R(h): {ensemble.name}", "share of the fall")


RECOVERY_TICKS = [
    (1 / 12, "5 min"),
    (0.25, "15 min"),
    (1.0, "1 h"),
    (4.0, "4 h"),
    (24.0, "1 d"),
    (72.0, "3 d"),
    (168.0, "7 d"),
    (720.0, "30 d"),
]


def twins(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """Share of the fall that goes away when one mechanism is off."""
    names = [twin for twin in TWINS if twin in ensemble.twins][::-1]
    place = np.arange(len(names))
    medians = np.array([100.0 * ensemble.twins[name].median for name in names])
    axes.barh(place, medians, color=[TWIN_COLOURS[name] for name in names], height=0.6)
    for row, name in enumerate(names):
        shares = ensemble.twins[name]
        ends = np.nan_to_num(100.0 * np.array([shares.low, shares.high]), nan=100.0 * shares.median)
        axes.hlines(row, ends[0], ends[1], color=style.BLACK, linewidth=1.4)
        right = max(ends[1], medians[row], 0.0)
        axes.annotate(
            f"{round(float(medians[row])):d} %".replace("-", "−"),
            (right, row),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.set_yticks(place, [TWINS[name] for name in names])
    axes.axvline(0.0, color=style.BLACK, linewidth=0.8)
    axes.margins(x=0.15)
    axes.set_xlabel("% of the fall of BTC removed (bar: median, line: 95 % interval)")
    finish(axes, f"What made the fall: {ensemble.name}", "")
