"""The list of figures, and how they are put on a page: one scenario alone, or all beside each other."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.chapter import Chapter
from experiments.ensemble import Ensemble
from experiments.real_event import RealEvent
from experiments.report import losses, outcome, over_time, quoted, venues
from experiments.report.networks import networks
from experiments.report.style import SIZE_INCHES, new_figure

Painter = Callable[[Axes, Ensemble, RealEvent | None], None]
Panel = Callable[[Axes, Ensemble], None]

FIGURES: Mapping[str, Painter] = {
    "price": over_time.price,
    "assets": over_time.assets,
    "twins": outcome.twins,
    "twin_prices": over_time.twin_prices,
    "depth": over_time.depth,
    "liquidations": over_time.liquidations,
    "open_interest": over_time.open_interest,
    "funding": over_time.funding,
    "sentiment": over_time.sentiment,
    "insurance_fund": over_time.insurance_fund,
    "recovery": outcome.recovery,
    "venue_prices": venues.prices,
    "venue_alt_prices": venues.alt_prices,
    "venue_pegs": venues.pegs,
    "venue_funds": venues.funds,
    "venue_adl": venues.deleveraging,
    "withdrawals": venues.withdrawals,
}
PANELS: Mapping[str, tuple[Panel, Panel]] = {"who_lost": (losses.by_kind, losses.by_leverage)}
"""Figures of two panels side by side."""
NEEDS: Mapping[str, str] = {
    "venue_prices": "price_percent",
    "venue_alt_prices": "alt_percent",
    "venue_pegs": "peg",
    "venue_funds": "fund",
    "venue_adl": "adl",
    "withdrawals": "withdrawals",
}
"""Figures of what not every scenario has -> the series, by exchange or reason, that they show."""
WHOLE: Mapping[str, Callable[[Ensemble], Figure]] = {"networks": networks}
"""Figures of several panels, of one run."""
OVERVIEW = ("price", "depth", "liquidations", "recovery", "twins")


def has_figure(name: str, ensemble: Ensemble) -> bool:
    """Tell whether there is something to draw: several exchanges, pegged collateral, withdrawals, losses."""
    if name in WHOLE:
        return "links" in ensemble.frames
    if name in PANELS:
        return bool(quoted.groups_of(ensemble, "gain", "kind"))
    return name not in NEEDS or len(venues.of_exchanges(ensemble, NEEDS[name])) > (
        1 if name.startswith("venue_") and name != "venue_pegs" else 0
    )


def figure_of(name: str, chapter: Chapter) -> Figure:
    """Return one figure of one scenario."""
    if name in WHOLE:
        return WHOLE[name](chapter.ensemble)
    if name in PANELS:
        figure, axes = new_figure(1, 2, (2.0 * SIZE_INCHES[0], 1.2 * SIZE_INCHES[1]))
        for panel, paint in zip(axes[0], PANELS[name], strict=True):
            paint(panel, chapter.ensemble)
        return figure
    figure, axes = new_figure()
    FIGURES[name](axes[0][0], chapter.ensemble, chapter.real)
    return figure


def overview_of(chapters: Sequence[Chapter]) -> Figure:
    """Return the most telling figures of all scenarios, a column each."""
    rows, columns = len(OVERVIEW), len(chapters)
    figure, axes = new_figure(rows, columns, (SIZE_INCHES[0] * columns, SIZE_INCHES[1] * rows * 0.9))
    for row, name in enumerate(OVERVIEW):
        for column, chapter in enumerate(chapters):
            FIGURES[name](axes[row][column], chapter.ensemble, chapter.real)
    return figure
