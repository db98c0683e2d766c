"""Metrics of the crowd: who lost, who traded with whom, what set off what, how fragile it was before."""

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.measures.branching import branching_of_liquidations
from abm.measures.fragility import REACH, fragility_index
from abm.measures.herding_index import lsv_herding
from abm.trace import Trace
from experiments.sheet import Sheet

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

NOT_SEEN = "nobody looked on"
FEW_EVENTS = "fewer than ten accounts were liquidated"
GROUPS = {"kind": "kind", "tier": "tier", "leverage decile": "leverage"}
"""What groups are told apart by -> the word for it in details."""

Floats = npt.NDArray[np.float64]


def crowd_metrics(sheet: Sheet, trace: Trace, scenario: "Scenario") -> None:
    """Take the metrics into ``sheet``."""
    begin_s, end_s = scenario.crash.start_s, scenario.crash.end_s
    fit = branching_of_liquidations(trace.events["liquidations"], trace.time_s, begin_s, end_s)
    sheet.put("branching_ratio", fit.branching if fit else math.nan, FEW_EVENTS)
    error = fit.branching_error if fit else math.nan
    sheet.put("branching_ratio_error", error, "no most likely ratio inside the bounds" if fit else FEW_EVENTS)
    _herding(sheet, trace.events.get("crowd_trades"), begin_s, end_s)
    _fragility(sheet, trace, scenario)


def _herding(sheet: Sheet, trades: pd.DataFrame | None, begin_s: float, end_s: float) -> None:
    """Note herding in time: each instrument's share of buyers against its own over the whole run."""
    for name, first, last in (("herding_index", begin_s, end_s), ("herding_index_calm", 0.0, begin_s)):
        if trades is None or len(trades) == 0:
            sheet.put(name, math.nan, NOT_SEEN if trades is None else "nobody traded")
            continue
        total = trades.groupby("instrument")[["buyers", "sellers"]].transform("sum")
        share = (total["buyers"] / (total["buyers"] + total["sellers"])).to_numpy(np.float64)
        time_s = trades["time_s"].to_numpy(np.float64)
        inside = (time_s > first + 1e-6) & (time_s <= last + 1e-6)
        found = lsv_herding(trades["buyers"][inside], trades["sellers"][inside], share[inside])
        sheet.put(name, found.index, "too few traded in every interval")


def _fragility(sheet: Sheet, trace: Trace, scenario: "Scenario") -> None:
    """Note forced selling over bids in the main coin, all exchanges, before the crash."""
    table = trace.events.get("liquidation_map")
    if table is None or len(table) == 0:
        sheet.put("fragility", math.nan, NOT_SEEN)
        return
    coin = trace.asset_of(scenario.main_instrument)
    own = table[table["instrument"].map(trace.asset_of) == coin]
    below = own[(own["move_from"] >= -REACH - 1e-9) & (own["move_to"] <= 1e-9)]
    index = fragility_index(below["liquidated_usd"], below["resting_usd"])
    sheet.put("fragility", index, "no bids" if math.isinf(index) else "neither longs nor bids")


def crowd_details(trace: Trace) -> dict[str, float]:
    """Return what each group lost and who was deleveraged, as details of a result.

    ``gain@kind:NAME`` in million USD and ``gain_share@kind:NAME`` over worth at P0; the same for
    ``tier:NAME`` and ``leverage:DECILE``. ``deleveraged@KIND`` in million USD and
    ``deleveraged_in_profit@KIND``, its share.
    """
    details: dict[str, float] = {}
    losses = trace.events.get("losses")
    if losses is not None:
        for by, group, before, change in losses[["by", "group", "equity_usd", "change_usd"]].itertuples(
            index=False
        ):
            label = f"{GROUPS[by]}:{group}"
            details[f"gain@{label}"] = change / 1e6
            details[f"gain_share@{label}"] = change / before if before > 0.0 else math.nan
    closed = trace.events.get("deleveraged")
    if closed is not None:
        for kind, notional, won in closed[["kind", "notional_usd", "in_profit_usd"]].itertuples(index=False):
            details[f"deleveraged@{kind}"] = notional / 1e6
            details[f"deleveraged_in_profit@{kind}"] = won / notional if notional > 0.0 else math.nan
    return details


def risk_map(trace: Trace) -> dict[str, Floats]:
    """Return the liquidation map at P0: perpetual -> array as in `experiments.results.RunResult.risk`."""
    table = trace.events.get("liquidation_map")
    if table is None:
        return {}
    columns = ["move_from", "move_to", "liquidated_usd", "resting_usd"]
    perpetuals = table.groupby("instrument", sort=False)
    return {str(name): rows[columns].to_numpy(np.float64).T for name, rows in perpetuals}
