"""From the columns of a stored trace, by step or by minute, back to a trace."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.trace import INSTRUMENT_SERIES, WORLD_SERIES, Trace
from experiments.errors import InputError
from experiments.scenarios.schema import Scenario

Floats = npt.NDArray[np.float64]
Columns = Mapping[str, Floats]

EVENTS: dict[str, tuple[str, ...]] = {
    "liquidations": ("time_s", "account", "instrument", "notional_usd", "side", "how"),
    "adl": ("time_s", "account", "instrument", "notional_usd", "was_in_profit", "lost_hedge"),
    "maker_withdrawals": ("time_s", "maker", "instrument", "reason"),
}
"""Tables that are empty where a trace holds series only."""
FLOWS = ("volume", "taker_buy", "liquidated_long", "liquidated_short", "adl")


def trace_of(
    columns: Columns, scenario: Scenario, seed: int, twin: str, events: dict[str, pd.DataFrame]
) -> Trace:
    """Return the trace whose series are ``columns``.

    Raises
    ------
    InputError
        If they are neither series by step nor series by minute.
    """
    if "time_s" in columns:
        return _by_step(columns, scenario, seed, twin, events)
    if "minute" in columns:
        return _by_minute(columns, scenario, seed, twin, events)
    raise InputError("this trace has neither a column time_s nor a column minute")


def _by_step(
    columns: Columns, scenario: Scenario, seed: int, twin: str, events: dict[str, pd.DataFrame]
) -> Trace:
    names = tuple(name.partition("@")[2] for name in columns if name.startswith("last@"))
    assets = tuple(name.partition("@")[2] for name in columns if name.startswith("value@"))
    steps = len(columns["time_s"])
    unknown = np.full(steps, np.nan)
    series = {
        name: np.column_stack([columns.get(f"{name}@{item}", unknown) for item in names])
        for name in INSTRUMENT_SERIES
    }
    value = np.column_stack([columns[f"value@{item}"] for item in assets])
    exchanges = _owners(columns, "insurance_fund") or ("hub",)
    coins = {asset.name for asset in scenario.assets if not asset.perpetual}
    world = {name: columns.get(name, unknown) for name in WORLD_SERIES}
    for exchange in exchanges:
        for name in ("insurance_fund", "feed_delay_s"):
            world[f"{name}@{exchange}"] = columns.get(f"{name}@{exchange}", unknown)
    return Trace(
        scenario.name,
        seed,
        twin,
        columns["time_s"],
        names,
        assets,
        series,
        {"value": value},
        world,
        _with_all(events),
        {item.name: item.time_s for item in scenario.news},
        exchanges,
        tuple(name for name in names if name.partition("@")[0].removesuffix("-SPOT") in coins),
    )


def _by_minute(
    columns: Columns, scenario: Scenario, seed: int, twin: str, events: dict[str, pd.DataFrame]
) -> Trace:
    main, steps = scenario.main_instrument, len(columns["minute"])
    exchanges = _owners(columns, "fund") or ("hub",)
    prices = {main: "price"}
    for short, instrument in (("eth", scenario.eth_instrument), ("alt", scenario.alt_instrument)):
        if instrument is not None and f"{short}_price" in columns:
            prices[instrument] = f"{short}_price"
    for exchange in exchanges[1:]:
        for short, instrument in (("price", main), ("alt_price", scenario.alt_instrument)):
            if instrument is not None and f"{short}@{exchange}" in columns:
                prices[f"{instrument}@{exchange}"] = f"{short}@{exchange}"
    names = tuple(prices)
    series = {name: np.full((steps, len(names)), np.nan) for name in INSTRUMENT_SERIES}
    for place, column in enumerate(prices.values()):
        for name in ("last", "mark", "low", "high"):
            series[name][:, place] = columns[column]
    for name in FLOWS:
        series[name][:] = 0.0
    for name in ("low", "high", "depth_bid", "depth_ask", "open_interest", "volume", *FLOWS[2:]):
        if name in columns:
            series[name][:, 0] = columns[name]
    series["funding"][:, 0] = columns.get("funding", np.full(steps, np.nan)) * 1e-4  # basis points
    unknown = np.full(steps, np.nan)
    world = {name: columns.get(name, unknown) for name in WORLD_SERIES}
    for exchange in exchanges:
        world[f"insurance_fund@{exchange}"] = columns.get(f"fund@{exchange}", unknown)
        world[f"feed_delay_s@{exchange}"] = unknown
    assets = tuple(dict.fromkeys(name.partition("@")[0].rpartition("-")[0] for name in names))
    return Trace(
        scenario.name,
        seed,
        twin,
        60.0 * columns["minute"] + scenario.crash.start_s,
        names,
        assets,
        series,
        {"value": np.full((steps, len(assets)), np.nan)},
        world,
        _with_all(events),
        {item.name: item.time_s for item in scenario.news},
        exchanges,
    )


def _owners(columns: Columns, series: str) -> tuple[str, ...]:
    return tuple(name.partition("@")[2] for name in columns if name.startswith(f"{series}@"))


def _with_all(events: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables with those that are missing, or were written without a row, empty."""
    tables = {
        name: pd.DataFrame({column: pd.Series(dtype=_type(column)) for column in columns})
        for name, columns in EVENTS.items()
    }
    return tables | {name: table for name, table in events.items() if len(table)}


def _type(column: str) -> str:
    return "str" if column in ("instrument", "side", "how", "reason") else "float64"
