"""What a calm run leaves for its moments: returns, volumes, flow, depth by distance, liquidations."""

import math
from typing import TYPE_CHECKING

import numpy as np

from abm.measures.sampling import grid, last_known
from abm.model import MarketModel
from abm.trace import Trace
from experiments.build import build
from experiments.minutes import Floats, MinuteClock
from experiments.results import RunResult
from experiments.runs import Job

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

SETTLING_S = 3600.0
"""The first hour is left out: books fill and positions find their size."""
DEPTH_DISTANCES_PPM = (1_000, 2_000, 3_000, 5_000, 7_000, 10_000)
"""Distances from the mid at which the book is read, millionths."""
DEPTH_EVERY_S = 1800.0
FUNDING_EVERY_S = 8 * 3600.0


def simulate_calm(job: Job) -> RunResult:
    """Do one run of a calm market and keep the series of `calm_series`. Runs in a worker process."""
    from experiments.calm_moments import calm_moments

    model = build(job.scenario, job.seed, job.twin, views=False)
    depth = []
    for until_s in grid(SETTLING_S, job.scenario.duration_s, DEPTH_EVERY_S):
        model.run(float(until_s))
        depth.append(cumulative_depth(model, job.scenario.main_instrument))
    model.run()
    series = calm_series(model.trace(), job.scenario, np.array(depth))
    metrics, reasons = calm_moments([series])
    return RunResult(job.scenario.name, job.seed, job.twin, metrics, reasons, series)


def cumulative_depth(model: MarketModel, instrument: str) -> Floats:
    """Return lots within each of `DEPTH_DISTANCES_PPM`, mean of both sides, shape ``(distances,)``."""
    exchange = model.exchange_of(instrument)
    i = exchange.index_of(instrument)
    depths = [exchange.books.depth(i, distance / 1e6) for distance in DEPTH_DISTANCES_PPM]
    return np.array([0.5 * (depth["bid_lots"] + depth["ask_lots"]) for depth in depths])


def calm_series(trace: Trace, scenario: "Scenario", depth: Floats) -> dict[str, Floats]:
    """Return the series of one run that moments are taken over, from `SETTLING_S` on.

    Parameters
    ----------
    trace
        The run.
    scenario
        What was run: it names the instruments.
    depth
        Rows of `cumulative_depth`.

    Returns
    -------
    dict
        Names and units in `CALM_SERIES`.
    """
    main = scenario.main_instrument
    clock = MinuteClock(trace.time_s, 0.0)
    late = clock.minute > SETTLING_S / 60.0
    of_main = {name: trace.instrument(name, main) for name in trace.by_instrument}
    volume = clock.flow(of_main["volume"])[late]
    flow = clock.flow(2.0 * of_main["taker_buy"] - of_main["volume"])[late]
    forced = trace.events["liquidations"]
    forced = forced[forced["time_s"] > SETTLING_S]
    held = np.nansum(trace.by_instrument["open_interest"] * trace.by_instrument["mark"], axis=1)
    after = trace.time_s > SETTLING_S
    result = {
        "return_1min": _returns(trace, main, 60.0),
        "return_5min": _returns(trace, main, 300.0),
        "volume_5min": _blocks(volume, 5),
        "volume_1h": _blocks(volume, 60),
        "flow_1h": _blocks(flow, 60),
        "depth_1pct": clock.mean(0.5 * (of_main["depth_bid"] + of_main["depth_ask"]))[late],
        "depth_shape": np.mean(depth, axis=0) if len(depth) else np.full(len(DEPTH_DISTANCES_PPM), np.nan),
        "funding": 1e4 * _sampled(trace, of_main["funding"], FUNDING_EVERY_S),
        "liquidation_size": forced["notional_usd"].to_numpy(np.float64),
        "open_interest": np.array([np.mean(held[after]) if after.any() else math.nan]),
        "days": np.array([(trace.time_s[-1] - SETTLING_S) / 86400.0]),
    }
    if scenario.eth_instrument in trace.instruments:
        result["eth_return_5min"] = _returns(trace, scenario.eth_instrument, 300.0)
    return result


CALM_SERIES: dict[str, str] = {
    "return_1min": "log returns of the main instrument, minute by minute",
    "return_5min": "the same over five minutes",
    "eth_return_5min": "the same of the ETH instrument",
    "volume_5min": "USD traded in the main instrument within five minutes",
    "volume_1h": "USD traded within an hour",
    "flow_1h": "USD bought less USD sold by takers within an hour",
    "depth_1pct": "USD resting within 1 % of the mid, mean of both sides, each minute",
    "depth_shape": "lots resting within each distance of `DEPTH_DISTANCES_PPM`, mean over the run",
    "funding": "funding rate in force every eight hours, basis points per 8 hours",
    "liquidation_size": "USD of each forced closing, all instruments",
    "open_interest": "USD, mean open interest of all perpetuals, one number",
    "days": "length of the run without the first hour, days, one number",
}


def _sampled(trace: Trace, series: Floats, every_s: float) -> Floats:
    return last_known(trace.time_s, series, grid(SETTLING_S, trace.time_s[-1], every_s))


def _returns(trace: Trace, instrument: str, every_s: float) -> Floats:
    return np.diff(np.log(_sampled(trace, trace.instrument("last", instrument), every_s)))


def _blocks(values: Floats, size: int) -> Floats:
    whole = values.size // size * size
    return np.asarray(values[:whole].reshape(-1, size).sum(axis=1), dtype=np.float64)
