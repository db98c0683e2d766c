"""Vectors of margin, liquidation prices and sizes, answered by the public rule functions."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from abm.rules.bankruptcy_price import (
    account_bankruptcy_price,
    bankruptcy_value,
    inverse_bankruptcy_price,
    isolated_bankruptcy_price,
)
from abm.rules.collateral import CollateralRatios, capped_value, collateral_quantity
from abm.rules.fees import trading_fee
from abm.rules.fillable_price import fillable_price, limit_at_bankruptcy
from abm.rules.liquidation_fee import ramped_liquidation_fee
from abm.rules.liquidation_pace import block_limits, share_by_time, slice_notional
from abm.rules.liquidation_price import liquidation_price, price_in_tier
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
from abm.rules.liquidation_size import size_that_restores
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

Inputs = dict[str, Any]
STAGE_WORDS = ("ok", "warn", "reduce_only", "liquidate")
# Oracle prices of dYdX's liquidation tests, for positions given by the name of the coin.
TEST_ORACLE = {"btc": 50_000.0, "eth": 3_000.0}


def plain(value: Any) -> Any:
    """Return NumPy values as Python numbers and lists."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def first(inputs: Mapping[str, Any], *names: str, default: Any = None) -> Any:
    """Return the first of the named inputs that is given."""
    found = next((inputs[name] for name in names if inputs.get(name) is not None), default)
    if found is None:
        raise ValueError(f"inputs lack {' or '.join(names)}; given: {', '.join(inputs)}")
    return found


def by_venue(answers: Mapping[str, Callable[[Inputs], Any]]) -> Callable[[str, Inputs], object]:
    """Return an answer that looks up the venue by name, or by the part of the name that is known."""

    def answer(venue: str, inputs: Inputs) -> object:
        name = venue if venue in answers else venue.split("/")[0].split(" (")[0]
        if name not in answers:
            near = get_close_matches(venue, answers, n=1, cutoff=0.0)
            raise ValueError(f"venue {venue!r} is unknown here; the nearest known one is {near[0]!r}")
        return plain(answers[name](inputs))

    return answer


def anywhere(answer: Callable[[Inputs], Any]) -> Callable[[str, Inputs], object]:
    """Return an answer that is the same on all venues."""
    return lambda venue, inputs: plain(answer(inputs))


def side_of(inputs: Inputs) -> int:
    """Return +1 or -1 from a number, a word or the sign of the size; long when nothing is said."""
    side = inputs.get("side", 1)
    return {"long": 1, "buy": 1, "short": -1, "sell": -1}.get(side, side)


# Profit, notional, margin, fees


def profit(inputs: Inputs, inverse: bool) -> Any:
    size = first(inputs, "qty", "contracts_usd", "usd", "size", "fills")
    side, entry = side_of(inputs), inputs.get("entry")
    if "fills" in inputs:
        size, entry = open_position(*np.array(inputs["fills"], float).T, inverse=inverse)
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
    return trading_fee(notional, first(inputs, "maker", "taker", "rate", "fee"))


# Tiers


def binance_tiers(rows: list[list[float]]) -> MarginTiers:
    """Return tiers of rows (floor, cap, rate, highest leverage, deduction)."""
    return MarginTiers(tuple(Tier(row[0], row[1], row[2], int(row[3])) for row in rows))


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


# Liquidation prices


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


def positions_of(inputs: Inputs) -> dict[str, Inputs]:
    """Return the positions of a cross account by name, each with its side."""
    return {
        name: {"side": side} | position
        for group, side in (("longs", 1), ("shorts", -1), ("positions", 1))
        for name, position in inputs.get(group, {}).items()
    }


def binance_cross(inputs: Inputs) -> Any:
    positions = positions_of(inputs)
    if not positions:
        others = (
            first(inputs, "TMM_other", "TMM", default=0.0),
            first(inputs, "UPNL_other", "UPNL", default=0.0),
        )
        return binance_price(inputs, inputs["WB"], others)
    wanted = inputs.get("solve_for", next(iter(positions)))
    if not isinstance(wanted, str):
        return {name: plain(binance_cross(inputs | {"solve_for": name})) for name in wanted}
    other = [position for name, position in positions.items() if name != wanted]
    needed = sum(maintenance_of(position) for position in other)
    gained = sum(
        linear_profit(side_of(one), abs(one["qty"]), one["entry"], one["mark"]).item() for one in other
    )
    return binance_price(positions[wanted], inputs["WB"], (needed, gained))


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
    others = first(inputs, "mmr_others", "MMR_others", "other_mmr", "others", default=0.0)
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
    said = str(first(inputs, "version", "year", "formula", "date", default="2026" if taker else "2024"))
    if "2026" in said:
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


# Bankruptcy and limit prices


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


# Collateral, portfolio margin


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


# Liquidation size and fee, ticks


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


def price_ticks(inputs: Inputs) -> Any:
    most = SPOT_DECIMALS if inputs.get("spot") or inputs.get("market") == "spot" else PERPETUAL_DECIMALS
    return is_price_allowed(first(inputs, "prices", "price"), inputs["szDecimals"], most)


CATEGORIES: dict[str, Callable[[str, Inputs], object]] = {
    "linear_pnl": anywhere(lambda inputs: profit(inputs, inverse=False)),
    "inverse_pnl": anywhere(lambda inputs: profit(inputs, inverse=True)),
    "inverse_notional": anywhere(notional_inverse),
    "inverse_margin": anywhere(margin_inverse),
    "fee": anywhere(fee),
    "margin_tier": by_venue({"Binance": binance_margin_tier, "Hyperliquid": hyperliquid_margin_tier}),
    "oi_scaled_initial_margin": by_venue({"dYdX v4": open_interest}),
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
    "bankruptcy_price": by_venue(
        {
            "Bybit inverse": lambda x: inverse_bankruptcy_price(x["entry"], x["leverage"], side_of(x)),
            "Bybit USDT": lambda x: isolated_bankruptcy_price(x["entry"], x["leverage"], side_of(x)),
            "dYdX v4": dydx_bankruptcy,
        }
    ),
    "bankruptcy_price_cross": by_venue({"dYdX v4": dydx_cross_bankruptcy}),
    "collateral_haircut": by_venue(
        {"Bybit": bybit_collateral, "Binance": lambda x: capped_value(x["value"], x["rate"])}
    ),
    "portfolio_margin": by_venue({"Binance PM Pro": portfolio}),
    "liquidation_limit_price": by_venue({"dYdX v4": dydx_limit, "Binance": binance_limit}),
    "liquidation_size": by_venue(
        {"Drift": drift_size, "Hyperliquid": hyperliquid_size, "dYdX v4": dydx_size}
    ),
    "liquidation_fee_ramp": by_venue({"Drift": fee_ramp}),
    "tick_size": by_venue({"Hyperliquid": price_ticks}),
}
