"""Metrics of what prices do not show: depth, open interest, forced closing, funding, basis, the fund."""

import math

import numpy as np
import numpy.typing as npt

from experiments.minutes import Minutes
from experiments.sheet import Sheet

Floats = npt.NDArray[np.float64]

DAY = 1440.0
WINDOW_14H = 840.0
WORST_MINUTES = 40


class Window:
    """The series of a run by minute, with the stretches of time that metrics are taken over.

    Attributes
    ----------
    minutes, minute
        Series by minute from P0, and their clock.
    calm, crash
        Boolean masks: up to P0, and from P0 to the end of the crash phase.
    """

    def __init__(self, minutes: Minutes, crash_end: float) -> None:
        self.minutes = minutes
        self.minute = minutes["minute"]
        self.calm = self.minute <= 0
        self.crash = (self.minute > 0) & (self.minute <= crash_end)

    def at(self, name: str, minute: float) -> float:
        """Return the value of a series at a minute; nan outside the run."""
        if not self.minute[0] <= minute <= self.minute[-1]:
            return math.nan
        return float(self.minutes[name][np.searchsorted(self.minute, minute)])

    def between(self, name: str, first: float, last: float) -> Floats:
        """Return a series after minute ``first`` up to minute ``last``."""
        return self.minutes[name][(self.minute > first) & (self.minute <= last)]


def market_metrics(sheet: Sheet, minutes: Minutes, crash_end: float, low_minute: float) -> None:
    """Take the metrics into ``sheet``.

    Parameters
    ----------
    sheet
        Where they go.
    minutes
        Series of the run, every minute.
    crash_end, low_minute
        End of the crash phase, and the low, in minutes from P0 (the low may be nan).
    """
    window = Window(minutes, crash_end)
    _depth(sheet, window, low_minute)
    _open_interest(sheet, window)
    _forced_closing(sheet, window)
    _rates(sheet, window)
    _fund(sheet, window)


def _depth(sheet: Sheet, window: Window, low_minute: float) -> None:
    for name, side in (("depth_1pct_collapse", "depth_ask"), ("depth_1pct_collapse_bid", "depth_bid")):
        calm = float(np.median(window.minutes[side][window.calm]))
        worst = float(window.minutes[side][window.crash].min())
        if worst > 0.0:
            sheet.put(name, calm / worst)
        else:
            sheet.put(name, math.inf, "the side was empty for a whole minute")
    calm = float(np.median(window.minutes["depth_ask"][window.calm]))
    back = window.between("depth_ask", low_minute + 90.0, low_minute + 110.0)
    complete = low_minute + 110.0 <= window.minute[-1]
    refilled = float(np.median(back)) if complete else math.nan
    sheet.ratio("depth_refilled_100min", refilled, calm, "no depth before P0")
    if not complete:
        sheet.put("depth_refilled_100min", math.nan, "the run ends before")


def _open_interest(sheet: Sheet, window: Window) -> None:
    held = window.at("open_interest", 0.0)
    lowest = float(window.minutes["open_interest"][window.crash].min())
    sheet.put("open_interest_change", 100.0 * (lowest / held - 1.0) if held > 0.0 else math.nan, "none at P0")


def _forced_closing(sheet: Sheet, window: Window) -> None:
    none = "nothing was closed by force"
    longs = float(window.minutes["liquidated_long"][window.crash].sum())
    forced = longs + float(window.minutes["liquidated_short"][window.crash].sum())
    sheet.ratio(
        "liquidated_over_open_interest",
        forced,
        window.at("open_interest_value", 0.0),
        "no open interest at P0",
    )
    sheet.ratio("long_share_of_liquidations", longs, forced, none)
    sheet.ratio("adl_share_of_forced", float(window.minutes["adl"][window.crash].sum()), forced, none)
    flow = window.between("liquidated_long", 0.0, WINDOW_14H) + window.between(
        "liquidated_short", 0.0, WINDOW_14H
    )
    running = np.concatenate(([0.0], np.cumsum(flow)))
    if running.size > WORST_MINUTES:
        worst = float((running[WORST_MINUTES:] - running[:-WORST_MINUTES]).max())
        sheet.ratio("liquidations_in_worst_40min", worst, float(running[-1]), none)
    else:
        sheet.put("liquidations_in_worst_40min", math.nan, "the run is shorter than 40 minutes after P0")


def _rates(sheet: Sheet, window: Window) -> None:
    sheet.put("funding_minimum", float(window.between("funding", 0.0, 3.0 * DAY).min()))
    basis = float(np.nanmin(window.minutes["basis"][window.crash])) if "basis" in window.minutes else math.nan
    sheet.put("basis_minimum", basis, "the scenario has no spot market of BTC")
    if "equity_index" in window.minutes:
        later = min(DAY, float(window.minute[-1]))
        move = 100.0 * (window.at("equity_index", later) / window.at("equity_index", 0.0) - 1.0)
        sheet.put("equity_day_move", move)
    else:
        sheet.put("equity_day_move", math.nan, "no outside equity index")


def _fund(sheet: Sheet, window: Window) -> None:
    before = window.at("insurance_fund", 0.0)
    after = float(window.minutes["insurance_fund"][window.crash][-1])
    change = 100.0 * (after / before - 1.0) if before > 0.0 else math.nan
    sheet.put("insurance_fund_change", change, "the fund was empty at P0")
