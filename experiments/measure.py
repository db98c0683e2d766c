"""From the trace of one run to its metrics and its series by minute."""

import math
from typing import TYPE_CHECKING

import numpy as np

from abm.measures.sampling import last_known
from abm.measures.stages import find_stages
from abm.trace import Trace
from experiments.credit_metrics import credit_metrics
from experiments.crowd_metrics import crowd_details, crowd_metrics, risk_map
from experiments.errors import InputError
from experiments.market_metrics import market_metrics
from experiments.metrics import METRICS
from experiments.minutes import MINUTE_S, MinuteClock, Minutes, minute_series
from experiments.network_frames import five_moments
from experiments.price_metrics import price_metrics
from experiments.results import RunResult
from experiments.sheet import Sheet
from experiments.venue_metrics import venue_details, venue_metrics
from experiments.venue_series import venue_series

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

KEPT_AFTER_CRASH = 240.0
THIN_MINUTES = 15


def measure(trace: Trace, scenario: "Scenario") -> RunResult:
    """Reduce one run to its metrics and its series by minute.

    Parameters
    ----------
    trace
        The run.
    scenario
        What was run: it names the instruments and the window of the crash.
    """
    zero_s = scenario.crash.start_s
    crash_end = (scenario.crash.end_s - zero_s) / 60.0
    clock = MinuteClock(trace.time_s, zero_s)
    main, others = scenario.main_instrument, _others(trace, scenario)
    minutes = minute_series(trace, clock, main, others, _spot_of(trace, scenario))
    minutes |= venue_series(trace, clock, main, others.get("alt"))
    sheet = Sheet()
    low_minute = price_metrics(sheet, trace, scenario)
    market_metrics(sheet, minutes, crash_end, low_minute)
    _deleveraging(sheet, trace, zero_s)
    credit_metrics(sheet, trace, zero_s, scenario.crash.end_s)
    _bad_debt(sheet, trace, scenario, minutes)
    venue_metrics(sheet, trace, clock, scenario)
    crowd_metrics(sheet, trace, scenario)
    stages = find_stages(trace, main, zero_s, scenario.crash.end_s)
    marks = {name: (time_s - zero_s) / 60.0 for name, time_s in trace.marks.items()}
    return RunResult(
        trace.scenario,
        trace.seed,
        trace.twin,
        {name: sheet.values[name] for name in METRICS},
        sheet.reasons,
        thin(minutes, until=crash_end + KEPT_AFTER_CRASH),
        marks,
        {
            name: ((stage.start_s - zero_s) / 60.0, _ending(stage.end_s - zero_s))
            for name, stage in stages.items()
        },
        venue_details(trace, scenario) | crowd_details(trace),
        risk_map(trace) if trace.twin == "baseline" else {},
        five_moments(trace, scenario, low_minute),
    )


def check_window(scenario: "Scenario") -> None:
    """Refuse a crash window that metrics, which are taken by the minute, cannot be taken over.

    Raises
    ------
    InputError
        If there is no step before it, or it is shorter than a minute.
    """
    crash, first_s = scenario.crash, scenario.phases[0].step_s
    if crash.start_s < first_s:
        raise InputError(
            f"crash: start_s is {crash.start_s:g}; it must be at least {first_s:g}, the end of the first step"
        )
    if crash.end_s - crash.start_s < MINUTE_S:
        raise InputError(
            f"crash: end_s is {crash.end_s:g}; it must be at least a minute after start_s, {crash.start_s:g}"
        )


def _ending(after_s: float) -> float:
    """Return an end in minutes from P0; infinity when the stage lasts beyond the window."""
    return math.inf if math.isnan(after_s) else after_s / 60.0


def thin(minutes: Minutes, until: float) -> Minutes:
    """Keep every minute up to ``until``, afterwards one in fifteen."""
    minute = minutes["minute"]
    kept = (minute <= until) | (minute % THIN_MINUTES == 0)
    return {name: series[kept] for name, series in minutes.items()}


def _others(trace: Trace, scenario: "Scenario") -> dict[str, str]:
    named = (("eth", scenario.eth_instrument), ("alt", scenario.alt_instrument))
    return {short: name for short, name in named if name is not None and name in trace.instruments}


def _spot_of(trace: Trace, scenario: "Scenario") -> str | None:
    main = scenario.main_instrument
    asset = main.removesuffix("-PERP")
    return next((name for name in trace.instruments if name != main and name.split("-")[0] == asset), None)


def _deleveraging(sheet: Sheet, trace: Trace, zero_s: float) -> None:
    after = trace.time_s > zero_s
    forced = (trace.by_instrument["liquidated_long"] + trace.by_instrument["liquidated_short"]).sum(axis=1)
    first_forced = trace.time_s[after & (forced > 0.0)]
    first_adl = trace.time_s[after & (trace.by_instrument["adl"].sum(axis=1) > 0.0)]
    delay = float(first_adl[0] - first_forced[0]) if first_adl.size and first_forced.size else math.nan
    none = "nothing was auto-deleveraged"
    sheet.put("adl_delay_seconds", delay, none)
    table = trace.events["adl"]
    in_profit = table.loc[table["time_s"] > zero_s, "was_in_profit"].to_numpy(np.float64)
    sheet.put("adl_in_profit_share", float(in_profit.mean()) if in_profit.size else math.nan, none)


def _bad_debt(sheet: Sheet, trace: Trace, scenario: "Scenario", minutes: Minutes) -> None:
    """Note what positions lost beyond their margin in the crash, over all open interest at P0."""
    times = np.array([scenario.crash.start_s, scenario.crash.end_s])
    before, after = last_known(trace.time_s, trace.world["bad_debt"], times)
    held = float(minutes["open_interest_value"][np.searchsorted(minutes["minute"], 0.0)])
    sheet.ratio("bad_debt", float(after - before), held, "no open interest at P0")
