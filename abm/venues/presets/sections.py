"""From tables of a rule file to rules; every error names section, field, value and what is allowed."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, fields
from typing import Any

from abm.rules.adl import AdlRule
from abm.rules.collateral import CollateralRatios
from abm.rules.fees import FeeSchedule
from abm.rules.funding import FundingRule
from abm.rules.funding_imbalance import AdaptiveFunding
from abm.rules.halt import HaltLevel, HaltRule
from abm.rules.index_band import MarkIndexBand, PremiumIndexBand
from abm.rules.index_price import MedianIndex, SingleSource, WeightedIndex
from abm.rules.insurance_fund import FundRule
from abm.rules.margin_tiers import MarginTiers, Tier
from abm.rules.mark_price import FairPriceMark, IndexMark, MedianMark
from abm.rules.oracle_mark import OracleMark
from abm.rules.price_band import PriceBand
from abm.rules.throttled_mark import ThrottledMark
from abm.rules.venue_median_mark import VenueMedianMark
from abm.venues.policies import POLICIES
from abm.venues.references import IndexOfVenue, nearest
from abm.venues.terms import AssetTerms, CollateralTerms, MarginTerms, Matching, PoolTerms

MARKS = {
    "median": MedianMark,
    "fair": FairPriceMark,
    "index": IndexMark,
    "oracle": OracleMark,
    "venue-median": VenueMedianMark,
    "throttled": ThrottledMark,
}
INDICES = {"weighted": WeightedIndex, "single": SingleSource, "median": MedianIndex, "of-venue": IndexOfVenue}
BANDS = {"mark": PriceBand, "mark-index": MarkIndexBand, "premium-index": PremiumIndexBand}
PLAIN: dict[str, Any] = {
    "fees": FeeSchedule,
    "spot_fees": FeeSchedule,
    "funding": FundingRule,
    "imbalance_funding": AdaptiveFunding,
    "fund": FundRule,
    "adl": AdlRule,
    "margin": MarginTerms,
    "matching": Matching,
    "pool": PoolTerms,
}
CHOICES: dict[str, tuple[Mapping[str, Any], str]] = {
    "mark": (MARKS, ""),
    "index": (INDICES, ""),
    "liquidation": (POLICIES, "bankruptcy-ioc"),
    "price_band": (BANDS, "mark"),
}
"""Sections with a key ``rule``, what it may be, and what it is when not given."""


def read_sections(data: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the fields of a venue from its sections, assets included."""
    given: dict[str, Any] = {
        "assets": {
            name: _asset(terms, f"{where}: assets.{name}")
            for name, terms in table_of(data, "assets", where).items()
        }
    }
    for key, rule in PLAIN.items():
        if key in data:
            given[key] = make(rule, table_of(data, key, where), f"{where}: {key}")
    for key, (choices, default) in CHOICES.items():
        if key in data:
            given |= _chosen(key, choices, default, dict(table_of(data, key, where)), where)
    if "halt" in data:
        given["halt"] = _halt(table_of(data, "halt", where), f"{where}: halt")
    if "collateral" in data:
        given["collateral"] = _collateral(table_of(data, "collateral", where), f"{where}: collateral")
    return given


def _chosen(
    key: str, choices: Mapping[str, Any], default: str, table: dict[str, Any], where: str
) -> dict[str, Any]:
    """Return the rule that a section names, and for marks and indices the venues they draw on."""
    name = table.pop("rule", default or None)
    if name not in choices:
        close = nearest(name, choices) if isinstance(name, str) else ""
        raise ValueError(f"{where}: {key}.rule is {name!r}; allowed: {', '.join(choices)}{close}")
    given: dict[str, Any] = {}
    if key in ("mark", "index") and "venues" in table:
        given[f"{key}_venues"] = names_of(table.pop("venues"), f"{where}: {key}.venues")
    given[key] = make(choices[name], table, f"{where}: {key}")
    return given


def names_of(value: Any, where: str) -> tuple[str, ...]:
    """Return a list of names as a tuple."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{where} is {value!r}; it must be a list of names")
    return tuple(value)


def _asset(terms: Any, where: str) -> AssetTerms:
    if not isinstance(terms, dict):
        raise ValueError(f"{where} is {terms!r}; it must be a table")
    known_keys(terms, [item.name for item in fields(AssetTerms)], where)
    rows = terms.get("tiers")
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == 4 for row in rows):
        raise ValueError(f"{where}.tiers must be a list of [floor, cap, maintenance_rate, max_leverage]")
    for number, row in enumerate(rows, 1):
        if not all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in row):
            raise ValueError(f"{where}.tiers: tier {number} is {row}; it must hold four numbers")
    tiers = checked(MarginTiers, {"tiers": tuple(Tier(*row) for row in rows)}, f"{where}.tiers")
    return make(AssetTerms, {**terms, "tiers": tiers}, where)


def _halt(table: Mapping[str, Any], where: str) -> HaltRule:
    given = dict(table)
    if "levels" in given:
        given["levels"] = tuple(
            make(HaltLevel, level, f"{where}.levels[{k}]") for k, level in enumerate(given["levels"])
        )
    return make(HaltRule, given, where)


def _collateral(table: Mapping[str, Any], where: str) -> CollateralTerms:
    """Read ``coins.NAME = [[amount from, ratio], ...]`` and the other fields."""
    given = dict(table)
    coins: dict[str, CollateralRatios] = {}
    for name, rows in table_of(given, "coins", where).items() if "coins" in given else ():
        at = f"{where}.coins.{name}"
        if not isinstance(rows, list) or not all(
            isinstance(row, list) and len(row) == 2 and all(isinstance(cell, int | float) for cell in row)
            for row in rows
        ):
            raise ValueError(f"{at} is {rows!r}; it must be a list of [amount from, ratio]")
        floors, ratios = (tuple(float(row[k]) for row in rows) for k in (0, 1))
        coins[name] = checked(CollateralRatios, {"floors": floors, "ratios": ratios}, at)
    given["coins"] = coins
    return make(CollateralTerms, given, where)


def make(rule: Any, table: Any, where: str) -> Any:
    """Build a rule from a table: known keys only, nothing missing, values of the type of the defaults."""
    if not isinstance(table, dict):
        raise ValueError(f"{where} is {table!r}; it must be a table")
    known = fields(rule)
    known_keys(table, [item.name for item in known], where)
    given = dict(table)
    for item in known:
        required = item.default is MISSING and item.default_factory is MISSING
        if item.name not in given:
            if required:
                raise ValueError(f"{where}.{item.name} is missing")
            continue
        value = given[item.name]
        if isinstance(item.default, float) and type(value) is int:
            given[item.name] = float(value)
        elif isinstance(item.default, tuple) and isinstance(value, list):
            given[item.name] = tuple(value)
        elif (
            item.default is not MISSING and item.default is not None and type(value) is not type(item.default)
        ):
            expected = type(item.default).__name__
            raise ValueError(f"{where}.{item.name} is {value!r}; it must be of type {expected}")
    return checked(rule, given, where)


def checked(rule: Callable[..., Any], given: Mapping[str, Any], where: str) -> Any:
    """Call ``rule`` and put ``where`` in front of what it complains about."""
    try:
        return rule(**given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error


def table_of(data: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """Return the table ``key``."""
    table = data[key]
    if not isinstance(table, dict):
        raise ValueError(f"{where}: {key} is {table!r}; it must be a table")
    return table


def known_keys(table: Mapping[str, Any], known: Collection[str], where: str) -> None:
    """Raise `ValueError` for the first unknown key."""
    for key in table:
        if key not in known:
            raise ValueError(f"{where}: unknown key {key!r}{nearest(key, known)}")
