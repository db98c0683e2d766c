"""The rules of an exchange: its dated preset, with what the scenario puts in place of single rules."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from abm.rules.collateral import CollateralRatios
from abm.rules.halt import HaltLevel, HaltRule, TradingHalt
from abm.rules.limit_up_down import LimitUpDown
from abm.rules.margin_tiers import MarginTiers, Tier
from abm.rules.price_monitoring import PriceMonitoring, Trigger
from abm.rules.velocity_pause import VelocityPause
from abm.rules.venue_median_mark import VenueMedianMark
from abm.venues.terms import AssetTerms
from abm.venues.venue import Venue
from experiments.scenarios.exchange import VenueSpec

HALTS: dict[str, TradingHalt] = {
    "none": HaltRule(),
    "market-wide": HaltRule((HaltLevel(0.07, 900.0), HaltLevel(0.13, 900.0), HaltLevel(0.20, 3600.0))),
    "limit-up-down": LimitUpDown(),
    "velocity-pause": VelocityPause(),
    "auction-on-breach": PriceMonitoring(
        (Trigger(3600.0, 0.10, 0.10, 120.0), Trigger(300.0, 0.05, 0.05, 60.0))
    ),
}
"""Halts by name: levels of US market-wide halts, limit up/limit down, velocity logic, price monitoring."""

HIGHEST_RATE = 0.99
"""No maintenance rate is scaled beyond this share of notional."""


def venue_rules(spec: VenueSpec, presets: Mapping[str, str]) -> Venue:
    """Return the rules that ``spec`` asks for.

    Parameters
    ----------
    presets
        Name of each exchange of the scenario -> its preset.
    """
    venue = spec.rules
    changes: dict[str, Any] = {}
    if isinstance(venue.mark, VenueMedianMark):
        given = dict(zip(venue.mark_venues, venue.mark.weights, strict=True))
        weights = tuple(given.get(name, given.get(presets[name], 1.0)) for name in spec.mark_from)
        changes["mark"] = replace(venue.mark, weights=weights)
    if spec.margin_scale != 1.0:
        changes["assets"] = {name: scaled(terms, spec.margin_scale) for name, terms in venue.assets.items()}
    adl: dict[str, Any] = {
        "rank": spec.adl_rank,
        "allocation": spec.adl_allocation,
        "price": spec.adl_price,
        "cap_share": spec.adl_cap_share,
    }
    if any(adl.values()):
        changes["adl"] = replace(venue.adl, **{name: given for name, given in adl.items() if given})
    if spec.collateral or spec.collateral_price != "preset":
        terms = venue.collateral
        if spec.collateral:
            coins = {name: CollateralRatios((0.0,), (ratio,)) for name, ratio in spec.collateral.items()}
            terms = replace(terms, coins=coins)
        if spec.collateral_price != "preset":
            terms = replace(terms, price=spec.collateral_price)
        changes["collateral"] = terms
    if spec.halt != "preset":
        changes["halt"] = HALTS[spec.halt]
    return replace(venue, **changes)


def scaled(terms: AssetTerms, factor: float) -> AssetTerms:
    """Return the terms with all maintenance rates times ``factor`` and the highest leverages divided by it.

    No rate exceeds the initial margin of its tier.
    """
    tiers = []
    for tier in terms.tiers.tiers:
        leverage = max(1, int(tier.max_leverage / factor))
        rate = min(tier.maintenance_rate * factor, 1.0 / leverage, HIGHEST_RATE)
        tiers.append(Tier(tier.floor, tier.cap, rate, leverage))
    return replace(terms, tiers=MarginTiers(tuple(tiers)))
