"""What happened lately, and the stages a run went through so far."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from abm.measures.stages import find_stages
from abm.model import MarketModel
from abm.trace import INSTRUMENT_SERIES, Trace
from experiments.scenarios.schema import Scenario
from experiments.visualizer.packing import number

LATEST = 40


def running_trace(model: MarketModel, scenario: Scenario) -> Trace:
    """Return what was recorded so far without copying the series."""
    recorder, n = model.recorder, model.recorder.steps
    exchanges = {exchange.name: exchange for exchange in model.exchanges}
    return Trace(
        scenario=model.name,
        seed=model.seed_used,
        twin=model.twin,
        time_s=recorder.time_s[:n],
        instruments=tuple(model.instrument_names),
        assets=tuple(model.asset_names),
        by_instrument={name: recorder.by_instrument[name][:n] for name in INSTRUMENT_SERIES},
        by_asset={name: series[:n] for name, series in recorder.by_asset.items()},
        world={name: series[:n] for name, series in recorder.world.items()},
        events={name: report() for name, report in model.event_reporters.items()},
        marks={event.name: event.time_s for event in scenario.news},
        exchanges=tuple(exchanges),
        collateral=tuple(
            item.instrument_names[i] for item in model.exchanges for i in item.collateral.accepted
        ),
    )


def first_steps(trace: Trace, steps: int) -> Trace:
    """Return what was known of a run after so many steps, without copying the series."""
    now_s = float(trace.time_s[steps - 1])
    events = {
        name: table[table["time_s"] <= now_s] if "time_s" in table else table
        for name, table in trace.events.items()
    }
    return replace(
        trace,
        time_s=trace.time_s[:steps],
        by_instrument={name: series[:steps] for name, series in trace.by_instrument.items()},
        by_asset={name: series[:steps] for name, series in trace.by_asset.items()},
        world={name: series[:steps] for name, series in trace.world.items()},
        events=events,
    )


def flows(trace: Trace, most: int = LATEST) -> list[dict[str, Any]]:
    """Return the newest forced closures from series alone, newest first: one line for each step and kind."""
    words = {
        "liquidated_long": ("long closed", "liquidated"),
        "liquidated_short": ("short closed", "liquidated"),
        "adl": ("winner closed", "auto-deleveraged"),
    }
    rows = []
    for name, (what, detail) in words.items():
        series = np.nan_to_num(trace.by_instrument[name])
        for step, i in np.argwhere(series > 0.0)[-most:].tolist():
            rows.append(
                {
                    "time_s": number(float(trace.time_s[step]), 9),
                    "what": what,
                    "instrument": trace.instruments[i],
                    "detail": detail,
                    "usd": number(float(series[step, i]), 4),
                    "count": 1,
                }
            )
    return sorted(rows, key=lambda row: -row["time_s"])[:most]


def stages(trace: Trace, scenario: Scenario) -> list[dict[str, Any]]:
    """Return the stages found so far: name, start and end in seconds; ``end_s`` is None while one lasts."""
    zero_s = scenario.crash.start_s
    if trace.time_s.size == 0 or not trace.time_s[0] < zero_s < trace.time_s[-1]:
        return []
    found = find_stages(trace, scenario.main_instrument, zero_s, scenario.crash.end_s)
    return [
        {"name": name, "start_s": number(stage.start_s, 9), "end_s": number(stage.end_s, 9)}
        for name, stage in found.items()
    ]


def latest(trace: Trace, most: int = LATEST) -> list[dict[str, Any]]:
    """Return the newest forced closures, deleveragings and withdrawals of makers, newest first.

    Closures of one instrument in one step by the same means are one line: their notional and number.
    """
    parts = [_closures(trace.events["liquidations"], most), _closures(trace.events["adl"], most)]
    absent = trace.events["maker_withdrawals"].tail(most)
    rows = [row for part in parts for row in part]
    columns = (absent[name].tolist() for name in ("time_s", "instrument", "reason"))
    rows += [
        {
            "time_s": number(time_s, 9),
            "what": "maker leaves",
            "instrument": instrument,
            "detail": reason,
            "usd": None,
            "count": 1,
        }
        for time_s, instrument, reason in zip(*columns, strict=True)
    ]
    return sorted(rows, key=lambda row: -row["time_s"])[:most]


def _closures(table: pd.DataFrame, most: int) -> list[dict[str, Any]]:
    if table.empty:
        return []
    newest = table.tail(20 * most)
    how = newest["how"] if "how" in newest else pd.Series("auto-deleveraged", newest.index)
    side = newest["side"] if "side" in newest else pd.Series("winner closed", newest.index)
    keys = [newest["time_s"], newest["instrument"].astype(str), side.astype(str), how.astype(str)]
    groups = newest["notional_usd"].astype(float).groupby(keys, sort=False).agg(["sum", "size"])
    return [
        {
            "time_s": number(float(time_s), 9),
            "what": side_text,
            "instrument": instrument,
            "detail": how_text,
            "usd": number(float(usd), 4),
            "count": int(count),
        }
        for (time_s, instrument, side_text, how_text), usd, count in zip(
            groups.index, groups["sum"], groups["size"], strict=True
        )
    ][-most:]


def totals(trace: Trace) -> dict[str, float]:
    """Return sums over the run so far, USD: longs and shorts closed by force, deleveraged."""
    names = ("liquidated_long", "liquidated_short", "adl")
    return {name: float(np.nansum(trace.by_instrument[name])) for name in names}
