"""Mechanisms that can be switched off, and on again, in a running market.

The others of `experiments.mechanisms` are causes: they are in a market from its building on, or not at all.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from abm.model import MarketModel
from abm.networks.credit_network import CreditNetwork
from abm.venues.pool import profit_limit_of
from agents.liquidation_engine import LiquidationEngineAgent
from agents.making.deciding import QUOTING
from agents.market_maker import MarketMakers
from agents.social_herd import SocialHerd
from experiments.building.exchanges import as_outages, suspensions
from experiments.building.stage import Stage
from experiments.mechanisms import BASELINE, switched_off
from experiments.scenarios.schema import Scenario


def switch(model: MarketModel, scenario: Scenario, mechanism: str, *, on: bool) -> None:
    """Switch a mechanism from now on.

    Parameters
    ----------
    model
        The market.
    scenario
        What it was built from: says what a mechanism that is on is like.
    mechanism
        A key of `SWITCHES`.
    """
    SWITCHES[mechanism](model, Stage(scenario, model.seed_used, BASELINE), on)


def switch_off(model: MarketModel, scenario: Scenario, twin: str) -> None:
    """Switch off what is off in a twin, and give the model its name; what it was built without stays out."""
    off = switched_off(twin)
    if "exogenous_shock" in off:
        take_back_shocks(model, scenario)
    if off & SWITCHES.keys():
        stage = Stage(scenario, model.seed_used, BASELINE)
        for mechanism in sorted(off & SWITCHES.keys()):
            SWITCHES[mechanism](model, stage, False)
    model.twin = twin


def take_back_shocks(model: MarketModel, scenario: Scenario) -> None:
    """Let shocks that are still to come not happen; there is no way back."""
    shocks = [row for row, event in enumerate(scenario.news) if event.shock]
    model.fundamentals.news = tuple(
        item.without_effect() if row in shocks else item for row, item in enumerate(model.fundamentals.news)
    )
    for crowd in model.crowds:
        readers = getattr(crowd, "readers", None)
        if readers is not None:
            readers.take_back(shocks)


def _liquidations(model: MarketModel, stage: Stage, on: bool) -> None:  # noqa: ARG001
    for engine in model.agents_by_type[LiquidationEngineAgent]:
        engine.liquidations = on


def _adl(model: MarketModel, stage: Stage, on: bool) -> None:
    """Without ADL nobody waits for an oracle pool either: winners are paid whatever that does to it."""
    for engine in model.agents_by_type[LiquidationEngineAgent]:
        engine.adl = on
    for exchange, floor in zip(model.exchanges, stage.floors, strict=True):
        if exchange.pool is not None:
            exchange.pool.profit_limit = profit_limit_of(floor.venue) if on else math.inf


def _maker_withdrawal(model: MarketModel, stage: Stage, on: bool) -> None:  # noqa: ARG001
    """Without withdrawal all makers quote their calm size, also those who had left."""
    for crowd in model.crowds:
        if isinstance(crowd, MarketMakers):
            crowd.change(withdrawal=float(on))
            if not on:
                for quotes in crowd.quotes:
                    quotes["state"] = QUOTING
                    quotes["size_factor"] = 1.0


def _herding(model: MarketModel, stage: Stage, on: bool) -> None:  # noqa: ARG001
    """Without herding every mood is zero and stays so."""
    for network in model.networks:
        if isinstance(network, SocialHerd):
            network.herding = on
            if not on:
                network.sentiment[:] = 0.0
                network.mean_sentiment = 0.0


def _collateral_peg(model: MarketModel, stage: Stage, on: bool) -> None:
    for exchange, floor in zip(model.exchanges, stage.floors, strict=True):
        exchange.collateral.source = floor.venue.collateral.price if on else "oracle"


def _outage(model: MarketModel, stage: Stage, on: bool) -> None:
    model.transfers.suspended = suspensions(stage) if on else {}
    for exchange, floor in zip(model.exchanges, stage.floors, strict=True):
        gateway = exchange.gateway
        gateway.outages = as_outages(floor.spec.outages) if on else ()
        capacity = floor.spec.capacity_per_s if on else 0.0
        gateway.access = replace(gateway.access, capacity_per_s=capacity)


def _credit_contagion(model: MarketModel, stage: Stage, on: bool) -> None:  # noqa: ARG001
    for network in model.networks:
        if isinstance(network, CreditNetwork):
            network.contagion = on


SWITCHES: dict[str, Callable[[MarketModel, Stage, bool], None]] = {
    "liquidations": _liquidations,
    "maker_withdrawal": _maker_withdrawal,
    "herding": _herding,
    "adl": _adl,
    "collateral_peg": _collateral_peg,
    "outage": _outage,
    "credit_contagion": _credit_contagion,
}
"""Mechanism -> what switching it does to a running market."""
