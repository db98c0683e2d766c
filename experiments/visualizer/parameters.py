"""Which parameters the page offers, with their bounds, and which take effect in a running market."""

from dataclasses import replace
from typing import Any

from pydantic.fields import FieldInfo

from abm.model import MarketModel
from agents.crowd import Crowd
from experiments.building.rules import venue_rules
from experiments.scenarios.schema import Scenario
from experiments.visualizer.liquidation_map import engine_of

CROWD_KINDS = {
    "retail": "leveraged_retail",
    "market_maker": "market_maker",
    "fundamentalist": "fundamentalist",
    "arbitrageur": "arbitrageur",
}
"""Table of the scenario -> kind of crowd that it describes."""

LIVE = {
    "market_maker": ("loss_limit", "stale_feed_s", "return_s", "size_power", "half_spread"),
    "retail": ("panic_per_hour", "momentum_weight", "slippage"),
}
"""Parameters that kernels read at every decision, by table."""
LIVE_OF_VENUES = ("capacity_per_s", "adl_rank", "adl_allocation", "adl_price")

SLIDERS: dict[str, tuple[str, float, float, float]] = {
    "market_maker.loss_limit": ("makers: loss limit, share", 0.01, 0.5, 0.01),
    "market_maker.stale_feed_s": ("makers: longest feed delay, s", 0.5, 30.0, 0.5),
    "market_maker.return_s": ("makers: come back after, s", 30.0, 3600.0, 30.0),
    "retail.panic_per_hour": ("retail: panic, 1/hour", 0.0, 10.0, 0.1),
    "retail.leverage_median": ("retail: median leverage", 1.0, 25.0, 0.5),
    "retail.open_interest_over_depth": ("retail: open interest over depth", 0.0, 150.0, 5.0),
    "retail.traders": ("retail: traders", 100.0, 20_000.0, 100.0),
    "market_maker.makers": ("makers: number", 1.0, 30.0, 1.0),
}
"""Sliders of the page: path -> name, lowest, highest, step; a typed value may go beyond."""


def is_live(path: str) -> bool:
    """Tell whether a change of the parameter at ``path`` takes effect while the market runs."""
    parts = path.split(".")
    if len(parts) == 3 and parts[0] == "venues":
        return parts[2] in LIVE_OF_VENUES
    return len(parts) == 2 and parts[1] in LIVE.get(parts[0], ())


def apply_live(model: MarketModel, scenario: Scenario, path: str) -> None:
    """Make ``model`` follow what ``scenario`` says at ``path``, a path for which `is_live` is true.

    Raises
    ------
    ValueError
        If the model has nobody whom the parameter concerns.
    """
    parts = path.split(".")
    if parts[0] == "venues":
        _apply_to_venue(model, scenario, parts[1], parts[2])
        return
    value = getattr(getattr(scenario, parts[0]), parts[1])
    kind = CROWD_KINDS[parts[0]]
    crowds = [crowd for crowd in model.crowds if isinstance(crowd, Crowd) and crowd.kind == kind]
    if not crowds:
        raise ValueError(f"{path}: there is no {kind} in this market")
    for crowd in crowds:
        crowd.change(**{parts[1]: value})


def _apply_to_venue(model: MarketModel, scenario: Scenario, name: str, key: str) -> None:
    names = [venue.name for venue in scenario.venues]
    place = int(name) if name.isdigit() else names.index(name)
    spec, exchange = scenario.venues[place], model.exchanges[place]
    if key == "capacity_per_s":
        exchange.gateway.access = replace(exchange.gateway.access, capacity_per_s=spec.capacity_per_s)
        return
    engine = engine_of(exchange)
    presets = {venue.name: venue.preset for venue in scenario.venues}
    engine.rules = replace(engine.rules, adl=venue_rules(spec, presets).adl)


def sliders(scenario: Scenario) -> list[dict[str, Any]]:
    """Return the sliders of the page: path, what it is, bounds, present value, whether it acts at once."""
    found = []
    for path, (label, low, high, step) in SLIDERS.items():
        table, name = path.split(".")
        part = getattr(scenario, table)
        field: FieldInfo = type(part).model_fields[name]
        least, most = _bounds(field)
        value = float(getattr(part, name))
        found.append(
            {
                "path": path,
                "label": label,
                "about": field.description or "",
                "low": max(min(low, value), least),
                "high": min(max(high, value), most),
                "step": step,
                "value": value,
                "live": is_live(path),
            }
        )
    return found


def _bounds(field: FieldInfo) -> tuple[float, float]:
    """Return the least and the largest value that a field allows."""
    least, most = float("-inf"), float("inf")
    for rule in field.metadata:
        least = max(least, *(float(getattr(rule, name, least)) for name in ("ge", "gt")))
        most = min(most, *(float(getattr(rule, name, most)) for name in ("le", "lt")))
    return least, most
