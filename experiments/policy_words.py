"""Liquidation policies and ADL rules in words, with their numbers."""

from collections.abc import Callable
from typing import Any

from abm.rules.adl import AdlRule
from abm.venues.policies import BankruptcyIoc, FillablePrice, MarketSlices, PoolOracle, StepDown, Takeover
from abm.venues.venue import Venue


def liquidation_words(venue: Venue) -> str:
    """Return how breached wallets are closed."""
    return _POLICIES[type(venue.liquidation)](venue.liquidation)


def adl_words(rule: AdlRule) -> str:
    """Return when, whom, how much and at which price a venue deleverages."""
    start = {
        "fund_capacity": "when the fund cannot take a position",
        "fund_drawdown": _drawdown(rule, "the fund"),
        "pnl_drawdown": _drawdown(rule, "the pool"),
        "account_value": "when an account is worth less than zero",
        "pool_pnl": f"when pending profit exceeds {rule.pool_pnl_factor:.0%} of the pool",
    }[rule.trigger]
    rank = "nobody before others" if rule.rank == "none" else f"ranked by {rule.rank.replace('_', ' ')}"
    how = {
        "queue": "highest first, whole",
        "random": "whole, from a random start",
        "pro_rata": "everybody by the same share",
        "largest_remainder": "everybody by the same share",
        "capped_pro_rata": f"everybody by the same share, at most {rule.cap_share:.0%} of a position",
    }[rule.allocation]
    return f"{start}; {rank}; {how}; at the {rule.price.replace('_', ' ')} {_price(rule)}".rstrip()


def _price(rule: AdlRule) -> str:
    return "price" if rule.price == "bankruptcy" else ""


def _drawdown(rule: AdlRule, what: str) -> str:
    return (
        f"when {what} is {-rule.drawdown_start:.0%} below its peak of {rule.drawdown_hours:g} h, or empty, "
        f"until less than {-rule.drawdown_stop:.0%} below"
    )


def _bankruptcy_ioc(rule: BankruptcyIoc) -> str:
    size = {"restore": "as large as restores the margin", "full": "for the whole position"}[rule.sizing]
    return (
        f"orders cancelled; one immediate-or-cancel order bounded by the bankruptcy price, {size}; then the "
        "fund takes over at that price as far as it can; then auto-deleveraging"
    )


def _takeover(_rule: Takeover) -> str:
    return "orders cancelled; the fund takes the position over at its bankruptcy price and sells it slowly"


def _step_down(rule: StepDown) -> str:
    order = {"ioc": "immediate-or-cancel", "fok": "fill-or-kill"}[rule.order]
    rest = {"slice": "the rest of the cut", "all": "the whole position"}[rule.unfilled]
    return (
        f"positions above tier {rule.whole_up_to} are cut by {rule.tiers} at a time with {order} orders "
        f"bounded by the bankruptcy price; what does not fill: the fund takes over {rest}; up to tier "
        f"{rule.whole_up_to} it takes over the whole position at the bankruptcy price"
    )


def _market_slices(rule: MarketSlices) -> str:
    return (
        f"market orders to the book: {rule.slice_share:.0%} of positions above {rule.large_usd:,.0f} USD, "
        f"everything for {rule.full_size_s:g} s after that; no fee; below {rule.backstop_share:.1%} of "
        "maintenance margin the backstop vault takes positions and all margin at the mark"
    )


def _fillable(rule: FillablePrice) -> str:
    portion = "" if rule.block_portion == 1.0 else f", at most {rule.block_portion:.0%} of a position a block"
    return (
        f"orders at the fillable price: up to {rule.spread_to_maintenance:g} times the maintenance fraction "
        f"from the oracle, further the lower the equity{portion}; the fund pays what fills fall short of the "
        f"bankruptcy price, or receives what they exceed up to {rule.max_fee:.1%}; below zero equity "
        "deleveraged at once, fund untouched"
    )


def _pool(rule: PoolOracle) -> str:
    return (
        "closed against the pool at the oracle price; a loss beyond the collateral is the pool's; "
        f"auto-deleveraging ends when pending profit is back at {rule.adl_stop:.0%} of the pool"
    )


_POLICIES: dict[type[Any], Callable[[Any], str]] = {
    BankruptcyIoc: _bankruptcy_ioc,
    Takeover: _takeover,
    StepDown: _step_down,
    MarketSlices: _market_slices,
    FillablePrice: _fillable,
    PoolOracle: _pool,
}
