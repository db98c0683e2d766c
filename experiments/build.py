"""From a scenario and a seed to a market model: who is there, with what, holding what."""

import math

import numpy as np

from abm.book.orderbook import OrderBooks
from abm.clock import Clock, Phase
from abm.instruments import instrument_table
from abm.ledger.accounts import FIRST_TRADER, INSURANCE_FUND
from abm.ledger.ledger import Ledger
from abm.market_view import market_view
from abm.model import MarketModel
from abm.venues.gateway import Gateway, Outage
from abm.venues.presets import load_preset
from abm.venues.pricing import Pricing
from agents.crowd import Crowd
from agents.liquidation_engine import LiquidationEngineAgent
from experiments.building.arbitrageurs import make_arbitrageurs
from experiments.building.fundamentalists import make_fundamentalists
from experiments.building.herd import make_herd
from experiments.building.instruments import make_instruments
from experiments.building.makers import make_makers
from experiments.building.noise import make_noise
from experiments.building.own_agents import add_own_agents
from experiments.building.positions import open_positions
from experiments.building.retail import make_retail
from experiments.building.stage import MILLION, Stage
from experiments.building.values import make_fundamentals
from experiments.building.whale import make_whale
from experiments.scenarios.schema import Scenario

SPARE_ACCOUNTS = 64
VIEW_LIMIT = 100_000
TWINS: dict[str, str] = {
    "baseline": "everything on",
    "liquidations": "no position is liquidated",
    "maker_withdrawal": "makers keep quoting their calm size",
    "herding": "nobody's mood moves and nobody trades on it",
    "adl": "the insurance fund takes over everything, even below zero",
    "exogenous_shock": "the news does not happen",
}


def build(
    scenario: Scenario,
    seed: int,
    twin: str = "baseline",
    *,
    views: bool | None = None,
    spare_accounts: int = SPARE_ACCOUNTS,
) -> MarketModel:
    """Return the model of ``scenario`` with ``seed``, ready to step.

    Parameters
    ----------
    twin
        Mechanism to switch off, a key of `TWINS`.
    views
        Whether to create one Mesa agent for each member of each crowd; by default up to 100,000 of them.
    spare_accounts
        Accounts kept free for agents that are added by hand.

    Raises
    ------
    ValueError
        If ``twin`` is unknown.
    InputError
        If an agent of the user's own cannot be imported or refuses its options.
    """
    if twin not in TWINS:
        raise ValueError(f"twin: unknown name {twin!r}; known: {', '.join(TWINS)}")
    stage = Stage(scenario, load_preset(scenario.venue.preset), seed, twin)
    model = empty_market(stage, accounts_needed(scenario) + spare_accounts)
    add_agents(model, stage, views)
    model.spare_accounts = list(range(stage.accounts.next_row, model.ledger.accounts))
    add_own_agents(model, scenario)
    return model


def accounts_needed(scenario: Scenario) -> int:
    """Return the number of accounts that the scenario's agents need."""
    crowds = (
        scenario.retail.traders,
        scenario.herd.traders,
        scenario.noise.traders,
        scenario.fundamentalist.traders,
        scenario.arbitrageur.traders,
        scenario.market_maker.makers,
    )
    whales = 1 if scenario.whale else 0
    return sum(crowds) + whales + sum(group.count for group in scenario.own_agents)


def empty_market(stage: Stage, accounts: int) -> MarketModel:
    """Return the market without agents, with room for ``accounts`` accounts of theirs."""
    scenario = stage.scenario
    instruments = make_instruments(scenario, stage.venue)
    table = instrument_table(instruments, stage.asset_names)
    books = OrderBooks(len(instruments), FIRST_TRADER + accounts)
    volatility = np.array([asset.volatility_5min / math.sqrt(300.0) for asset in scenario.assets])
    outages = tuple(Outage(outage.start_s, outage.end_s) for outage in scenario.venue.outages)
    return MarketModel(
        name=scenario.name,
        seed=stage.seed,
        twin=stage.twin,
        clock=Clock(tuple(Phase(phase.until_s, phase.step_s) for phase in scenario.phases)),
        instruments=instruments,
        table=table,
        view=market_view(stage.price, np.concatenate([volatility, volatility])),
        books=books,
        ledger=Ledger(table, books.position.shape[1], position=books.position),
        fundamentals=make_fundamentals(stage, volatility),
        gateway=Gateway(scenario.venue.capacity_per_s, outages),
        pricing=Pricing(stage.venue, table, stage.asset_names, stage.price),
        asset_names=stage.asset_names,
    )


def add_agents(model: MarketModel, stage: Stage, views: bool | None) -> None:
    """Create all populations, give them what they own, and register them with the model."""
    retail = make_retail(model, stage)
    herd = make_herd(model, stage, retail)
    noise = make_noise(model, stage)
    fundamentalists = make_fundamentalists(model, stage)
    arbitrageurs = make_arbitrageurs(model, stage)
    makers = make_makers(model, stage)
    crowds: list[Crowd] = [makers, retail, herd, noise, fundamentalists, arbitrageurs]
    if stage.scenario.whale is not None:
        crowds.append(make_whale(model, stage, stage.scenario.whale))
    open_positions(model, stage, retail, arbitrageurs)
    fill_insurance_fund(model, stage)

    model.crowds = list(crowds)
    model.networks = [herd]
    model.risk = LiquidationEngineAgent(
        model,
        stage.venue.engine(model.table, model.asset_names),
        liquidations=stage.twin != "liquidations",
        adl=stage.twin != "adl",
    )
    model.reporters = {
        "sentiment": herd.report_sentiment,
        "makers_quoting": makers.report_share_quoting,
    }
    model.event_reporters = {
        "liquidations": model.risk.liquidation_table,
        "adl": model.risk.deleveraging_table,
        "maker_withdrawals": makers.withdrawal_table,
    }
    for crowd in crowds:
        crowd.attach(model.ledger.cash[0])
    if views or (views is None and model.ledger.accounts <= VIEW_LIMIT):
        for crowd in crowds:
            crowd.views(model)


def fill_insurance_fund(model: MarketModel, stage: Stage) -> None:
    """Endow the venue's insurance fund in proportion to the open interest at the start."""
    open_interest = sum(
        np.maximum(model.ledger.position[i], 0).sum() * model.table["lot"][i] * stage.price[i]
        for i in range(stage.assets)
    )
    fund_usd = stage.scenario.venue.insurance_fund_over_open_interest * float(open_interest)
    model.ledger.deposit(INSURANCE_FUND, int(fund_usd * MILLION))
