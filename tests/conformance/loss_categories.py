"""Vectors of deleveraging, insurance funds and socialised losses, answered by public rule functions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from abm.rules.adl_allocations import sequential
from abm.rules.adl_prices import adl_price, settle_adl
from abm.rules.adl_ranks import (
    adl_order,
    binance_score,
    bitmex_score,
    hyperliquid_decompiled_score,
    hyperliquid_documented_score,
)
from abm.rules.adl_triggers import (
    account_value_below_zero,
    drawdown_active,
    drawdown_ratio,
    loss_beyond_drawdown,
    pool_pnl_exceeds,
)
from abm.rules.fund_delta import fee_capped_fund_delta, shortfall, takeover_fund_delta
from abm.rules.liquidation_fee import fund_fee
from abm.rules.loss_socialisation import drift_loss_per_unit, mango_loss_per_lot, scaled_gains
from abm.rules.takeover_pnl import takeover_book

MILLION = 1_000_000


def sign(inputs: dict[str, Any]) -> int:
    """Return +1 or -1 of the field ``side``, a number or a word; long when there is none."""
    side = inputs.get("side", 1)
    if isinstance(side, str):
        return -1 if side.lower() in ("short", "sell") else 1
    return 1 if side > 0 else -1


def adl_allocation(venue: str, inputs: dict[str, Any]) -> object:
    table = np.array(next(value for value in inputs.values() if isinstance(value, list)), np.float64)
    account, lots, score = table[:, 0].astype(int), table[:, 1], table[:, 2]
    order = adl_order(score)
    scale = 1 if np.all(lots % 1 == 0) and inputs["size"] % 1 == 0 else MILLION
    taken = sequential(round(inputs["size"] * scale), np.round(lots[order] * scale).astype(np.int64)) / scale
    pairs = zip(account[order], taken, strict=True)
    return {str(who): float(amount) for who, amount in pairs if amount > 0}


def adl_score(venue: str, inputs: dict[str, Any]) -> object:
    if "wallet" in inputs:
        return float(binance_score(inputs["upnl"], inputs["wallet"], inputs["maintenance_margin"]))
    if "bankruptcy" in inputs:
        return float(bitmex_score(sign(inputs), inputs["entry"], inputs["mark"], inputs["bankruptcy"]))
    if "account_value" in inputs:
        return hyperliquid_scores(inputs)
    scores = {name: hyperliquid_scores(account) for name, account in inputs.items()}
    return {
        "doc_first": max(scores, key=lambda name: scores[name]["doc_index"]),
        "decompiled_first": max(scores, key=lambda name: scores[name]["decompiled_score"]),
    }


def hyperliquid_scores(account: dict[str, Any]) -> dict[str, float]:
    side, entry, mark = sign(account), account["entry"], account["mark"]
    notional = account.get("notional", account.get("leverage", 1.0) * account.get("account_value", 1.0))
    value = account.get("account_value", 1.0)
    start = account.get("entry_notional", abs(notional) * entry / mark)
    profit = account.get("pnl", side * (abs(notional) - start))
    return {
        "doc_index": float(hyperliquid_documented_score(side, entry, mark, notional, value)),
        "decompiled_score": float(hyperliquid_decompiled_score(notional, value, profit, start)),
    }


def adl_settlement(venue: str, inputs: dict[str, Any]) -> object:
    side = -1 if "short_entry" in inputs else sign(inputs)
    entry = next(inputs[name] for name in ("long_entry", "short_entry", "entry") if name in inputs)
    mark = inputs.get("oracle", inputs.get("mark"))
    broke = inputs["bankruptcy"]
    earlier = inputs.get("previous_mark", mark)
    price = float(adl_price(inputs.get("price", "bankruptcy"), broke, mark, earlier))
    outcome = settle_adl(side, inputs["size"], entry, price, broke, mark)
    return {
        "winner_pnl": outcome.winner_pnl,
        "loser_equity": outcome.loser_equity,
        "pnl_forgone": outcome.pnl_forgone,
    }


def adl_trigger(venue: str, inputs: dict[str, Any]) -> object:
    if "account_value" in inputs:
        return {"adl": bool(account_value_below_zero(inputs["account_value"]))}
    if "pending_pnl" in inputs:
        return {"adl": pool_pnl_exceeds(inputs["pending_pnl"], inputs["pool"], inputs["max_factor"])}
    start = inputs.get("threshold", -0.3)
    stop = inputs.get("stop", max(start, -0.25))
    base = inputs.get("pool_8h_max", inputs.get("fund_8h_max"))
    if "symbol_loss" in inputs:
        value, peak = -inputs["symbol_loss"], 0.0
    elif "pnl" in inputs:
        value, peak = inputs["pnl"], inputs.get("pnl_8h_max", 0.0)
    else:
        value, peak = inputs["fund"], base
    ratio = drawdown_ratio(value, peak, base)
    empty = inputs.get("balance", 1.0) <= 0.0
    active = drawdown_active(bool(inputs.get("active", False)), ratio, start, stop)
    return {
        "pnl_ratio": ratio,
        "adl": empty or active,
        "closed_to_users": loss_beyond_drawdown(peak - value, base, start) if active else 0.0,
    }


def insurance_fund(venue: str, inputs: dict[str, Any]) -> object:
    if "bankruptcy_value_usd" in inputs:
        fee = inputs["max_liquidation_fee_ppm"] / MILLION
        return float(fee_capped_fund_delta(inputs["fill_value_usd"], inputs["bankruptcy_value_usd"], fee))
    if "deposit" in inputs:
        size = sign(inputs) * inputs["size"]
        return float(shortfall(inputs["deposit"], size, inputs["entry"], inputs["fill"]))
    if "margin_shortage" in inputs:
        names = ("margin_shortage", "base", "price", "margin_ratio", "liquidator_fee", "max_if_fee")
        return float(fund_fee(*(inputs[name] for name in names)))
    return float(takeover_fund_delta(sign(inputs) * inputs["qty"], inputs["fill"], inputs["bankruptcy"]))


def loss_socialisation(venue: str, inputs: dict[str, Any]) -> object:
    if "gains" in inputs:
        return {"received": [int(paid) for paid in scaled_gains(inputs["gains"], int(inputs["collected"]))]}
    if "open_interest" in inputs:
        long_funding, short_funding = mango_loss_per_lot(-abs(inputs["loss"]), inputs["open_interest"])
        return {"long_funding": long_funding, "short_funding": short_funding}
    return drift_loss_per_unit(inputs["loss"], inputs["long"], inputs["short"])


def takeover_pnl(venue: str, inputs: dict[str, Any]) -> object:
    return [list(book) for book in takeover_book(inputs["takeovers"])]


CATEGORIES: dict[str, Callable[[str, dict[str, Any]], object]] = {
    "adl_allocation": adl_allocation,
    "adl_score": adl_score,
    "adl_settlement": adl_settlement,
    "adl_trigger": adl_trigger,
    "insurance_fund": insurance_fund,
    "loss_socialisation": loss_socialisation,
    "takeover_pnl": takeover_pnl,
}
"""Vectors answered here, by category."""
