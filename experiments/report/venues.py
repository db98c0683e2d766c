"""What sets exchanges apart, against time from P0: prices, pegs, funds, deleveraging, withdrawals."""

import numpy as np
from matplotlib.axes import Axes

from experiments.ensemble import Ensemble
from experiments.real_event import RealEvent
from experiments.report import style
from experiments.report.over_time import band, bin_minutes, binned, close, crash_axis

VENUE_COLOURS = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, style.ORANGE, style.SKY)
VENUE_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))


def of_exchanges(ensemble: Ensemble, series: str) -> dict[str, str]:
    """Return what stands after the ``@`` -> whole name of the series that begin with ``series@``."""
    return {name.partition("@")[2]: name for name in ensemble.bands if name.startswith(f"{series}@")}


def _lines(axes: Axes, ensemble: Ensemble, series: str, factor: float = 1.0) -> None:
    """Draw one line for each exchange, told apart by colour and by dashes."""
    for place, (exchange, name) in enumerate(of_exchanges(ensemble, series).items()):
        look = place % len(VENUE_COLOURS)
        band(axes, ensemble, name, VENUE_COLOURS[look], exchange, factor, VENUE_DASHES[look])


def prices(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """BTC on every exchange."""
    _lines(axes, ensemble, "price_percent")
    close(axes, ensemble, "BTC by exchange", "% of the price at P0")


def alt_prices(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """ALT on every exchange."""
    _lines(axes, ensemble, "alt_percent")
    close(axes, ensemble, "ALT by exchange", "% of the price at P0")


def pegs(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """Lowest price of each pegged collateral coin over its conversion value."""
    axes.axhline(1.0, color=style.GREY, linewidth=0.8)
    _lines(axes, ensemble, "peg")
    axes.ticklabel_format(axis="y", useOffset=False)
    close(axes, ensemble, "Collateral: price over conversion value", "ratio, lowest of each minute")


def funds(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """Cash of every exchange's insurance fund."""
    _lines(axes, ensemble, "fund", 1e-6)
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")
    close(axes, ensemble, "Insurance fund by exchange", "million USD")


def deleveraging(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """Auto-deleveraged notional of every exchange, stacked."""
    _stacked(axes, ensemble, "adl", 1e-6)
    close(axes, ensemble, "Auto-deleveraging by exchange", "million USD a minute")


def withdrawals(axes: Axes, ensemble: Ensemble, _real: RealEvent | None) -> None:
    """Maker withdrawals by reason, stacked."""
    _stacked(axes, ensemble, "withdrawals", 1.0)
    close(axes, ensemble, "Maker withdrawals by reason", "withdrawals a minute")


def _stacked(axes: Axes, ensemble: Ensemble, series: str, factor: float) -> None:
    """Draw bars of the median over seeds, one colour for each exchange or reason, on top of each other."""
    time = crash_axis(ensemble)
    width = bin_minutes(time.last - time.first)
    bottom = None
    for place, (label, name) in enumerate(of_exchanges(ensemble, series).items()):
        x, _, median, _ = binned(ensemble, name, time, width)
        bottom = np.zeros_like(x) if bottom is None else bottom
        axes.bar(
            x * time.scale,
            factor * median,
            width * time.scale,
            bottom,
            color=VENUE_COLOURS[place % len(VENUE_COLOURS)],
            edgecolor="white",
            linewidth=0.3,
            label=label,
        )
        bottom = bottom + factor * median
