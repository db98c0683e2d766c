"""How two runs differ at the same moment: a short table."""

from typing import Any

import numpy as np

from abm.ledger.accounts import INSURANCE_FUND
from experiments.visualizer.lane import Lane
from experiments.visualizer.packing import number


def readings(lane: Lane) -> dict[str, tuple[str, float]]:
    """Return what is compared between two runs: name -> unit and present value."""
    model, recorder, n = lane.model, lane.model.recorder, lane.steps
    zero_s, main = lane.scenario.crash.start_s, model.instrument_names.index(lane.scenario.main_instrument)
    rows = recorder.by_instrument[:n]
    first = min(int(np.searchsorted(recorder.time_s[:n], zero_s)), max(n - 1, 0))
    found: dict[str, tuple[str, float]] = {}
    coins = [item.name for item in lane.scenario.assets if item.perpetual]
    for coin in coins:
        i = model.instrument_names.index(f"{coin}-PERP")
        last = rows["last"][:, i]
        found[f"{coin} since P0"] = ("%", 100.0 * (last[-1] / last[first] - 1.0))
        low = float(rows["low"][first:, i].min())
        found[f"{coin}, lowest"] = ("%", 100.0 * (low / last[first] - 1.0))
    both = rows["depth_bid"][-1, main] + rows["depth_ask"][-1, main]
    found[f"{coins[0]} depth in 1 %"] = ("USD", float(both))
    found["longs closed"] = ("USD", float(rows["liquidated_long"].sum()))
    found["shorts closed"] = ("USD", float(rows["liquidated_short"].sum()))
    found["auto-deleveraged"] = ("USD", float(rows["adl"].sum()))
    interest = float(np.nansum(rows["open_interest"][-1] * rows["mark"][-1]))
    found["open interest"] = ("USD", interest)
    funds = sum(int(item.ledger.cash[0, INSURANCE_FUND]) for item in model.exchanges) / 1e6
    found["funds"] = ("USD", funds)
    found["makers that quote"] = ("%", 100.0 * float(recorder.world["makers_quoting"][n - 1]))
    return found


def difference(one: Lane, two: Lane) -> list[dict[str, Any]]:
    """Return one row for each reading: name, unit, both values (None where there is none)."""
    if not one.steps or not two.steps:
        return []
    a, b = readings(one), readings(two)
    return [
        {"name": name, "unit": unit, "a": number(value, 5), "b": number(b[name][1], 5)}
        for name, (unit, value) in a.items()
    ]
