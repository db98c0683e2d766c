"""Metrics of the prices of one run, by the same measures that ``undertow diagnose`` takes on real bars."""

import math
from typing import TYPE_CHECKING

import numpy as np

from abm.measures.fall import Fall, find_fall
from abm.measures.legs import Leg
from abm.measures.price_path import HOUR_S, PricePath
from abm.measures.sampling import grid, last_known, sums
from abm.measures.volatility import crash_to_calm_volatility
from abm.trace import Trace
from experiments.diagnostics.event import Event, measure_event
from experiments.sheet import Sheet

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

EQUITY_SAMPLING_S = 300.0
GIVEN_BACK_HOURS = (7.0, 9.0)

NO_FALL = "the price did not fall"
TOO_SHORT = "the run ends before"
QUIET = "no volume before P0"

AFTER_A_FALL = (
    "time_to_low_minutes",
    "first_leg",
    "second_leg",
    "second_leg_minutes",
    "first_leg_given_back",
    "fall_in_calm_deviations",
    "half_recovery_minutes",
    "half_recovery_sustained_minutes",
    "recovery_share_1h",
    "recovery_share_1d",
    "recovery_share_3d",
    "recovery_share_median_1_24h",
    "volatility_ratio_1d",
    "volatility_ratio_3d",
    "crash_to_calm_volatility",
    "crash_to_calm_hourly_volatility",
    "volume_spike",
    "volume_spike_1h",
    "volume_spike_1h_to_median",
    "equity_beta_share",
    "equity_correlation_jump",
)


def price_path(trace: Trace, instrument: str) -> PricePath:
    """Return the prices of one instrument, one interval a step."""
    return PricePath(
        trace.time_s,
        trace.instrument("low", instrument),
        trace.instrument("high", instrument),
        trace.instrument("last", instrument),
        trace.instrument("volume", instrument),
    )


def price_metrics(sheet: Sheet, trace: Trace, scenario: "Scenario") -> float:
    """Take the metrics of prices into ``sheet``; return the minute of the low (nan without a fall)."""
    path = price_path(trace, scenario.main_instrument)
    crash = scenario.crash
    fall = fall_in(path, crash.start_s, crash.end_s)
    _sizes(sheet, path, fall, scenario)
    _ratios_of_falls(sheet, trace, scenario)
    if fall is None:
        for name in AFTER_A_FALL:
            sheet.put(name, math.nan, NO_FALL)
        return math.nan
    event = measure_event(path, crash.start_s, _equity(trace, path), crash.end_s - crash.start_s)
    sheet.put("time_to_low_minutes", fall.time_to_low_s / 60.0)
    sheet.put("fall_in_calm_deviations", event.calm_deviations, "the calm does not move")
    _legs(sheet, path, event.legs)
    _recovery(sheet, path, event)
    _volatility(sheet, path, event)
    _volume(sheet, path, event)
    none = "no outside equity index, or too few of its returns for a beta"
    sheet.put("equity_beta_share", event.beta.share if event.beta else math.nan, none)
    jump = event.correlation_during - event.correlation_before
    sheet.put("equity_correlation_jump", jump, "no outside equity index, or too few of its returns")
    return (fall.low_s - crash.start_s) / 60.0


def fall_in(path: PricePath, start_s: float, end_s: float) -> Fall | None:
    """Return the fall from ``start_s`` to the lowest price up to ``end_s``; ``None`` when there is none."""
    try:
        return find_fall(path, start_s, end_s - start_s)
    except ValueError:
        return None


def _percent(fall: Fall | None) -> float:
    return 0.0 if fall is None else 100.0 * fall.share


def _sizes(sheet: Sheet, path: PricePath, fall: Fall | None, scenario: "Scenario") -> None:
    crash = scenario.crash
    news = _percent(fall_in(path, crash.start_s, min(crash.start_s + crash.news_leg_s, crash.end_s)))
    sheet.put("total_fall", _percent(fall))
    sheet.put("news_leg", news)
    sheet.ratio("amplification", _percent(fall), news, "no direct reaction to the news")


def _ratios_of_falls(sheet: Sheet, trace: Trace, scenario: "Scenario") -> None:
    crash = scenario.crash
    for short, instrument in (("alt", scenario.alt_instrument), ("eth", scenario.eth_instrument)):
        name = f"{short}_to_btc_fall_ratio"
        if instrument is None or instrument not in trace.instruments:
            missing = f"the scenario has no {short.upper()}"
            sheet.put(name, math.nan, missing)
            if short == "alt":
                sheet.put("alt_fall", math.nan, missing)
            continue
        own = _percent(fall_in(price_path(trace, instrument), crash.start_s, crash.end_s))
        if short == "alt":
            sheet.put("alt_fall", own)
        sheet.ratio(name, own, sheet.values["total_fall"], NO_FALL)


def _legs(sheet: Sheet, path: PricePath, legs: tuple[Leg, ...]) -> None:
    sheet.put("first_leg", 100.0 * legs[0].fall)
    second = legs[1] if len(legs) > 1 else None
    one = "the fall was one leg"
    sheet.put("second_leg", math.nan if second is None else 100.0 * second.fall, one)
    sheet.put("second_leg_minutes", math.nan if second is None else second.duration_s / 60.0, one)
    begin, end = (legs[0].low_s + hours * HOUR_S for hours in GIVEN_BACK_HOURS)
    if second is not None and end <= second.low_s:
        prices = last_known(path.time_s, path.close, grid(begin, end, 60.0))
        back = (float(np.median(prices)) - legs[0].low_price) / (legs[0].start_price - legs[0].low_price)
        sheet.put("first_leg_given_back", back)
    else:
        sheet.put("first_leg_given_back", math.nan, one if second is None else "the second leg came sooner")


def _recovery(sheet: Sheet, path: PricePath, event: Event) -> None:
    hours = (path.end_s - event.fall.low_s) / HOUR_S
    for name, time in (
        ("half_recovery_minutes", event.first_touch),
        ("half_recovery_sustained_minutes", event.sustained),
    ):
        minutes = math.inf if math.isnan(time.after_s) else time.after_s / 60.0
        sheet.put(name, minutes, f"not within the {hours:.0f} hours simulated after the low")
    for horizon in ("1h", "1d", "3d"):
        sheet.put(f"recovery_share_{horizon}", event.recovery[horizon], TOO_SHORT)
    sheet.put("recovery_share_median_1_24h", event.median_recovery, TOO_SHORT)


def _volatility(sheet: Sheet, path: PricePath, event: Event) -> None:
    for horizon in ("1d", "3d"):
        sheet.put(f"volatility_ratio_{horizon}", event.volatility[horizon], TOO_SHORT)
    sheet.put("crash_to_calm_volatility", event.crash_to_calm, TOO_SHORT)
    hours = grid(path.begin_s + HOUR_S, path.end_s, HOUR_S)
    hourly = math.nan
    if hours.size >= 2:
        coarse = PricePath.of_closes(hours, last_known(path.time_s, path.close, hours))
        hourly = crash_to_calm_volatility(coarse, event.fall, event.worst, event.calm_s)
    sheet.put("crash_to_calm_hourly_volatility", hourly, TOO_SHORT)


def _volume(sheet: Sheet, path: PricePath, event: Event) -> None:
    sheet.put("volume_spike", event.volume_spike, QUIET)
    sheet.put("volume_spike_1h", event.hour_volume_spike, QUIET)
    hourly = sums(path, *event.calm_s, HOUR_S)
    median = float(np.median(hourly)) if hourly.size else 0.0
    mean_to_median = float(np.mean(hourly)) / median if median > 0.0 else math.nan
    sheet.put("volume_spike_1h_to_median", event.hour_volume_spike * mean_to_median, QUIET)


def _equity(trace: Trace, path: PricePath) -> PricePath | None:
    """Return the equity index every five minutes: steps are unequal, and one step is too short for a beta."""
    times = grid(path.begin_s + EQUITY_SAMPLING_S, path.end_s, EQUITY_SAMPLING_S)
    if "equity_index" not in trace.world or times.size < 2:
        return None
    return PricePath.of_closes(times, last_known(trace.time_s, trace.world["equity_index"], times))
