"""The picture of two objectives: every policy with its intervals, those that nothing dominates marked."""

import io
import math
from textwrap import shorten

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.metrics import METRICS, VENUE_METRICS
from experiments.policies.pareto import HIGHER_IS_BETTER
from experiments.policies.policy_file import NO_CHANGE
from experiments.policies.study import PolicyStudy
from experiments.report.style import BLUE, GREY, VERMILION, new_figure
from experiments.statistics import Estimate

SIZE_INCHES = (9.0, 5.2)
ROOM_POINTS = 13.0
"""Distance within which two numbers beside their points would meet."""


def pareto_picture(study: PolicyStudy) -> bytes:
    """Return the picture as PNG."""
    figure, ((axes,),) = new_figure(size_inches=SIZE_INCHES)
    points = drawn_points(study)
    for number, (_, first, second, kept) in enumerate(points, 1):
        _point(axes, number, first, second, kept=kept)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    _numbers(figure, axes, points)
    _names(axes, points, [item.applied.policy.name for item in study.outcomes])
    axes.set_xlabel(axis_words(study.objectives[0]), fontsize=9)
    axes.set_ylabel(axis_words(study.objectives[1]), fontsize=9)
    seeds = f"{len(study.seeds)} seed" + ("" if len(study.seeds) == 1 else "s")
    axes.set_title(
        f"{study.scenario.name}: change against no change, {seeds}, medians of pairs with 95 % intervals",
        fontsize=10.5,
        loc="left",
    )
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


ROW = 0.045
"""Height of a row of names, share of the axes."""
Point = tuple[str, Estimate, Estimate, bool]


def drawn_points(study: PolicyStudy) -> list[Point]:
    """Return name, both differences and mark of what can be drawn: no change, then by the first axis."""
    zero = Estimate(0.0, math.nan, math.nan, len(study.seeds))
    points: list[Point] = []
    for item in study.outcomes:
        pair = [item.differences.get(name) for name in study.objectives]
        if pair[0] and pair[1] and math.isfinite(pair[0].median) and math.isfinite(pair[1].median):
            if not any(any((own.median, own.low, own.high)) for own in pair if own):
                continue  # it lies on no change
            points.append((item.applied.policy.name, pair[0], pair[1], item.kept))
    return [(NO_CHANGE, zero, zero, study.base_kept), *sorted(points, key=lambda point: point[1].median)]


def axis_words(metric: str) -> str:
    """Return what an axis shows, its unit, and which way is better."""
    general, _, exchange = metric.partition("@")
    known = METRICS.get(metric) or VENUE_METRICS[general]
    unit = "percentage points" if known.unit == "share" or known.unit.startswith("%") else known.unit
    where = f", {exchange}" if exchange else ""
    better = "more" if general in HIGHER_IS_BETTER else "less"
    return f"change of: {shorten(known.title, 60)}{where}\n({unit}; {better} is better)"


def _shown(estimate: Estimate, factor: float = 1.0) -> tuple[float, list[list[float]] | None]:
    """Return the median, and how far the interval reaches on both sides; None where it has none."""
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return factor * estimate.median, None
    below, above = estimate.median - estimate.low, estimate.high - estimate.median
    return factor * estimate.median, [[factor * below], [factor * above]]


def _point(axes: Axes, number: int, first: Estimate, second: Estimate, *, kept: bool) -> None:
    x, x_error = _shown(first)
    y, y_error = _shown(second)
    axes.errorbar(
        x,
        y,
        xerr=x_error,
        yerr=y_error,
        fmt="D" if kept else "o",
        color=VERMILION if kept else BLUE,
        markersize=7.0 if kept else 5.0,
        elinewidth=0.8,
        alpha=1.0 if kept else 0.75,
        zorder=4 if kept else 3,
        gid=f"point {number}",
    )


def _numbers(figure: Figure, axes: Axes, points: list[Point]) -> None:
    """Write each point's number beside it, farther away where numbers would meet."""
    figure.draw_without_rendering()
    scale = 72.0 / figure.dpi
    taken: list[tuple[float, float]] = [
        tuple(scale * axes.transData.transform((first.median, second.median)))
        for _, first, second, _ in points
    ]
    for number, (_, first, second, _) in enumerate(points, 1):
        x, y = scale * axes.transData.transform((first.median, second.median))
        turns = [(radius, k) for radius in (11, 18, 26, 35, 45) for k in range(12)]
        places = [
            (radius * math.cos(0.5 + k * math.pi / 6), radius * math.sin(0.5 + k * math.pi / 6))
            for radius, k in turns
        ]
        best = next(
            (
                place
                for place in places
                if all(math.dist((x + place[0], y + place[1]), other) >= ROOM_POINTS - 3.0 for other in taken)
            ),
            places[0],
        )
        taken.append((x + best[0], y + best[1]))
        far = math.hypot(*best) > 12.0
        axes.annotate(
            str(number),
            (first.median, second.median),
            best,
            textcoords="offset points",
            fontsize=8,
            ha="center",
            va="center",
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkB": 3} if far else None,
        )


def _names(axes: Axes, points: list[Point], every: list[str]) -> None:
    """Write the names beside the axes, those that nothing dominates in the colour of their marks."""
    drawn = [name for name, *_ in points]
    without = [name for name in every if name not in drawn]
    rows = [("no effect on both, or not known:" if without else ""), *without]
    for number, name in enumerate(rows, len(points) + 1):
        place = 1.0 - ROW * (number + 0.8)
        axes.text(1.02, place, name, transform=axes.transAxes, fontsize=7, color=GREY, va="top")
    axes.text(
        1.02,
        1.0,
        "◆ nothing is better in both",
        transform=axes.transAxes,
        fontsize=8,
        color=VERMILION,
        va="top",
    )
    for number, (name, _, _, kept) in enumerate(points, 1):
        axes.text(
            1.02,
            1.0 - ROW * (number + 0.4),
            f"{number:>2}  {name}",
            transform=axes.transAxes,
            fontsize=8,
            color=VERMILION if kept else "black",
            va="top",
        )
