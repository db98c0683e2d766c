"""Volatility and volume of an event against the calm before it."""

import numpy as np

from abm.measures.fall import Fall, price_at
from abm.measures.legs import Leg
from abm.measures.price_path import DAY_S, HOUR_S, PricePath
from abm.measures.sampling import log_returns, standard_deviation, sums

FIVE_MINUTES_S = 300.0
CRASH_WINDOW_S = 5400.0


def calm_window(
    path: PricePath, start_s: float, days: float = 30.0, drawdown: float = 0.10, look_back_days: float = 7.0
) -> tuple[float, float]:
    """Return the calm before an event, (from, to) in seconds.

    Up to ``days`` whole days (UTC for real bars) that end before the day of the event. A market already in a
    drawdown is not calm: days that close more than ``drawdown`` below the highest price of the
    ``look_back_days`` before are taken off the end. (In March 2020 that removes the four days from the 8th
    on.) A path with no whole day before the event, as a short run, gives everything before it.
    """
    midnight = float(np.floor(start_s / DAY_S) * DAY_S)
    if midnight - DAY_S < path.begin_s:
        return path.begin_s, start_s
    end = midnight
    while _in_drawdown(path, end, drawdown, look_back_days * DAY_S):
        end -= DAY_S
        if end - DAY_S < path.begin_s:
            end = midnight
            break
    return max(path.begin_s, end - days * DAY_S), end


def _in_drawdown(path: PricePath, at_s: float, drawdown: float, look_back_s: float) -> bool:
    recent = (path.time_s > at_s - look_back_s) & (path.time_s <= at_s)
    return bool(recent.any()) and price_at(path, at_s) < (1.0 - drawdown) * float(path.high[recent].max())


def volatility_ratio(
    path: PricePath,
    fall: Fall,
    after_s: float,
    calm: tuple[float, float],
    trailing_s: float = DAY_S,
    sampling_s: float = HOUR_S,
) -> float:
    """Return how much more volatile the market is ``after_s`` after the low than in the calm.

    Standard deviation of the ``trailing_s / sampling_s`` log returns complete at t_low + ``after_s`` over
    that of the calm window, at the same sampling; t_low is the end of the interval with the low. Nan when the
    path ends before, the intervals are longer than ``sampling_s``, or fewer than half of the returns (six in
    the calm) are known.
    """
    at_s = fall.low_s + after_s
    if path.end_s < at_s or path.step_s > sampling_s:
        return float("nan")
    end = float(np.floor(at_s / sampling_s) * sampling_s)
    late = log_returns(path, end - trailing_s, end, sampling_s)
    early = log_returns(path, calm[0], calm[1], sampling_s)
    if len(late) < 0.5 * trailing_s / sampling_s or len(early) < 6:
        return float("nan")
    return _ratio(standard_deviation(late), standard_deviation(early))


def crash_to_calm_volatility(path: PricePath, fall: Fall, worst: Leg, calm: tuple[float, float]) -> float:
    """Return the standard deviation of returns in the crash over that in the calm.

    Five-minute log returns of the 90 minutes from the start of the worst leg. Where intervals are longer than
    five minutes: returns of the path's own intervals, from the start of the event to 12 hours after its low.
    """
    sampling = max(FIVE_MINUTES_S, path.step_s)
    if path.step_s <= FIVE_MINUTES_S:
        begin = float(np.floor(worst.start_s / sampling) * sampling)
        span = (begin, begin + CRASH_WINDOW_S)
    else:
        span = (fall.start_s, fall.low_s + 0.5 * DAY_S)
    crash = log_returns(path, *span, sampling)
    early = log_returns(path, *calm, sampling)
    if path.end_s < span[1] or len(crash) < 6 or len(early) < 6:
        return float("nan")
    return _ratio(standard_deviation(crash), standard_deviation(early))


def volume_spike(path: PricePath, fall: Fall, calm: tuple[float, float]) -> float:
    """Return the largest five-minute volume of the event over the calm median (longer intervals as they are).

    The event counts from its start to one hour after the low. Volume is in USD.
    """
    sampling = max(FIVE_MINUTES_S, path.step_s)
    event = sums(path, fall.start_s - sampling, fall.low_s + HOUR_S + sampling, sampling)
    early = sums(path, *calm, sampling)
    return _ratio(float(event.max()), float(np.median(early))) if len(event) and len(early) else float("nan")


def hour_volume_spike(path: PricePath, fall: Fall, calm: tuple[float, float]) -> float:
    """Return the largest clock-hour volume (USD) of the event over the mean hour of the calm, or nan."""
    if path.step_s > HOUR_S:
        return float("nan")
    event = sums(path, fall.start_s - HOUR_S, fall.low_s + 2.0 * HOUR_S, HOUR_S)
    early = sums(path, *calm, HOUR_S)
    return _ratio(float(event.max()), float(np.mean(early))) if len(event) and len(early) else float("nan")


def fall_in_calm_deviations(path: PricePath, fall: Fall, calm: tuple[float, float]) -> float:
    """Return the log fall over one standard deviation of what the calm would do in the same time."""
    sampling = max(FIVE_MINUTES_S, path.step_s)
    early = log_returns(path, *calm, sampling)
    duration = max(fall.low_s - fall.start_s, sampling)
    spread = standard_deviation(early) * float(np.sqrt(duration / sampling))
    return _ratio(float(np.log(fall.start_price / fall.low_price)), spread)


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0.0 else float("nan")
