"""The common look of the figures: palette, axes, event marks, time axis."""

from collections.abc import Mapping
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

# Okabe and Ito 2008, "Color universal design": told apart with every common colour blindness
BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"
BLACK = "#000000"
GREY = "#6B6B6B"

TWIN_COLOURS = {
    "liquidations": VERMILION,
    "maker_withdrawal": GREEN,
    "herding": PURPLE,
    "adl": ORANGE,
    "exogenous_shock": SKY,
    "credit_contagion": BLUE,
}

SIZE_INCHES = (6.4, 3.7)
DOTS_PER_INCH = 130
HOURS_FROM_MINUTES = 360.0  # windows longer than this are drawn in hours

LABEL_ROW_HEIGHT = 0.065
_CHARACTER_WIDTH = 0.0135
_TITLE_CHARACTERS = 64


class TimeAxis:
    """The stretch of time that a figure shows, in minutes or hours from P0.

    Parameters
    ----------
    first, last
        Bounds in minutes from P0.
    """

    def __init__(self, first: float, last: float) -> None:
        self.first = first
        self.last = last
        self.scale = 1.0 / 60.0 if last - first > HOURS_FROM_MINUTES else 1.0
        self.label = "hours from P0" if self.scale < 1.0 else "minutes from P0"

    def apply(self, axes: Axes) -> None:
        """Set limits and label."""
        axes.set_xlim(self.first * self.scale, self.last * self.scale)
        axes.set_xlabel(self.label)


def new_figure(
    rows: int = 1, columns: int = 1, size_inches: tuple[float, float] = SIZE_INCHES
) -> tuple[Figure, list[list[Axes]]]:
    """Return an empty figure and its axes by row and column, drawn by Agg without any global state."""
    figure = Figure(figsize=size_inches, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    grid = [
        [figure.add_subplot(rows, columns, row * columns + column + 1) for column in range(columns)]
        for row in range(rows)
    ]
    for axes in (item for row in grid for item in row):
        axes.grid(visible=True, color="#E3E3E3", linewidth=0.7)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=9)
    return figure, grid


def mark_events(axes: Axes, marks: Mapping[str, float], time: TimeAxis, rows_below: int = 0) -> int:
    """Draw a dotted line for each mark, its name above the axes; names that would meet go a row higher.

    Parameters
    ----------
    axes
        Axes whose x axis is ``time``.
    marks
        Name -> minutes from P0; those outside the axis are left out.
    time
        The time axis.
    rows_below
        Rows of text that stand above the axes already.

    Returns
    -------
    int
        How many rows of text stand above the axes now.
    """
    row_ends: list[float] = []
    for name, minute in sorted(marks.items(), key=lambda item: item[1]):
        place = (minute - time.first) / (time.last - time.first)
        if not 0.0 <= place <= 1.0:
            continue
        axes.axvline(minute * time.scale, color=GREY, linestyle=":", linewidth=1.0)
        label = name if len(name) <= 32 else name[:31] + "…"
        width = _CHARACTER_WIDTH * len(label) + 0.01
        begin = min(place, 1.0 - width)
        row = next((index for index, end in enumerate(row_ends) if end < begin), len(row_ends))
        row_ends[row : row + 1] = [begin + width]
        axes.text(
            begin,
            1.01 + (rows_below + row) * LABEL_ROW_HEIGHT,
            label.replace("$", r"\$"),
            transform=axes.transAxes,
            fontsize=7.5,
            color=GREY,
            va="bottom",
        )
    return rows_below + len(row_ends)


def log_axis(axes: Axes) -> None:
    """Make the y axis logarithmic, labelled 1, 2, 5, 10 and so on."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 2000.0 * low else (1.0,)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_locator(NullLocator())


def finish(axes: Axes, title: str, y_label: str, mark_rows: int = 0) -> None:
    """Set the title above the rows of event names, the y label, and a legend if anything is named."""
    shown = "\n".join(wrap(title, _TITLE_CHARACTERS)).replace("$", r"\$")
    axes.set_title(shown, fontsize=10.5, loc="left", pad=6.0 + 12.5 * mark_rows)
    axes.set_ylabel(y_label)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=8, frameon=True, framealpha=0.7, edgecolor="none")
