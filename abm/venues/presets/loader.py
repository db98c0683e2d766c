"""From a TOML file to a `Venue`; every error names file, field, value and what is allowed."""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from importlib import resources
from pathlib import Path
from typing import Any

from abm.rules.adl import AdlRule
from abm.rules.fees import FeeSchedule
from abm.rules.funding import FundingRule
from abm.rules.halt import HaltLevel, HaltRule
from abm.rules.index_price import SingleSource, WeightedIndex
from abm.rules.insurance_fund import FundRule
from abm.rules.margin_tiers import MarginTiers, Tier
from abm.rules.mark_price import FairPriceMark, IndexMark, MedianMark
from abm.rules.price_band import PriceBand
from abm.venues.policies import BankruptcyIoc
from abm.venues.terms import AssetTerms
from abm.venues.venue import Venue

MARKS = {"median": MedianMark, "fair": FairPriceMark, "index": IndexMark}
INDICES = {"weighted": WeightedIndex, "single": SingleSource}
_PLAIN: dict[str, Any] = {
    "fees": FeeSchedule,
    "spot_fees": FeeSchedule,
    "funding": FundingRule,
    "liquidation": BankruptcyIoc,
    "fund": FundRule,
    "adl": AdlRule,
    "price_band": PriceBand,
}
_CHOICES = {"mark": MARKS, "index": INDICES}
_TOP = ("name", "date", "description", "sources", "other_assets", "assets", "halt", *_PLAIN, *_CHOICES)


def preset_names() -> list[str]:
    """Return the names of the shipped presets."""
    files = resources.files("abm.venues.presets").iterdir()
    return sorted(item.name.removesuffix(".toml") for item in files if item.name.endswith(".toml"))


def load_preset(name: str) -> Venue:
    """Return the shipped venue called ``name``.

    Raises
    ------
    ValueError
        If there is no such preset; the message names the nearest one.
    """
    known = preset_names()
    if name not in known:
        raise ValueError(f"venue preset: unknown name {name!r}{_nearest(name, known)}")
    file = resources.files("abm.venues.presets") / f"{name}.toml"
    return parse_venue(file.read_text(encoding="utf-8"), f"{name}.toml")


def load_venue(path: Path) -> Venue:
    """Return the venue described by a TOML file.

    Raises
    ------
    ValueError
        If the file is not valid TOML or a value is missing, unknown or not allowed.
    OSError
        If it cannot be read.
    """
    return parse_venue(path.read_text(encoding="utf-8"), path.name)


def parse_venue(text: str, where: str) -> Venue:
    """Return the venue described by TOML text; ``where`` is what errors call the file."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{where}: not valid TOML: {error}") from error
    _known_keys(data, _TOP, where)
    for key in ("name", "other_assets", "assets"):
        if key not in data:
            raise ValueError(f"{where}: {key} is missing")
    given: dict[str, Any] = {"name": data["name"], "other_assets": data["other_assets"]}
    given["assets"] = {
        name: _asset(terms, f"{where}: assets.{name}")
        for name, terms in _table(data, "assets", where).items()
    }
    for key, rule in _PLAIN.items():
        if key in data:
            given[key] = _make(rule, _table(data, key, where), f"{where}: {key}")
    for key, choices in _CHOICES.items():
        if key in data:
            table = dict(_table(data, key, where))
            chosen = table.pop("rule", None)
            if chosen not in choices:
                raise ValueError(f"{where}: {key}.rule is {chosen!r}; allowed: {', '.join(choices)}")
            given[key] = _make(choices[chosen], table, f"{where}: {key}")
    if "halt" in data:
        given["halt"] = _halt(_table(data, "halt", where), f"{where}: halt")
    return _checked(Venue, given, where)


def _asset(terms: Mapping[str, Any], where: str) -> AssetTerms:
    _known_keys(terms, [item.name for item in fields(AssetTerms)], where)
    rows = terms.get("tiers")
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == 4 for row in rows):
        raise ValueError(f"{where}.tiers must be a list of [floor, cap, maintenance_rate, max_leverage]")
    for number, row in enumerate(rows, 1):
        if not all(isinstance(cell, int | float) for cell in row):
            raise ValueError(f"{where}.tiers: tier {number} is {row}; it must hold four numbers")
    tiers = _checked(MarginTiers, {"tiers": tuple(Tier(*row) for row in rows)}, f"{where}.tiers")
    return _make(AssetTerms, {**terms, "tiers": tiers}, where)


def _halt(table: Mapping[str, Any], where: str) -> HaltRule:
    given = dict(table)
    if "levels" in given:
        given["levels"] = tuple(
            _make(HaltLevel, level, f"{where}.levels[{k}]") for k, level in enumerate(given["levels"])
        )
    return _make(HaltRule, given, where)


def _make(rule: Any, table: Mapping[str, Any], where: str) -> Any:
    """Build a rule from a table: known keys only, nothing missing, values of the type of the defaults."""
    known = fields(rule)
    _known_keys(table, [item.name for item in known], where)
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
        elif (
            item.default is not MISSING and item.default is not None and type(value) is not type(item.default)
        ):
            expected = type(item.default).__name__
            raise ValueError(f"{where}.{item.name} is {value!r}; it must be of type {expected}")
    return _checked(rule, given, where)


def _checked(rule: Callable[..., Any], given: Mapping[str, Any], where: str) -> Any:
    try:
        return rule(**given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error


def _table(data: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    table = data[key]
    if not isinstance(table, dict):
        raise ValueError(f"{where}: {key} is {table!r}; it must be a table")
    return table


def _known_keys(table: Mapping[str, Any], known: Any, where: str) -> None:
    for key in table:
        if key not in known:
            raise ValueError(f"{where}: unknown key {key!r}{_nearest(key, known)}")


def _nearest(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.0)
    return f"; did you mean {close[0]!r}?" if close else ""
