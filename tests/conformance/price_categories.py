"""Vectors of prices, funding, bands, halts and allocation, answered by the rules of each venue."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from abm.rules.decaying_average import decaying_average
from abm.rules.funding import funding_payment, funding_rate_8h, funding_rate_of_interval
from abm.rules.funding_cap import HYPERLIQUID_HOURLY_CAP, cap_from_maintenance, cap_from_margins, capped
from abm.rules.funding_imbalance import AdaptiveFunding, imbalance_funding
from abm.rules.funding_velocity import accrued_funding, funding_velocity
from abm.rules.halt import level_price
from abm.rules.iceberg import iceberg_fills, share_hidden
from abm.rules.index_band import bybit_band, okx_band, okx_first_band
from abm.rules.index_price import protected_index
from abm.rules.mark_price import MarkInputs, MedianMark, funding_basis_price
from abm.rules.market_wide_halt import KRX_FALLS, NYSE_FALLS
from abm.rules.pool_impact import pool_fill, price_impact
from abm.rules.premium import (
    impact_notional,
    impact_notional_from_margin,
    impact_price,
    premium_index,
    premium_or_extreme,
    premium_ppm,
)
from abm.rules.price_band import fill_in_band, last_price_band
from abm.rules.pro_rata import pro_rata, pro_rata_then_time
from abm.rules.skew_price import skew_fill_price
from abm.rules.stable_price import StablePrice
from abm.rules.throttled_mark import throttled_marks
from abm.rules.venue_median_mark import WEIGHTS, venue_median
from abm.rules.volatility_interruption import interruption_limits
from abm.rules.weighted_median import median_of_known, weighted_median

Inputs = dict[str, Any]
SECOND = 1_000_000_000
VENUES = ("Binance", "OKX", "Bybit", "Gate", "MEXC")


def plain(value: Any) -> Any:
    """Turn arrays into lists and numbers, nan into None."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    answer = np.asarray(value).tolist()
    if isinstance(answer, list):
        return [plain(item) for item in answer]
    return None if answer is None or answer != answer else answer


def unknown(value: Any) -> float:
    """Return a number, nan for None."""
    return float("nan") if value is None else float(value)


def one(value: Any) -> Any:
    """Return an array of one instrument."""
    return np.array([unknown(value)])


def first_of(given: Inputs, *names: str) -> Any:
    """Return the first input that goes by one of the names; None if none does."""
    return next((given[name] for name in names if name in given), None)


def mark_price(venue: str, given: Inputs) -> Any:
    if "mids" in given or "oracle" in given:
        return plain(_venue_median(given)[0])
    if "basis_samples" in given:
        return plain(_median_mark(given)[0])
    rate, hours = given["last_funding"], given["hours_to_funding"]
    return plain(funding_basis_price(given["index"], rate, hours, given.get("interval", 8)))


def _venue_median(given: Inputs) -> Any:
    mids = given.get("mids", {})
    abroad = weighted_median([one(mids.get(name)) for name in VENUES], WEIGHTS)
    names = (("best_bid", "bid"), ("best_ask", "ask"), ("last",))
    quotes = [one(first_of(given, *alike)) for alike in names]
    basis = np.nan_to_num(one(first_of(given, "basis_ema", "ema_basis", "ema")))
    smooth = one(first_of(given, "book_ema", "ema_30s"))
    return venue_median(one(given.get("oracle")) + basis, median_of_known(quotes), abroad, smooth)


def _median_mark(given: Inputs) -> Any:
    samples = given["basis_samples"]
    rule = MedianMark(max(1, len(samples)), 1.0, given.get("interval", 8))
    index, rate = one(given["index"]), one(given["last_funding"])
    state = rule.start(index)
    marks = index
    for number, basis in enumerate(samples or [None]):
        seen = MarkInputs(
            number * SECOND,
            index,
            index + one(basis),
            one(given.get("last")),
            rate,
            given["hours_to_funding"],
        )
        marks = rule.update(state, seen)
    return marks


def mark_price_ema(venue: str, given: Inputs) -> Any:
    elapsed = [time for time, _ in given["samples"]]
    return plain(decaying_average(elapsed, [unknown(x) for _, x in given["samples"]], given["tau_s"]))


def mark_price_throttle(venue: str, given: Inputs) -> Any:
    trades = [(time, price) for time, price in given["last_trades"]]
    before = unknown(given.get("mark"))
    return plain(throttled_marks(trades, given["min_gap_s"], given["last_update_age_s"], before))


def index_price(venue: str, given: Inputs) -> Any:
    prices = [unknown(price) for price in given["prices"]]
    weights = given.get("weights", [1.0] * len(prices))
    return plain(protected_index(prices, weights, given.get("max_dev", 0.05)))


def _impact(levels: Sequence[Sequence[float]] | None, notional: float) -> float:
    rows = np.array(levels or [], np.float64).reshape(-1, 2)
    return impact_price(rows[:, 0], rows[:, 1], notional)


def premium(venue: str, given: Inputs) -> Any:
    bid, ask = (_impact(given.get(side), given["impact_notional"]) for side in ("bids", "asks"))
    index = one(given["index"])
    if venue.startswith("Mango"):
        return plain(premium_or_extreme(index, one(bid), one(ask), given["max_funding"])[0])
    share = premium_index(index, one(bid), one(ask))
    if not venue.startswith("dYdX"):
        return plain(share[0])
    return plain(premium_ppm(share, given.get("max_abs_premium_ppm", 1_000_000))[0])


def notional_of_impact(venue: str, given: Inputs) -> Any:
    rule = impact_notional_from_margin if venue.startswith("dYdX") else impact_notional
    values = given["imf"] if venue.startswith("dYdX") else given["max_leverage"]
    return [rule(value) for value in values] if isinstance(values, list) else rule(values)


def price_of_impact(venue: str, given: Inputs) -> Any:
    levels = given["asks"] if "asks" in given else given["bids"]
    return plain(_impact(levels, given["notional"]))


def impact_pool(venue: str, given: Inputs) -> Any:
    side = 1 if given.get("is_long", True) else -1
    fill = pool_fill(given["size_usd"], given["oracle"], given["impact"], given.get("side", side))
    return plain(fill._asdict())


def impact_of_trade(venue: str, given: Inputs) -> Any:
    if venue.startswith("Synthetix"):
        return plain(skew_fill_price(given["price"], given["skew"], given["size"], given["skew_scale"]))
    factor = given["factor"] if "factor" in given else given["positive_factor"]
    other = given.get("negative_factor")
    return plain(price_impact(given["before"], given["after"], given["exponent"], factor, other))


def rate_of_funding(venue: str, given: Inputs) -> Any:
    terms = (given.get("interest", 0.0001), given.get("clamp", 0.0005))
    for name in ("premiums", "premium"):
        if name in given:
            return plain(capped(funding_rate_8h(given[name], *terms), given.get("cap", np.inf)))
    oracle = one(given["oracle"])
    share = premium_index(oracle, one(given.get("impact_bid")), one(given.get("impact_ask")))[0]
    return plain({"premium": share, "rate_8h": funding_rate_8h(share, *terms)})


def funding_cap(venue: str, given: Inputs) -> Any:
    if "imf" in given:
        return plain(cap_from_margins(given["imf"], given["mmf"]))
    return plain(cap_from_maintenance(given["mmr"]))


def funding_interval(venue: str, given: Inputs) -> Any:
    terms = (given.get("interest", 0.0001), given.get("clamp", 0.0005))
    rate = funding_rate_of_interval(given["avg_premium"], given["N"], *terms)
    return plain(capped(rate, given.get("cap", np.inf)))


def payment(venue: str, given: Inputs) -> Any:
    if venue.startswith("Hyperliquid"):
        hourly = given["rate_8h"] / 8.0
        return plain(funding_payment(given["size"], given["oracle"], hourly, HYPERLIQUID_HOURLY_CAP))
    return plain(funding_payment(given["size"], given["mark"], given["rate"]))


def velocity(venue: str, given: Inputs) -> Any:
    scale, largest = given["skew_scale"], given["max_velocity"]
    skew, rate, accrued, rows = given["start_skew"], given.get("start_rate", 0.0), 0.0, []
    for days, change in given["steps"]:
        after = float(rate + funding_velocity(skew, scale, largest) * days)
        accrued += float(accrued_funding(rate, after, given["size"], given["price"], days))
        skew, rate = skew + change, after
        rows.append([funding_velocity(skew, scale, largest), rate, accrued])
    return plain(rows)


def oi_imbalance(venue: str, given: Inputs) -> Any:
    exponent = given.get("exponent", 1)
    long, short = imbalance_funding(given["long_oi"], given["short_oi"], given["factor"], exponent)
    return plain({"long_per_s": long, "short_per_s": short})


def adaptive(venue: str, given: Inputs) -> Any:
    rule = AdaptiveFunding(
        given.get("increase_pct_per_s", 0.0),
        given.get("decrease_pct_per_s", 0.0),
        given.get("stable_threshold", 0.0),
        given.get("decrease_threshold", 0.0),
        given.get("min_pct_per_s", 0.0),
        given.get("max_pct_per_s", np.inf),
    )
    return plain(rule.next_rate(given.get("current", 0.0), given["imbalance"], given["seconds"]))


def price_band(venue: str, given: Inputs) -> Any:
    premium_now = unknown(first_of(given, "avg_premium", "average_premium", "premium"))
    if "last" in given:
        lowest, highest = last_price_band(given["last"], given["band"])
        if "qty" not in given:
            return plain([highest, lowest])
        fill = fill_in_band(float(highest), given["limit"], given["qty"], given["available_inside"])
        return plain({"highest_bid": fill.highest, "filled": fill.filled, "rejected": fill.refused})
    if venue.startswith("OKX"):
        if "z" in given:
            lowest, highest = okx_band(given["index"], given["y"], given["z"], premium_now)
        else:
            lowest, highest = okx_first_band(given["index"], given["x"])
    else:
        alpha = given.get("alpha", 0.0)
        bounds = (given["index"], given["mark"], given["x"], given["y"])
        lowest, highest = bybit_band(*bounds, alpha, premium_now)
    return plain([highest, lowest])


def circuit_breaker(venue: str, given: Inputs) -> Any:
    falls = KRX_FALLS if venue.startswith("KRX") else NYSE_FALLS
    return plain(level_price(given["prior_close"], given.get("levels", falls)))


def volatility_interruption(venue: str, given: Inputs) -> Any:
    return plain(interruption_limits(given["reference"], given["rate"]))


def stable_price(venue: str, given: Inputs) -> Any:
    rule = StablePrice(given["stable_growth"], given["delay_growth"], given["delay_interval"])
    state = rule.start(one(given["reset"]))
    for step in range(1, given["steps"] + 1):
        rule.follow(state, step * given["dt"] * SECOND, one(given["oracle"]))
    return plain({"stable_price": state.price[0], "delay_price_0": state.delay[0, 0]})


def allocation(venue: str, given: Inputs) -> Any:
    """Answer with the pro-rata step; with ``residual`` also with the step in time priority after it."""
    rule = pro_rata_then_time if given.get("residual") else pro_rata
    return plain(rule(given["orders"], given["aggressor"], given.get("min_lot", 0)))


def named_inputs(vector: Mapping[str, Any]) -> Inputs:
    """Return the inputs of a vector with ``residual`` where its formula names the residual step.

    Two vectors of pro-rata allocation have the same inputs; only their formula tells which step is meant.
    """
    residual = "residual" in str(vector.get("formula", ""))
    return {**vector["inputs"], "residual": True} if residual else dict(vector["inputs"])


def iceberg(venue: str, given: Inputs) -> Any:
    if "displayed" in given:
        return plain(iceberg_fills(given["displayed"], given["hidden"], given["aggressor"]))
    return plain(share_hidden(given["hidden"], given["aggressor"]))


def named(answer: Callable[[str, Inputs], object]) -> Callable[[str, Inputs], object]:
    """Tell by name which input an answer lacks."""

    @functools.wraps(answer)
    def answered(venue: str, given: Inputs) -> object:
        try:
            return answer(venue, given)
        except KeyError as error:
            raise ValueError(f"inputs lack {error.args[0]}; given: {', '.join(given)}") from error

    return answered


_ANSWERS: dict[str, Callable[[str, Inputs], object]] = {
    "mark_price": mark_price,
    "mark_price_ema": mark_price_ema,
    "mark_price_throttle": mark_price_throttle,
    "index_price": index_price,
    "premium_index": premium,
    "impact_notional": notional_of_impact,
    "impact_price": price_of_impact,
    "impact_pool": impact_pool,
    "price_impact": impact_of_trade,
    "funding_rate": rate_of_funding,
    "funding_cap": funding_cap,
    "funding_interval": funding_interval,
    "funding_payment": payment,
    "funding_velocity": velocity,
    "funding_oi_imbalance": oi_imbalance,
    "funding_adaptive": adaptive,
    "price_band": price_band,
    "circuit_breaker": circuit_breaker,
    "volatility_interruption": volatility_interruption,
    "stable_price": stable_price,
    "pro_rata": allocation,
    "iceberg": iceberg,
}
CATEGORIES = {category: named(answer) for category, answer in _ANSWERS.items()}
