"""Who lost in the crash: by kind of trader, and by leverage at P0."""

import numpy as np
from matplotlib.axes import Axes

from experiments.ensemble import Ensemble
from experiments.report import style
from experiments.report.quoted import KINDS, groups_of
from experiments.report.style import finish
from experiments.statistics import Estimate


def by_kind(axes: Axes, ensemble: Ensemble) -> None:
    """Change of what each kind is worth, million USD."""
    groups = groups_of(ensemble, "gain", "kind")
    names = sorted(groups, key=lambda name: groups[name].median)[::-1]
    _bars(axes, [groups[name] for name in names])
    axes.set_yticks(np.arange(len(names)), [KINDS.get(name, name.replace("_", " ")) for name in names])
    axes.set_xlabel("change of worth from P0 to the end of the crash, million USD")
    finish(axes, f"Who lost, by kind: {ensemble.name}", "")


def by_leverage(axes: Axes, ensemble: Ensemble) -> None:
    """Change of what retail traders with positions are worth, by their leverage at P0."""
    groups = groups_of(ensemble, "gain_share", "leverage")
    names = sorted(groups, key=int)
    _bars(axes, [groups[name] for name in names], 100.0)
    axes.set_yticks(np.arange(len(names)), names)
    axes.set_xlabel("change of worth, % of worth at P0")
    finish(axes, f"Leveraged retail, by leverage at P0: {ensemble.name}", "decile of leverage, 10 = highest")


def _bars(axes: Axes, estimates: list[Estimate], factor: float = 1.0) -> None:
    medians = np.array([factor * item.median for item in estimates])
    colours = [style.VERMILION if value < 0.0 else style.BLUE for value in medians]
    axes.barh(np.arange(len(medians)), medians, color=colours, height=0.65)
    for row, item in enumerate(estimates):
        ends = np.nan_to_num(factor * np.array([item.low, item.high]), nan=float(medians[row]))
        axes.hlines(row, ends[0], ends[1], color=style.BLACK, linewidth=1.3)
    axes.axvline(0.0, color=style.BLACK, linewidth=0.8)
    axes.margins(x=0.08)
