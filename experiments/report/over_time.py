"""What is drawn against time from P0: each function draws one scenario on the axes it is given."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from experiments.ensemble import Ensemble
from experiments.mechanisms import TWINS
from experiments.real_event import RealEvent
from experiments.report import style
from experiments.report.stage_bands import common_stages, shade_stages
from experiments.report.style import TWIN_COLOURS, TimeAxis, finish, mark_events

Floats = npt.NDArray[np.float64]
Dashes = str | tuple[int, tuple[int, ...]]

LEAD = 0.12  # share of the crash shown before P0, and a quarter after its end
TRAIL = 0.25
MOST_PATHS = 20
"""More seeds than this are shown by their range alone."""


def crash_axis(ensemble: Ensemble) -> TimeAxis:
    """Return the time axis of the crash: from a little before P0 to a little after its end."""
    first = max(float(ensemble.minute[0]), -LEAD * ensemble.crash_minutes)
    last = min(float(ensemble.minute[-1]), (1.0 + TRAIL) * ensemble.crash_minutes)
    return TimeAxis(first, last)


def band(
    axes: Axes,
    ensemble: Ensemble,
    series: str,
    colour: str,
    label: str,
    factor: float = 1.0,
    dashes: Dashes = "-",
) -> None:
    """Draw the median of a series and shade its 5 to 95 % range over seeds."""
    time = crash_axis(ensemble)
    shown = (ensemble.minute >= time.first - 1) & (ensemble.minute <= time.last + 1)
    x = ensemble.minute[shown] * time.scale
    low, median, high = factor * ensemble.bands[series][:, shown]
    if len(ensemble.seeds) > 1:
        axes.fill_between(x, low, high, color=colour, alpha=0.22, linewidth=0)
    axes.plot(x, median, color=colour, linewidth=1.5, linestyle=dashes, label=label)


def each_seed(axes: Axes, ensemble: Ensemble) -> None:
    """Draw the price of every seed, thin: seeds crash at different times, so that their median is flatter."""
    if not 1 < len(ensemble.seeds) <= MOST_PATHS:
        return
    time = crash_axis(ensemble)
    shown = (ensemble.minute >= time.first - 1) & (ensemble.minute <= time.last + 1)
    for place, path in enumerate(ensemble.paths[:, shown]):
        label = "simulated, each seed" if place == 0 else None
        axes.plot(
            ensemble.minute[shown] * time.scale, path, color=style.BLUE, linewidth=0.5, alpha=0.6, label=label
        )


def close(axes: Axes, ensemble: Ensemble, title: str, y_label: str) -> None:
    """Set the time axis, shade the stages, mark the events, and put title and labels."""
    time = crash_axis(ensemble)
    time.apply(axes)
    rows = shade_stages(axes, common_stages(ensemble), time)
    rows = mark_events(axes, ensemble.marks, time, rows)
    finish(axes, f"{title}: {ensemble.name}", y_label, rows)


def price(axes: Axes, ensemble: Ensemble, real: RealEvent | None) -> None:
    """BTC against time from P0, with the real bars or the published figures of the event."""
    each_seed(axes, ensemble)
    band(axes, ensemble, "price_percent", style.BLUE, "simulated, median and 5-95 % of seeds")
    if real is not None:
        _real_price(axes, crash_axis(ensemble), real)
    close(axes, ensemble, "Price of BTC", "% of the price at P0")


def _real_price(axes: Axes, time: TimeAxis, real: RealEvent) -> None:
    shown = (real.minute >= time.first) & (real.minute <= time.last)
    x, y = real.minute[shown] * time.scale, real.price_percent[shown]
    if real.published:
        axes.plot(x, y, "o", color=style.BLACK, markersize=4, label="real, published figures")
        return
    low, high = real.low_percent[shown], real.high_percent[shown]
    axes.fill_between(
        x, low, high, step="pre", color=style.GREY, alpha=0.3, linewidth=0, label="real bars, low to high"
    )
    axes.plot(x, y, color=style.BLACK, linewidth=1.1, linestyle=(0, (4, 1.5)), label="real bars, close")


def assets(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """BTC, ETH and ALT against time."""
    for series, colour, name in (
        ("price_percent", style.BLUE, "BTC"),
        ("eth_percent", style.GREEN, "ETH"),
        ("alt_percent", style.VERMILION, "ALT"),
    ):
        if series in ensemble.bands:
            band(axes, ensemble, series, colour, name)
    close(axes, ensemble, "Three coins", "% of the price at P0")


def twin_prices(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """Median price of BTC with each mechanism switched off."""
    time = crash_axis(ensemble)
    band(axes, ensemble, "price_percent", style.BLACK, "as it is")
    for twin, (minute, percent) in ensemble.twin_prices.items():
        shown = (minute >= time.first) & (minute <= time.last)
        colour = TWIN_COLOURS[twin]
        axes.plot(minute[shown] * time.scale, percent[shown], color=colour, linewidth=1.3, label=TWINS[twin])
    close(axes, ensemble, "The same crash without one mechanism", "BTC, % of the price at P0")


def depth(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """Resting orders within 1 % of the mid."""
    band(axes, ensemble, "depth_bid", style.BLUE, "bids", 1e-6)
    band(axes, ensemble, "depth_ask", style.VERMILION, "asks", 1e-6)
    style.log_axis(axes)
    close(axes, ensemble, "Depth within 1 % of the mid", "million USD (log scale)")


def liquidations(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """Notional closed by force per minute: longs below the axis, shorts above."""
    time = crash_axis(ensemble)
    width = bin_minutes(time.last - time.first)
    for series, colour, label, sign in (
        ("liquidated_long", style.VERMILION, "longs", -1.0),
        ("liquidated_short", style.BLUE, "shorts", 1.0),
    ):
        x, low, median, high = binned(ensemble, series, time, width)
        axes.bar(x * time.scale, sign * median / 1e6, width * time.scale, color=colour, label=label)
        if len(ensemble.seeds) > 1:
            ends = np.sort(sign * np.stack((low, high)), axis=0) / 1e6
            axes.vlines(x * time.scale, ends[0], ends[1], color=style.BLACK, linewidth=0.6, alpha=0.5)
    axes.axhline(0.0, color=style.BLACK, linewidth=0.8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    close(axes, ensemble, "Forced closing, all coins", "million USD a minute")


def bin_minutes(window: float) -> float:
    """Return a bar width in minutes that gives at most about 100 bars in ``window`` minutes."""
    return next(
        (width for width in (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0) if window / width <= 100.0), 120.0
    )


def binned(
    ensemble: Ensemble, series: str, time: TimeAxis, width: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return centres and the quantiles of a flow averaged over bins of ``width`` minutes."""
    edges = np.arange(np.floor(time.first / width), np.ceil(time.last / width) + 1.0) * width
    which = np.digitize(ensemble.minute - 0.5, edges) - 1
    inside = (which >= 0) & (which < edges.size - 1)
    count = np.maximum(np.bincount(which[inside], minlength=edges.size - 1), 1)
    low, median, high = (
        np.bincount(which[inside], values[inside], minlength=edges.size - 1) / count
        for values in np.nan_to_num(ensemble.bands[series])
    )
    return 0.5 * (edges[1:] + edges[:-1]), low, median, high


def open_interest(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """Open interest of BTC relative to P0."""
    band(axes, ensemble, "open_interest_percent", style.BLUE, "BTC perpetual")
    close(axes, ensemble, "Open interest", "% of open interest at P0")


def funding(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """Funding rate of BTC."""
    axes.axhline(0.0, color=style.GREY, linewidth=0.8)
    band(axes, ensemble, "funding", style.BLUE, "BTC perpetual")
    close(axes, ensemble, "Funding rate", "basis points per 8 hours")


def sentiment(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """Mean sentiment, and the share of makers that quote."""
    axes.axhline(0.0, color=style.GREY, linewidth=0.8)
    band(axes, ensemble, "sentiment", style.PURPLE, "sentiment, -1 to 1")
    if "makers_quoting" in ensemble.bands:
        band(axes, ensemble, "makers_quoting", style.GREEN, "share of makers that quote")
    axes.set_ylim(-1.08, 1.08)
    close(axes, ensemble, "Sentiment and makers", "index, share")


def insurance_fund(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """Cash of the insurance fund."""
    band(axes, ensemble, "insurance_fund", style.BLUE, "insurance fund", 1e-6)
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")
    close(axes, ensemble, "Insurance fund", "million USD")
