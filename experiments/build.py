"""From a scenario and a seed to a market model: who is there, with what, holding what."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from abm.clock import Clock, Phase
from abm.ledger.accounts import FIRST_TRADER, INSURANCE_FUND
from abm.model import MarketModel
from abm.venues.transfers import Transfers
from agents.crowd import Crowd
from agents.liquidation_engine import LiquidationEngineAgent
from experiments.building.arbitrageurs import make_arbitrageurs
from experiments.building.cross_margin_funds import make_funds
from experiments.building.exchanges import make_exchange, suspensions
from experiments.building.fundamentalists import make_fundamentalists
from experiments.building.herd import make_herd
from experiments.building.index_investors import make_index_investors
from experiments.building.information import give_tiers
from experiments.building.institutions import accounts_of_institutions, make_institutions, report_credit
from experiments.building.makers import make_makers
from experiments.building.noise import make_noise
from experiments.building.own_agents import add_own_agents
from experiments.building.owners import account_kinds, join_accounts, with_kinds
from experiments.building.positions import open_positions
from experiments.building.retail import make_retail
from experiments.building.stage import MILLION, Floor, Stage
from experiments.building.values import make_fundamentals
from experiments.building.whale import make_whale
from experiments.building.witness import make_witness, reporters
from experiments.mechanisms import switched_off, twin_without
from experiments.scenarios.schema import Scenario
from experiments.switches import switch_off

SPARE_ACCOUNTS = 64
VIEW_LIMIT = 100_000


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
        Mechanisms to switch off, as `experiments.mechanisms` names them.
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
    stage = Stage(scenario, seed, twin_without(switched_off(twin)))
    model = empty_market(stage, spare_accounts)
    add_agents(model, stage, views)
    for floor in stage.floors:
        floor.exchange.spare_accounts = list(range(floor.accounts.next_row, floor.exchange.ledger.accounts))
    switch_off(model, scenario, model.twin)
    add_own_agents(model, scenario)
    return model


def accounts_needed(stage: Stage, floor: Floor) -> int:
    """Return the number of accounts that the scenario's agents need on one exchange."""
    scenario = stage.scenario
    desks = scenario.arbitrageur.traders
    count = stage.retail_counts[floor.place]
    if floor.has_book:
        count += scenario.noise.traders + scenario.fundamentalist.traders
    count += scenario.market_maker.makers + desks * (1 if floor.place == 0 else 2)
    if floor.place == 0:
        elsewhere = stage.floors[1:]
        count += desks * (len(elsewhere) + sum(1 for item in elsewhere if not item.spec.spot))
        count += scenario.herd.traders + scenario.cross_margin_fund.funds
        count += accounts_of_institutions(scenario.institution)
        count += scenario.index_investor.investors
        count += sum(group.count for group in scenario.own_agents)
    return count + (1 if scenario.whale else 0)


def empty_market(stage: Stage, spare_accounts: int) -> MarketModel:
    """Return the market without agents, with room for the accounts of theirs."""
    scenario = stage.scenario
    volatility = stage.per_asset("volatility_5min") / math.sqrt(300.0)
    first = 0
    for floor in stage.floors:
        accounts = FIRST_TRADER + accounts_needed(stage, floor) + spare_accounts
        floor.exchange = make_exchange(stage, floor, accounts, first)
        first += floor.instruments
    return MarketModel(
        name=scenario.name,
        seed=stage.seed,
        twin=stage.twin,
        clock=Clock(tuple(Phase(phase.until_s, phase.step_s) for phase in scenario.phases)),
        exchanges=[floor.exchange for floor in stage.floors],
        fundamentals=make_fundamentals(stage, volatility),
        transfers=Transfers(scenario.transfer_s, suspensions(stage)),
        asset_names=stage.asset_names,
    )


def add_agents(model: MarketModel, stage: Stage, views: bool | None) -> None:
    """Create all populations, give them what they own, and register them with the model."""
    sentiment = np.zeros(sum(stage.retail_counts) + stage.scenario.herd.traders)
    retail = make_retail(stage, sentiment)
    herd = make_herd(stage, retail, sentiment)
    noise = [make_noise(stage, floor) for floor in stage.floors if floor.has_book]
    fundamentalists = [make_fundamentalists(stage, floor) for floor in stage.floors if floor.has_book]
    arbitrageurs = make_arbitrageurs(stage)
    makers = make_makers(stage)
    funds = make_funds(stage)
    crowds: list[Crowd] = [makers, *retail, herd, *noise, *fundamentalists, arbitrageurs, funds]
    if stage.scenario.whale is not None:
        crowds.append(make_whale(stage, stage.scenario.whale))
    open_positions(stage, retail, funds, arbitrageurs)

    if stage.scenario.index_investor.investors:
        crowds.append(make_index_investors(stage))
    give_tiers(stage, crowds)
    institutions = make_institutions(stage, model.clock, funds, makers)
    if institutions is not None:
        crowds.append(institutions[0])
    model.crowds = list(crowds)
    witness = make_witness(model, stage.scenario, crowds)
    model.networks = [herd, witness]
    for floor in stage.floors:
        fill_insurance_fund(floor)
        engine = floor.venue.engine(floor.exchange.table, stage.asset_names)
        floor.exchange.risk = LiquidationEngineAgent(model, floor.place, engine)
    engines = list(model.agents_by_type[LiquidationEngineAgent])
    model.reporters = {
        "sentiment": herd.report_sentiment,
        "makers_quoting": makers.report_share_quoting,
        "bad_debt": partial(losses_beyond_margin, engines),
    }
    deleveraging = partial(joined, [engine.deleveraging_table for engine in engines])
    model.event_reporters = {
        "liquidations": partial(joined, [engine.liquidation_table for engine in engines]),
        "adl": partial(with_kinds, deleveraging, model.exchanges, account_kinds(crowds)),
        "maker_withdrawals": makers.withdrawal_table,
        "posts": herd.post_table,
        **reporters(witness, model),
    }
    if institutions is not None:
        report_credit(model, institutions[1])
    join_accounts(model.owners, makers, arbitrageurs)
    for crowd in crowds:
        crowd.attach(model.exchanges[crowd.exchange].ledger)
    largest = max(exchange.ledger.accounts for exchange in model.exchanges)
    if views or (views is None and largest <= VIEW_LIMIT):
        for crowd in crowds:
            crowd.views(model)


def losses_beyond_margin(engines: Sequence[LiquidationEngineAgent]) -> float:
    """Return what positions on all exchanges have lost so far beyond their margin, USD."""
    return sum(engine.report_losses_beyond_margin() for engine in engines)


def joined(reports: Sequence[Callable[[], pd.DataFrame]]) -> pd.DataFrame:
    """Return the tables of all exchanges as one."""
    return pd.concat([report() for report in reports], ignore_index=True)


def fill_insurance_fund(floor: Floor) -> None:
    """Endow the insurance fund of an exchange, or its pool, in proportion to its open interest."""
    ledger = floor.exchange.ledger
    held = np.maximum(ledger.position[floor.perpetuals], 0).sum(axis=1)
    value = held * (ledger.instruments["lot"] * floor.price)[floor.perpetuals]
    share = floor.spec.insurance_fund_over_open_interest
    if not floor.has_book:
        share = floor.spec.pool_capital_over_open_interest
    fund_usd = share * float(value.sum())
    ledger.deposit(INSURANCE_FUND, int(fund_usd * MILLION))
