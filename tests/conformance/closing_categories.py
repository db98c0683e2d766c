"""Vectors of bankruptcy and limit prices, sizes and fees of liquidations, answered by the rule functions."""

from typing import Any

import numpy as np
from liquidation_categories import other_positions
from vector_inputs import Answer, Inputs, by_venue, first, plain, side_of

from abm.rules.bankruptcy_price import (
    account_bankruptcy_price,
    bankruptcy_value,
    inverse_bankruptcy_price,
    isolated_bankruptcy_price,
)
from abm.rules.fillable_price import fillable_price, limit_at_bankruptcy
from abm.rules.liquidation_fee import ramped_liquidation_fee
from abm.rules.liquidation_pace import block_limits, share_by_time, slice_notional
from abm.rules.liquidation_size import size_that_restores
from abm.rules.open_interest_margin import scaled_initial_margin


def dydx_bankruptcy(inputs: Inputs) -> Any:
    if "quote_balance" in inputs:
        return account_bankruptcy_price(inputs["quote_balance"], inputs["size"])
    return account_bankruptcy_price(inputs["deposit"] - inputs["size"] * inputs["entry"], inputs["size"])


def dydx_cross_bankruptcy(inputs: Inputs) -> Any:
    fraction = inputs["mmf"]
    value = sum(round(size * price) for size, price, *_ in inputs.get("others", []))
    maintenance = sum(
        tier_maintenance_rounded(size * price, *rest or [fraction])
        for size, price, *rest in inputs.get("others", [])
    )
    return bankruptcy_value(
        inputs["delta_quantums"],
        inputs["position_quantums"],
        inputs["price_quote_per_base_quantum"],
        inputs["quote_balance_quantums"],
        fraction,
        value,
        maintenance,
    )


def tier_maintenance_rounded(value: float, fraction: float) -> int:
    """Return dYdX's maintenance margin of a position, whole quote quantums rounded up."""
    return int(scaled_initial_margin(round(value), round(fraction * 1e6), 0, 0, 0))


def dydx_limit(inputs: Inputs) -> Any:
    return fillable_price(
        first(inputs, "quote_usd", "quote_balance"),
        first(inputs, "position", "size"),
        inputs["oracle"],
        inputs["mmf"],
        inputs.get("BA", 1.0),
        inputs.get("SMMR", 1.5),
        *other_positions(inputs),
    )


def binance_limit(inputs: Inputs) -> Any:
    side = side_of(inputs)
    price = isolated_bankruptcy_price(inputs["entry"], inputs["leverage"], side)
    return limit_at_bankruptcy(price, side, inputs["tick"]) if "tick" in inputs else price


def drift_size(inputs: Inputs) -> Any:
    if "margin_ratio" not in inputs:
        return share_by_time(
            first(inputs, "shortage", "margin_shortage"),
            inputs["slots"],
            first(inputs, "initial_pct", "initial", default=0.1),
            first(inputs, "duration", "liquidation_duration", default=150.0),
            inputs.get("freed", 0.0),
        )
    fees = inputs.get("liquidator_fee", 0.0), inputs.get("if_fee", 0.0)
    return size_that_restores(
        inputs["shortage"],
        inputs["price"],
        inputs["margin_ratio"],
        *fees,
        inputs.get("quote_price", 1.0),
        first(inputs, "position", "base", "max_base", default=np.inf),
    )


def hyperliquid_size(inputs: Inputs) -> Any:
    cases = inputs.get("cases", [[inputs.get("notional"), inputs.get("cooldown", False)]])
    sizes, waiting = zip(*cases, strict=True)
    orders = slice_notional(np.array(sizes, float), np.array(waiting, bool))
    return orders if "cases" in inputs else orders[0]


def dydx_size(inputs: Inputs) -> list[int]:
    limits = block_limits(int(inputs["position_notional"]), inputs["min_notional"], inputs["max_ppm"])
    return [plain(limit) for limit in limits]


def fee_ramp(inputs: Inputs) -> Any:
    return ramped_liquidation_fee(inputs["base"], inputs["max"], np.array(inputs["slots"]))


CATEGORIES: dict[str, Answer] = {
    "bankruptcy_price": by_venue(
        {
            "Bybit inverse": lambda x: inverse_bankruptcy_price(x["entry"], x["leverage"], side_of(x)),
            "Bybit USDT": lambda x: isolated_bankruptcy_price(x["entry"], x["leverage"], side_of(x)),
            "dYdX v4": dydx_bankruptcy,
        }
    ),
    "bankruptcy_price_cross": by_venue({"dYdX v4": dydx_cross_bankruptcy}),
    "liquidation_limit_price": by_venue({"dYdX v4": dydx_limit, "Binance": binance_limit}),
    "liquidation_size": by_venue(
        {"Drift": drift_size, "Hyperliquid": hyperliquid_size, "dYdX v4": dydx_size}
    ),
    "liquidation_fee_ramp": by_venue({"Drift": fee_ramp}),
}
