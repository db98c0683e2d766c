"""The figure of a phase diagram: a metric as colour, the boundary of cascades as a line."""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from experiments.phase import Floats, PhaseMap
from experiments.report.style import BLACK, new_figure

SIZE_INCHES = (7.2, 5.0)
EVEN = 0.02
"""Values whose steps, or ratios, differ by less than this share count as evenly spaced."""


def phase_figure(phases: PhaseMap) -> bytes:
    """Return the picture as PNG."""
    figure, ((axes,),) = new_figure(size_inches=SIZE_INCHES)
    axes.grid(visible=False)
    scales = ("log" if in_ratios(phases.x) else "linear", "log" if in_ratios(phases.y) else "linear")
    axes.set_xscale(scales[0])
    axes.set_yscale(scales[1])
    shown = np.where(np.isfinite(phases.median), phases.median, np.nan)
    mesh = axes.pcolormesh(
        edges(phases.x, scales[0]), edges(phases.y, scales[1]), np.ma.masked_invalid(shown), cmap="cividis_r"
    )
    unit = f", {phases.unit}" if phases.unit else ""
    figure.colorbar(mesh, ax=axes, label=f"{phases.title}{unit} (median)")
    _boundary(axes, phases)
    for axis, values in ((axes.xaxis, phases.x), (axes.yaxis, phases.y)):
        axis.set_major_locator(_at(values))
        axis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.set_minor_locator(_at(np.zeros(0)))
    if len(phases.x) > 5:
        axes.tick_params(axis="x", rotation=30)
    axes.set_xlabel(phases.x_path)
    axes.set_ylabel(phases.y_path)
    axes.set_title(
        f"○ calm   ● cascade: {phases.rule} in at least {100 * phases.share:g} % of "
        f"{_runs(phases)} runs of a point",
        fontsize=9.5,
        loc="left",
    )
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _runs(phases: PhaseMap) -> str:
    least, most = int(phases.runs.min()), int(phases.runs.max())
    return f"{most}" if least == most else f"{least} to {most}"


def _boundary(axes: Axes, phases: PhaseMap) -> None:
    """Mark every point, and draw where the share of cascades, between points in a line, passes the rule's."""
    known = np.isfinite(phases.cascades)
    cascade = known & (phases.cascades >= phases.share)
    for marked, face in ((known & ~cascade, "white"), (cascade, BLACK)):
        rows, columns = np.nonzero(marked)
        axes.scatter(
            phases.x[columns], phases.y[rows], s=26, facecolor=face, edgecolor=BLACK, linewidth=0.9, zorder=3
        )
    if known.all() and cascade.any() and not cascade.all():
        halo = axes.contour(
            phases.x, phases.y, phases.cascades, [phases.share], colors="white", linewidths=4.0
        )
        halo.set_zorder(2)
        axes.contour(phases.x, phases.y, phases.cascades, [phases.share], colors=BLACK, linewidths=1.8)
        line = Line2D([], [], color=BLACK, linewidth=1.8, label="boundary")
        axes.legend(handles=[line], fontsize=8, loc="best", framealpha=0.85, edgecolor="none")


def in_ratios(values: Floats) -> bool:
    """Tell whether values rise in equal ratios rather than in equal steps, or over more than a decade."""
    if values[0] <= 0.0:
        return False
    steps, ratios = np.diff(values), np.diff(np.log(values))
    if len(values) > 2 and np.ptp(steps) <= EVEN * steps.mean():
        return False
    return bool((len(values) > 2 and np.ptp(ratios) <= EVEN * ratios.mean()) or values[-1] > 10.0 * values[0])


def edges(values: Floats, scale: str) -> Floats:
    """Return the borders of cells around values, in the middle between them on the axis's scale."""
    places = np.log(values) if scale == "log" else values
    middle = 0.5 * (places[1:] + places[:-1])
    ends = (2 * places[0] - middle[0], 2 * places[-1] - middle[-1])
    borders = np.concatenate(([ends[0]], middle, [ends[1]]))
    return np.exp(borders) if scale == "log" else borders


def _at(values: Floats) -> FixedLocator:
    return FixedLocator(values.tolist())
