"""Vectors of profit, margin tiers, collateral, fees and ticks, answered by the public rule functions."""

from math import inf
from typing import Any

import numpy as np
from vector_inputs import Answer, Inputs, anywhere, by_venue, first, plain, side_of

from abm.rules.collateral import CollateralRatios, capped_value, collateral_quantity
from abm.rules.fees import trading_fee
from abm.rules.maintenance_margin import (
    half_initial_rate,
    leverage_tiers,
    next_deduction,
    tier_at,
    tier_maintenance,
    tier_max_leverage,
)
from abm.rules.margin_tiers import MarginTiers, Tier
from abm.rules.open_interest_margin import scaled_initial_fraction, scaled_initial_margin
from abm.rules.portfolio_margin import PortfolioMarginStages, portfolio_margin_ratio
from abm.rules.profit import (
    inverse_margin,
    inverse_notional,
    inverse_profit,
    linear_notional,
    linear_profit,
    open_position,
)
from abm.rules.tick_size import PERPETUAL_DECIMALS, SPOT_DECIMALS, is_price_allowed

STAGE_WORDS = ("ok", "warn", "reduce_only", "liquidate")


def profit(inputs: Inputs, inverse: bool) -> Any:
    size = first(inputs, "qty", "contracts_usd", "usd", "size", "fills")
    side, entry = side_of(inputs), inputs.get("entry")
    if "fills" in inputs:
        fills = np.array(inputs["fills"], float).T
        side = side if np.all(fills[0] >= 0) else 1
        size, entry = open_position(*fills, inverse=inverse)
        if "mark" not in inputs:
            return entry
    gain = inverse_profit if inverse else linear_profit
    return gain(side, size, entry, first(inputs, "mark", "exit", "price"))


def notional_inverse(inputs: Inputs) -> Any:
    return inverse_notional(first(inputs, "contracts_usd", "usd"), first(inputs, "mark", "price"))


def margin_inverse(inputs: Inputs) -> Any:
    usd, price = first(inputs, "contracts_usd", "usd"), first(inputs, "price", "mark")
    if "mmr" in inputs:
        return inverse_margin(usd, price, inputs["mmr"])
    return inverse_margin(usd, price, first(inputs, "imr", "rate", default=1.0)) / inputs.get("leverage", 1)


def fee(inputs: Inputs) -> Any:
    price = first(inputs, "price", "mark")
    usd = inputs.get("contracts_usd", inputs.get("usd"))
    notional = (
        linear_notional(first(inputs, "qty", "size"), price) if usd is None else inverse_notional(usd, price)
    )
    role = inputs.get("liquidity", inputs.get("role", "maker"))
    return trading_fee(notional, first(inputs, str(role).lower(), "maker", "taker", "rate", "fee"))


def binance_tiers(rows: list[list[float]]) -> MarginTiers:
    """Return tiers of rows (floor, cap, rate, highest leverage, deduction)."""
    caps = (inf if row[1] is None else row[1] for row in rows)
    return MarginTiers(
        tuple(Tier(row[0], cap, row[2], int(row[3])) for row, cap in zip(rows, caps, strict=True))
    )


def tier_answer(tiers: MarginTiers, inputs: Inputs, *names: str) -> dict[str, Any]:
    notional = inputs["notional"]
    values = {
        "maintenance_margin": tier_maintenance(tiers, notional),
        "max_leverage": tier_max_leverage(tiers, notional),
        "deduction": np.array(tiers.deductions())[tier_at(tiers, notional)],
    }
    return {name: plain(values[name]) for name in names}


def binance_margin_tier(inputs: Inputs) -> Any:
    rows = inputs.get("tiers_floor_cap_mmr_lev_cum", inputs.get("tiers"))
    if rows is None:
        return next_deduction(*(inputs[name] for name in ("floor", "mmr_n", "mmr_prev", "cum_prev")))
    tiers = binance_tiers(rows)
    if "notional" not in inputs:
        return tiers.deductions()
    return tier_answer(tiers, inputs, "maintenance_margin", "max_leverage")


def hyperliquid_margin_tier(inputs: Inputs) -> Any:
    leverages = inputs.get("max_leverages", inputs.get("max_leverage"))
    if "tiers" not in inputs:
        return half_initial_rate(np.array(leverages, float))
    floors, leverages = zip(*inputs["tiers"], strict=True)
    tiers = leverage_tiers(floors, leverages)
    if "notional" not in inputs:
        return tiers.deductions()
    return tier_answer(tiers, inputs, "deduction", "maintenance_margin")


def open_interest(inputs: Inputs) -> Any:
    market = tuple(inputs.get(name, 0) for name in ("open_notional", "lower_cap", "upper_cap"))
    if "quote_quantums" not in inputs:
        return scaled_initial_fraction(inputs["initial_margin_ppm"] / 1e6, *market)
    return scaled_initial_margin(inputs["quote_quantums"], inputs["initial_margin_ppm"], *market)


def bybit_collateral(inputs: Inputs) -> Any:
    rows = sorted(inputs["tiers"], key=lambda row: row[0])
    ratios = CollateralRatios(tuple(row[0] for row in rows), tuple(row[-1] for row in rows))
    quantity = np.array(first(inputs, "qty", "quantity"), float)
    return collateral_quantity(quantity, ratios) * first(inputs, "price", "index", default=1.0)


def portfolio(inputs: Inputs) -> dict[str, Any]:
    equity = inputs.get("equity")
    if equity is None:
        assets = inputs["assets"]
        worth = [
            (first(a, "value"), first(a, "rate", "collateralRate", "collateral_rate"))
            if isinstance(a, dict)
            else a
            for a in (assets.values() if isinstance(assets, dict) else assets)
        ]
        equity = sum(float(capped_value(value, rate)) for value, rate in worth)
    ratio = portfolio_margin_ratio(equity, first(inputs, "mm", "MM", "maintenance_margin"))
    return {"unimmr": plain(ratio), "state": STAGE_WORDS[PortfolioMarginStages().stage(ratio)]}


def price_ticks(inputs: Inputs) -> Any:
    most = SPOT_DECIMALS if inputs.get("spot") or inputs.get("market") == "spot" else PERPETUAL_DECIMALS
    return is_price_allowed(first(inputs, "prices", "price"), inputs["szDecimals"], most)


CATEGORIES: dict[str, Answer] = {
    "linear_pnl": anywhere(lambda inputs: profit(inputs, inverse=False)),
    "inverse_pnl": anywhere(lambda inputs: profit(inputs, inverse=True)),
    "inverse_notional": anywhere(notional_inverse),
    "inverse_margin": anywhere(margin_inverse),
    "fee": anywhere(fee),
    "margin_tier": by_venue({"Binance": binance_margin_tier, "Hyperliquid": hyperliquid_margin_tier}),
    "oi_scaled_initial_margin": by_venue({"dYdX v4": open_interest}),
    "collateral_haircut": by_venue(
        {"Bybit": bybit_collateral, "Binance": lambda x: capped_value(x["value"], x["rate"])}
    ),
    "portfolio_margin": by_venue({"Binance PM Pro": portfolio}),
    "tick_size": by_venue({"Hyperliquid": price_ticks}),
}
