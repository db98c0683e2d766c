"""The moments of a calm market, pooled over runs: one run of a few days is too short for tails and memory."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from abm.measures.stylised_facts import (
    aggregate_returns,
    decay_exponent,
    excess_kurtosis,
    hill_index,
    volatility_volume_correlation,
)
from experiments.calm_series import DEPTH_DISTANCES_PPM
from experiments.minutes import Floats
from experiments.sheet import Sheet
from experiments.statistics import Estimate

CalmRun = Mapping[str, Floats]

DAY_OF_FIVE_MINUTES = 288
HOUR_OF_FIVE_MINUTES = 12
RETURN_LAGS = 10
TAIL = 0.05
FEWEST_HOURS, FEWEST_DAYS, FEWEST_FUNDINGS, FEWEST_LIQUIDATIONS = 120, 60, 6, 100
RESAMPLES = 200

CALM_UNITS: dict[str, str] = {
    "calm_volatility_5min": "%",
    "calm_eth_to_btc_volatility": "ratio",
    "calm_kurtosis_1min": "ratio",
    "calm_kurtosis_5min": "ratio",
    "calm_kurtosis_1h": "ratio",
    "calm_kurtosis_1h_to_1min": "ratio",
    "calm_kurtosis_1d": "ratio",
    "calm_hill_index_5min": "ratio",
    "calm_return_memory_5min": "correlation",
    "calm_volatility_memory_5min": "correlation",
    "calm_volatility_memory_1h": "correlation",
    "calm_volatility_memory_1d": "correlation",
    "calm_volatility_memory_decay": "ratio",
    "calm_volume_volatility_correlation": "correlation",
    "calm_flow_return_correlation": "correlation",
    "calm_depth_exponent": "ratio",
    "calm_depth_to_hourly_volume": "ratio",
    "calm_funding_median": "bp per 8 h",
    "calm_funding_deviation": "bp per 8 h",
    "calm_liquidation_size_ratio": "ratio",
    "calm_liquidated_daily": "%",
}
"""Moments of a calm market and their units."""


def calm_moments(runs: Sequence[CalmRun]) -> tuple[dict[str, float], dict[str, str]]:
    """Return the moments of all runs together by name, and why some are undefined.

    Returns of all runs count as one sample; correlations in time only pair returns of the same run, about the
    mean of all runs. (About the mean of its own short run, an autocorrelation that decays slowly comes out
    too low by about its average.)

    Parameters
    ----------
    runs
        Series as `experiments.calm_series.calm_series` returns them.
    """
    sheet = Sheet()
    _tails(sheet, runs)
    _memory(sheet, runs)
    _flow(sheet, runs)
    _depth(sheet, runs)
    _funding(sheet, runs)
    _liquidations(sheet, runs)
    return sheet.values, sheet.reasons


def calm_estimates(runs: Sequence[CalmRun]) -> tuple[dict[str, Estimate], dict[str, str]]:
    """Return pooled moments with 95 % intervals from resampling whole runs, and why some are undefined."""
    values, reasons = calm_moments(runs)
    draws = np.random.default_rng(len(runs)).integers(0, len(runs), (RESAMPLES, len(runs)))
    resampled = [calm_moments([runs[k] for k in draw])[0] for draw in draws] if len(runs) > 1 else []
    estimates = {}
    for name, value in values.items():
        drawn = np.array([moments[name] for moments in resampled])
        drawn = drawn[np.isfinite(drawn)]
        low, high = np.quantile(drawn, (0.025, 0.975)).tolist() if drawn.size else (math.nan, math.nan)
        estimates[name] = Estimate(value, low, high, len(runs) if math.isfinite(value) else 0)
    return estimates, reasons


def _all(runs: Sequence[CalmRun], name: str) -> Floats:
    return np.concatenate([run[name] for run in runs])


def _tails(sheet: Sheet, runs: Sequence[CalmRun]) -> None:
    returns = _all(runs, "return_5min")
    sheet.put("calm_volatility_5min", 100.0 * float(np.std(returns)))
    if all("eth_return_5min" in run for run in runs):
        other = float(np.std(_all(runs, "eth_return_5min")))
        sheet.ratio("calm_eth_to_btc_volatility", other, float(np.std(returns)), "BTC does not move")
    else:
        sheet.put("calm_eth_to_btc_volatility", math.nan, "the scenario has no ETH")
    minutes = excess_kurtosis(_all(runs, "return_1min"))
    hours = np.concatenate([aggregate_returns(run["return_5min"], HOUR_OF_FIVE_MINUTES) for run in runs])
    days = np.concatenate([aggregate_returns(run["return_5min"], DAY_OF_FIVE_MINUTES) for run in runs])
    sheet.put("calm_kurtosis_1min", minutes)
    sheet.put("calm_kurtosis_5min", excess_kurtosis(returns))
    hourly = excess_kurtosis(hours) if hours.size >= FEWEST_HOURS else math.nan
    few = f"{hours.size} hourly returns; {FEWEST_HOURS} are needed (more seeds, or --days)"
    sheet.put("calm_kurtosis_1h", hourly, few)
    sheet.put("calm_kurtosis_1h_to_1min", hourly / minutes if minutes > 0.0 else math.nan, few)
    few = f"{days.size} daily returns; {FEWEST_DAYS} are needed (more seeds, or --days)"
    sheet.put("calm_kurtosis_1d", excess_kurtosis(days) if days.size >= FEWEST_DAYS else math.nan, few)
    try:
        sheet.put("calm_hill_index_5min", hill_index(returns, TAIL))
    except ValueError as error:
        sheet.put("calm_hill_index_5min", math.nan, str(error))


def _memory(sheet: Sheet, runs: Sequence[CalmRun]) -> None:
    signed = pooled_autocorrelation([run["return_5min"] for run in runs], RETURN_LAGS)
    sheet.put("calm_return_memory_5min", float(np.max(np.abs(signed))), "too few returns")
    size = pooled_autocorrelation([np.abs(run["return_5min"]) for run in runs], DAY_OF_FIVE_MINUTES)
    short = "the runs are shorter than the lag"
    sheet.put("calm_volatility_memory_5min", float(size[0]), short)
    sheet.put("calm_volatility_memory_1h", float(size[HOUR_OF_FIVE_MINUTES - 1]), short)
    sheet.put("calm_volatility_memory_1d", float(size[DAY_OF_FIVE_MINUTES - 1]), short)
    known = bool(np.isfinite(size).all())
    sheet.put("calm_volatility_memory_decay", decay_exponent(size) if known else math.nan, short)


def pooled_autocorrelation(series: Sequence[Floats], lags: int) -> Floats:
    """Return the autocorrelation at lags 1 to ``lags`` of several series with one mean, shape ``(lags,)``.

    Mean product of deviations at each lag, over pairs within a series, over the variance; nan at lags that no
    series is long enough for.
    """
    together = np.concatenate(series)
    mean, variance = float(np.mean(together)), float(np.var(together))
    centred = [values - mean for values in series]

    def at(lag: int) -> float:
        pairs = sum(max(values.size - lag, 0) for values in centred)
        if pairs == 0 or variance == 0.0:
            return math.nan
        return sum(float(values[:-lag] @ values[lag:]) for values in centred if values.size > lag) / (
            pairs * variance
        )

    return np.array([at(lag) for lag in range(1, lags + 1)])


def _flow(sheet: Sheet, runs: Sequence[CalmRun]) -> None:
    pairs = [_same_length(run["return_5min"], run["volume_5min"]) for run in runs]
    returns, volume = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    none = "nothing was traded"
    sheet.put("calm_volume_volatility_correlation", volatility_volume_correlation(returns, volume), none)
    hourly = [
        _same_length(aggregate_returns(run["return_5min"], HOUR_OF_FIVE_MINUTES), run["flow_1h"])
        for run in runs
    ]
    move, flow = (np.concatenate(parts) for parts in zip(*hourly, strict=True))
    moved = move.size > 2 and np.ptp(move) > 0.0 and np.ptp(flow) > 0.0
    correlation = float(np.corrcoef(flow, move)[0, 1]) if moved else math.nan
    sheet.put("calm_flow_return_correlation", correlation, none)


def _same_length(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    size = min(first.size, second.size)
    return first[:size], second[:size]


def _depth(sheet: Sheet, runs: Sequence[CalmRun]) -> None:
    shape = np.mean([run["depth_shape"] for run in runs], axis=0)
    filled = np.isfinite(shape) & (shape > 0.0)
    distance, depth = np.log(np.array(DEPTH_DISTANCES_PPM)[filled]), np.log(shape[filled])
    slope = float(np.polyfit(distance, depth, 1)[0]) if filled.sum() > 2 else math.nan
    sheet.put("calm_depth_exponent", slope, "the book is empty")
    hourly = float(np.mean(_all(runs, "volume_1h")))
    depth_usd = float(np.nanmean(_all(runs, "depth_1pct")))
    sheet.ratio("calm_depth_to_hourly_volume", depth_usd, hourly, "nothing was traded")


def _funding(sheet: Sheet, runs: Sequence[CalmRun]) -> None:
    rates = _all(runs, "funding")
    few = f"{rates.size} funding rates; {FEWEST_FUNDINGS} are needed"
    enough = rates.size >= FEWEST_FUNDINGS
    sheet.put("calm_funding_median", float(np.median(rates)) if enough else math.nan, few)
    spread = round(float(np.std(rates)), 9) if enough else math.nan  # a constant rate leaves rounding noise
    sheet.put("calm_funding_deviation", spread, few)


def _liquidations(sheet: Sheet, runs: Sequence[CalmRun]) -> None:
    sizes = _all(runs, "liquidation_size")
    few = f"{sizes.size} liquidations; {FEWEST_LIQUIDATIONS} are needed (more seeds, or --days)"
    enough = sizes.size >= FEWEST_LIQUIDATIONS
    tail = float(np.quantile(sizes, 0.99) / np.median(sizes)) if enough else math.nan
    sheet.put("calm_liquidation_size_ratio", tail, few)
    held = float(np.mean(_all(runs, "open_interest")))
    daily = 100.0 * float(sizes.sum()) / float(_all(runs, "days").sum())
    sheet.ratio("calm_liquidated_daily", daily, held, "no open interest")
