"""The six stages as bands behind what is drawn against time."""

import math

from matplotlib.axes import Axes

from abm.measures.stages import STAGES
from experiments.ensemble import Ensemble
from experiments.report.style import GREY, TimeAxis

COMMON = 0.5
"""A stage is drawn when at least this share of seeds went through it."""
SHADE = 0.055
_LEAST_DISTANCE = 0.022
_KEY_SIZE = 7.0
_KEY_BELOW_POINTS = 35.0

Bands = list[tuple[int, str, float, float]]


def short(name: str) -> str:
    """Return the name of a stage in the words that fit below a narrow chart."""
    name = name.removeprefix("liquidity ").removesuffix(" failure")
    return "ADL" if name == "auto-deleveraging" else name


def common_stages(ensemble: Ensemble) -> Bands:
    """Return number, name, median start and median end (minutes from P0) of the stages to draw."""
    bands = []
    for number, (stage, name) in enumerate(STAGES.items(), 1):
        times = ensemble.stages.get(stage)
        if times is not None and times.share >= COMMON:
            bands.append((number, name, times.start.median, times.end.median))
    return bands


def shade_stages(axes: Axes, bands: Bands, time: TimeAxis) -> int:
    """Shade each stage from its start to its end, with its number above, and name them below the axis.

    Where stages overlap the shade is darker. Numbers that would meet are written together.

    Returns
    -------
    int
        How many rows of text stand above the axes.
    """
    shown = [band for band in bands if time.first <= band[2] <= time.last]
    if not shown:
        return 0
    groups: list[tuple[float, list[int]]] = []
    for number, _, start, end in sorted(shown, key=lambda band: band[2]):
        right = min(end, time.last) if math.isfinite(end) else time.last
        axes.axvspan(start * time.scale, right * time.scale, color=GREY, alpha=SHADE, linewidth=0, zorder=0.4)
        axes.axvline(start * time.scale, color=GREY, linewidth=0.6, alpha=0.7, zorder=0.5)
        place = (start - time.first) / (time.last - time.first)
        if groups and place < groups[-1][0] + _LEAST_DISTANCE * (2 * len(groups[-1][1]) - 1):
            groups[-1][1].append(number)
        else:
            groups.append((place, [number]))
    for place, numbers in groups:
        text = ", ".join(map(str, numbers))
        axes.text(place, 1.01, text, transform=axes.transAxes, fontsize=7.5, color=GREY, va="bottom")
    key = "stages: " + ", ".join(f"{number} {short(name)}" for number, name, _, _ in shown)
    axes.annotate(
        key,
        (0.0, 0.0),
        (0.0, -_KEY_BELOW_POINTS),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=_KEY_SIZE,
        color=GREY,
        va="top",
    )
    return 1
