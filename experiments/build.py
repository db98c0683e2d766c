"""From a scenario and a seed to a market model: who is there, with what, holding what."""

import importlib
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records, fill_table
from abm.book.orderbook import OrderBooks
from abm.clock import Clock, Phase
from abm.compiled import for_kernels, kernel
from abm.information.fundamental import Fundamentals, ValueProcess
from abm.information.news import News
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER, INSURANCE_FUND
from abm.ledger.ledger import Ledger
from abm.market_view import market_view
from abm.model import MarketModel
from abm.networks.social_graph import barabasi_albert
from abm.random_streams import generator
from abm.venues.gateway import Gateway, Outage
from abm.venues.presets import load_preset
from abm.venues.pricing import Pricing
from abm.venues.venue import Venue
from agents.arbitrageur import Arbitrageurs, arbitrageur_dtype
from agents.crowd import Crowd
from agents.fundamentalist import Fundamentalists, fundamentalist_dtype
from agents.leveraged_retail import LeveragedRetailTraders, retail_dtype
from agents.liquidation_engine import LiquidationEngineAgent
from agents.market_maker import MarketMakers, maker_dtype, quote_dtype
from agents.noise_trader import NoiseTraders, noise_dtype
from agents.social_herd import SocialHerd, herd_dtype
from agents.whale import Whales, whale_dtype
from experiments.errors import InputError
from experiments.scenarios.schema import Scenario

MILLION = 1_000_000
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


@dataclass
class Accounts:
    """Hands out consecutive account rows."""

    next_row: int = FIRST_TRADER

    def take(self, count: int) -> npt.NDArray[np.int32]:
        """Return the next ``count`` rows."""
        rows = np.arange(self.next_row, self.next_row + count, dtype=np.int32)
        self.next_row += count
        return rows


@dataclass
class Stage:
    """What set-up functions share: the scenario and everything already standing."""

    scenario: Scenario
    venue: Venue
    seed: int
    twin: str
    accounts: Accounts
    price: npt.NDArray[np.float64]
    depth: npt.NDArray[np.float64]
    table: Records

    @property
    def assets(self) -> int:
        """Number of assets."""
        return len(self.scenario.assets)

    def rng(self, part: str) -> np.random.Generator:
        """Return the set-up generator of one part."""
        return generator(self.seed, f"setup {part}")


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
    """
    if twin not in TWINS:
        raise ValueError(f"twin: unknown name {twin!r}; known: {', '.join(TWINS)}")
    venue = load_preset(scenario.venue.preset)
    instruments = make_instruments(scenario, venue)
    asset_names = [asset.name for asset in scenario.assets]
    price = np.array([asset.price_usd for asset in scenario.assets] * 2)
    perpetual_depth = np.array([asset.depth_1pct_usd for asset in scenario.assets])
    spot_share = np.array([asset.spot_depth_share for asset in scenario.assets])
    depth = np.concatenate([perpetual_depth, perpetual_depth * spot_share])
    table = instrument_table(instruments, asset_names)
    stage = Stage(scenario, venue, seed, twin, Accounts(), price, depth, table)
    rows = sum(population_sizes(scenario).values())
    own = sum(group.count for group in scenario.own_agents)
    books = OrderBooks(len(instruments), FIRST_TRADER + rows + own + spare_accounts)
    ledger = Ledger(table, books.position.shape[1], position=books.position)
    volatility = np.array([asset.volatility_5min / math.sqrt(300.0) for asset in scenario.assets])
    model = MarketModel(
        name=scenario.name,
        seed=seed,
        twin=twin,
        clock=Clock(tuple(Phase(phase.until_s, phase.step_s) for phase in scenario.phases)),
        instruments=instruments,
        table=table,
        view=market_view(price, np.concatenate([volatility, volatility])),
        books=books,
        ledger=ledger,
        fundamentals=make_fundamentals(scenario, volatility, seed, twin),
        gateway=Gateway(
            scenario.venue.capacity_per_s, tuple(Outage(o.start_s, o.end_s) for o in scenario.venue.outages)
        ),
        pricing=Pricing(venue, table, asset_names, price),
        asset_names=asset_names,
    )
    add_agents(model, stage, views)
    model.spare_accounts = list(range(stage.accounts.next_row, ledger.accounts))
    add_own_agents(model, scenario)
    return model


def population_sizes(scenario: Scenario) -> dict[str, int]:
    """Return the number of accounts of each kind."""
    return {
        "leveraged_retail": scenario.retail.traders,
        "social_herd": scenario.herd.traders,
        "noise_trader": scenario.noise.traders,
        "fundamentalist": scenario.fundamentalist.traders,
        "arbitrageur": scenario.arbitrageur.traders,
        "market_maker": scenario.market_maker.makers,
        "whale": 1 if scenario.whale else 0,
    }


def make_instruments(scenario: Scenario, venue: Venue) -> list[Instrument]:
    """Return the perpetuals of all assets, then their spot pairs."""
    fees = {"perpetual": venue.fees, "spot": venue.spot_fees}
    return [
        Instrument(
            f"{asset.name}-{'PERP' if kind == 'perpetual' else 'SPOT'}",
            asset.name,
            kind,  # type: ignore[arg-type]
            asset.tick_size_usd,
            asset.lot_size,
            fees[kind].maker_ppm,
            fees[kind].taker_ppm,
        )
        for kind in ("perpetual", "spot")
        for asset in scenario.assets
    ]


def make_fundamentals(
    scenario: Scenario, volatility: npt.NDArray[np.float64], seed: int, twin: str
) -> Fundamentals:
    """Return values and news; the twin without exogenous shock leaves the shocks out."""
    loading = np.array([asset.news_loading for asset in scenario.assets])
    news = tuple(
        News(
            time_s=event.time_s,
            duration_s=event.duration_s,
            log_change=math.log1p(event.size) * loading,
            equity_log_change=math.log1p(event.equity_size),
            volatility_multiple=event.volatility_multiple,
            volatility_half_life_s=event.volatility_half_life_s,
        )
        for event in scenario.news
        if not (event.shock and twin == "exogenous_shock")
    )
    process = ValueProcess(
        price_usd=np.array([asset.price_usd for asset in scenario.assets]),
        volatility=volatility,
        factor_share=np.array([asset.factor_share for asset in scenario.assets]),
        **scenario.fundamentals.model_dump(),
    )
    return Fundamentals(process, news, seed)


def add_agents(model: MarketModel, stage: Stage, views: bool | None) -> None:
    """Create all populations, give them what they own, and register them with the model."""
    scenario = stage.scenario
    retail = make_retail(model, stage)
    herd = make_herd(model, stage, retail)
    noise = make_noise(model, stage)
    fundamentalists = make_fundamentalists(model, stage)
    arbitrageurs = make_arbitrageurs(model, stage)
    makers = make_makers(model, stage)
    crowds: list[Crowd] = [makers, retail, herd, noise, fundamentalists, arbitrageurs]
    if scenario.whale is not None:
        crowds.append(make_whale(model, stage))
    open_positions(model, stage, retail, arbitrageurs)
    open_interest = sum(
        np.maximum(model.ledger.position[i], 0).sum() * model.table["lot"][i] * stage.price[i]
        for i in range(stage.assets)
    )
    fund_usd = scenario.venue.insurance_fund_over_open_interest * float(open_interest)
    model.ledger.deposit(INSURANCE_FUND, int(fund_usd * MILLION))

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
    makers.instrument_names = model.instrument_names
    for crowd in crowds:
        crowd.attach(model.ledger.cash[0])
    if views or (views is None and model.books.position.shape[1] <= VIEW_LIMIT):
        for crowd in crowds:
            crowd.views(model)


def make_retail(model: MarketModel, stage: Stage) -> LeveragedRetailTraders:
    """Draw retail traders: position size, leverage, wealth; sizes are scaled so that open interest comes out as asked."""
    p = stage.scenario.retail
    rng = stage.rng("retail")
    n = p.traders
    table = for_kernels(np.zeros(n, retail_dtype))
    table["account"] = stage.accounts.take(n)
    weights = np.array([asset.retail_share for asset in stage.scenario.assets], float)
    table["instrument"] = rng.choice(stage.assets, n, p=weights / weights.sum())
    scale = np.array([asset.leverage_scale for asset in stage.scenario.assets])[table["instrument"]]
    leverage = p.leverage_median * scale * np.exp(p.leverage_spread * rng.standard_normal(n))
    table["leverage"] = np.clip(np.rint(leverage), 1, p.leverage_max)
    size = (1.0 - rng.random(n)) ** (-1.0 / p.size_tail)
    table["susceptibility"] = np.exp(0.5 * rng.standard_normal(n))
    table["uses_stop"] = (rng.random(n) < p.stop_share) + 2 * (rng.random(n) < p.profit_share)
    inside = rng.random(n) < p.in_position
    for i, asset in enumerate(stage.scenario.assets):
        mine = table["instrument"] == i
        wanted = p.open_interest_over_depth * asset.crowding * asset.depth_1pct_usd / max(p.long_share, 1e-9)
        limit = p.size_limit_over_depth * asset.depth_1pct_usd
        size[mine] = scaled_sizes(size[mine], inside[mine], wanted, limit)
    wealth = size / (0.8 * table["leverage"])
    table["wealth_usd"] = wealth
    table["clip_usd"] = p.clip_over_depth * stage.depth[table["instrument"]]
    table["held"] = np.where(inside, -1, 0)
    accounts = table["account"]
    model.ledger.leverage[table["instrument"], accounts] = table["leverage"]
    model.ledger.isolated[table["instrument"], accounts] = 1
    model.ledger.deposit(accounts, (wealth * MILLION).astype(np.int64))
    return LeveragedRetailTraders(p, table, np.zeros(n + stage.scenario.herd.traders), stage.seed)


def scaled_sizes(
    size: npt.NDArray[np.float64], inside: npt.NDArray[np.bool_], wanted: float, limit: float
) -> npt.NDArray[np.float64]:
    """Return sizes scaled and cut at ``limit`` so that those ``inside`` sum to ``wanted``, or all at the limit."""
    if not inside.any():
        return np.minimum(size * wanted / max(size.sum(), 1e-9), limit)
    low, high = 0.0, limit / size[inside].min()
    for _ in range(60):
        middle = 0.5 * (low + high)
        if np.minimum(size[inside] * middle, limit).sum() < wanted:
            low = middle
        else:
            high = middle
    return np.minimum(size * high, limit)


def open_positions(
    model: MarketModel, stage: Stage, retail: LeveragedRetailTraders, arbitrageurs: Arbitrageurs
) -> None:
    """Open the retail traders' initial positions against the arbitrageurs, off the book and without fees."""
    p = stage.scenario.retail
    rng = stage.rng("positions")
    table = retail.table
    inside = np.flatnonzero(table["held"] != 0)
    table["held"] = 0
    if len(inside) == 0 or len(arbitrageurs.table) == 0:
        return
    instrument = table["instrument"][inside].astype(np.int64)
    leverage = table["leverage"][inside].astype(float)
    long = rng.random(len(inside)) < p.long_share
    way = np.where(long, 1.0, -1.0)
    now = stage.price[instrument]
    entry = now * np.exp(p.entry_spread * rng.standard_normal(len(inside)))
    # Nobody starts closer to liquidation than this: those would have been closed before the run begins.
    nearest = now * (1.0 - way * p.least_distance) * (1.0 - way * 0.01) / (1.0 - way / np.maximum(leverage, 1.01))
    entry = np.where(long, np.minimum(entry, nearest), np.maximum(entry, nearest))
    entry = np.where(leverage < 1.5, now, entry)
    ticks = np.maximum(1, np.rint(entry / model.table["tick"][instrument])).astype(np.int64)
    notional = 0.8 * table["wealth_usd"][inside] * leverage
    lots = (notional / (now * model.table["lot"][instrument])).astype(np.int64)
    some = lots > 0
    fills = fill_table(int(some.sum()))
    desk = np.array(
        [arbitrageurs.table["account"][arbitrageurs.table["perpetual"] == i] for i in range(stage.assets)],
        dtype=object,
    )
    counterpart = np.array([rng.choice(desk[i]) for i in instrument[some]], dtype=np.int32)
    fills["price"], fills["lots"] = ticks[some], lots[some]
    fills["maker"], fills["taker"] = counterpart, table["account"][inside][some]
    fills["instrument"], fills["side"] = instrument[some], np.where(long[some], 0, 1)
    endow(fills, model.ledger.position)
    free = model.table.copy()
    free["maker_fee"] = 0
    free["taker_fee"] = 0
    settle_without_fees(model.ledger, fills, free)
    for i in range(stage.assets):
        shorts = model.ledger.position[i, arbitrageurs.table["account"]]
        mine = arbitrageurs.table["perpetual"] == i
        arbitrageurs.table["home_usd"][mine] = -shorts[mine] * model.table["lot"][i] * stage.price[i]
        spot = i + stage.assets
        hedge = np.maximum(0, -shorts[mine]) + (arbitrageurs.table["capital_usd"][mine] / stage.price[i] / model.table["lot"][i]).astype(np.int64)
        model.ledger.issue(spot, arbitrageurs.table["account"][mine], hedge)


@kernel
def endow(fills: Records, position: npt.NDArray[np.int64]) -> None:
    """Move positions as ``fills`` say and write the positions before each fill into it."""
    for k in range(len(fills)):
        fill = fills[k]
        bought = fill.lots if fill.side == 0 else -fill.lots
        fill.taker_position = position[fill.instrument, fill.taker]
        fill.maker_position = position[fill.instrument, fill.maker]
        position[fill.instrument, fill.taker] += bought
        position[fill.instrument, fill.maker] -= bought


def settle_without_fees(ledger: Ledger, fills: Records, instruments: Records) -> None:
    """Settle ``fills`` by another instrument table than the ledger's own."""
    own, ledger.instruments = ledger.instruments, instruments
    ledger.settle(fills)
    ledger.instruments = own


def make_herd(model: MarketModel, stage: Stage, retail: LeveragedRetailTraders) -> SocialHerd:
    """Draw the social graph over retail traders and herd members, and the members' spot holdings."""
    p = stage.scenario.herd
    rng = stage.rng("herd")
    table = for_kernels(np.zeros(p.traders, herd_dtype))
    table["account"] = stage.accounts.take(p.traders)
    table["instrument"] = stage.assets + np.arange(p.traders) % stage.assets
    size = np.exp(rng.standard_normal(p.traders))
    fill_by_instrument(table, "holding_usd", size, p.holding_over_depth * stage.depth)
    grant_spot(model, stage, table["account"], table["instrument"], table["holding_usd"])
    model.ledger.deposit(table["account"], (table["holding_usd"] * 1.5 * MILLION).astype(np.int64))
    nodes = len(retail.sentiment)
    graph = barabasi_albert(max(nodes, p.links + 1), p.links, rng) if nodes else barabasi_albert(2, 1, rng)
    shuffled = rng.permutation(graph.nodes)
    watched = np.concatenate([retail.table["instrument"], table["instrument"]]).astype(np.int16)
    return SocialHerd(
        p,
        table,
        graph.relabelled(shuffled),
        retail.sentiment,
        watched,
        first_node=len(retail.table),
        first_account=FIRST_TRADER,
        seed=stage.seed,
        herding=stage.twin != "herding",
    )


def make_noise(model: MarketModel, stage: Stage) -> NoiseTraders:
    """Draw noise traders on all instruments; volume is proportional to depth."""
    p = stage.scenario.noise
    rng = stage.rng("noise")
    table = for_kernels(np.zeros(p.traders, noise_dtype))
    table["account"] = stage.accounts.take(p.traders)
    n = 2 * stage.assets
    table["instrument"] = np.arange(p.traders) % n
    for i in range(n):
        mine = table["instrument"] == i
        orders_per_hour = p.rate_per_hour * p.market_share * max(1, mine.sum())
        table["order_usd"][mine] = p.hourly_turnover * stage.depth[i] / orders_per_hour
    spot = table["instrument"] >= stage.assets
    table["inventory_usd"] = np.where(spot, 10.0 * table["order_usd"], 0.0)
    grant_spot(model, stage, table["account"][spot], table["instrument"][spot], table["inventory_usd"][spot])
    model.ledger.deposit(table["account"], (table["order_usd"] * 40 * MILLION).astype(np.int64))
    rng.random()
    return NoiseTraders(p, table, stage.seed)


def make_fundamentalists(model: MarketModel, stage: Stage) -> Fundamentalists:
    """Draw fundamentalists with their opinions, delays and capital."""
    p = stage.scenario.fundamentalist
    rng = stage.rng("fundamentalists")
    table = for_kernels(np.zeros(p.traders, fundamentalist_dtype))
    table["account"] = stage.accounts.take(p.traders)
    table["instrument"] = np.arange(p.traders) % (2 * stage.assets)
    asset = table["instrument"] % stage.assets
    table["opinion"] = p.opinion_spread * rng.standard_normal(p.traders)
    table["value_seen"] = np.log(stage.price)[asset]
    table["delay_s"] = p.delay_s * np.exp(0.7 * rng.standard_normal(p.traders))
    table["threshold"] = p.threshold * rng.exponential(1.0, p.traders)
    size = np.exp(rng.standard_normal(p.traders))
    believed = np.array([asset.value_capital for asset in stage.scenario.assets] * 2)
    fill_by_instrument(table, "capital_usd", size, p.capital_over_depth * stage.depth * believed)
    spot = table["instrument"] >= stage.assets
    table["holding_usd"] = np.where(spot, table["capital_usd"], 0.0)
    grant_spot(model, stage, table["account"][spot], table["instrument"][spot], table["holding_usd"][spot])
    model.ledger.deposit(table["account"], (table["capital_usd"] * 3 * MILLION).astype(np.int64))
    return Fundamentalists(p, table, stage.seed)


def make_arbitrageurs(model: MarketModel, stage: Stage) -> Arbitrageurs:
    """Draw arbitrageurs, spread over the assets."""
    p = stage.scenario.arbitrageur
    rng = stage.rng("arbitrageurs")
    table = for_kernels(np.zeros(p.traders, arbitrageur_dtype))
    table["account"] = stage.accounts.take(p.traders)
    table["perpetual"] = np.arange(p.traders) % stage.assets
    table["spot"] = table["perpetual"] + stage.assets
    table["threshold"] = p.threshold * (1.0 + rng.exponential(1.0, p.traders))
    for i in range(stage.assets):
        mine = table["perpetual"] == i
        table["capital_usd"][mine] = p.capital_over_depth * stage.depth[i] / max(1, mine.sum())
        table["clip_usd"][mine] = p.clip_over_depth * stage.depth[i]
        retail = stage.scenario.retail.open_interest_over_depth * stage.scenario.assets[i].crowding
        short = retail * stage.depth[i] / max(1, mine.sum())
        model.ledger.deposit(
            table["account"][mine], ((table["capital_usd"][mine] + short) * MILLION).astype(np.int64)
        )
    return Arbitrageurs(p, table, stage.seed)


def make_makers(model: MarketModel, stage: Stage) -> MarketMakers:
    """Draw market makers; together they show the calm depth of every instrument."""
    p = stage.scenario.market_maker
    rng = stage.rng("makers")
    n, instruments = p.makers, 2 * stage.assets
    table = for_kernels(np.zeros(n, maker_dtype))
    table["account"] = stage.accounts.take(n)
    share = rng.dirichlet(np.full(n, 8.0)) if n else np.zeros(0)
    table["share"] = share
    table["capital_usd"] = p.capital_over_depth * share * stage.depth.sum()
    table["risk_limit"] = p.risk_limit * np.exp(p.limit_spread * rng.standard_normal(n))
    table["stretch"] = rng.uniform(0.85, 1.15, n)
    quotes = for_kernels(np.zeros((n, instruments), quote_dtype))
    quotes["fair"] = quotes["value_seen"] = np.log(stage.price)
    quotes["size_factor"] = quotes["bid_appetite"] = quotes["ask_appetite"] = 1.0
    quotes["depth_usd"] = share[:, None] * stage.depth
    spot = np.arange(instruments) >= stage.assets
    quotes["home_usd"] = np.where(spot, p.inventory_over_depth * quotes["depth_usd"], 0.0)
    for i in np.flatnonzero(spot):
        grant_spot(model, stage, table["account"], np.full(n, i), quotes["home_usd"][:, i])
    quotes["held"] = model.ledger.position[:, table["account"]].T
    model.ledger.deposit(table["account"], (table["capital_usd"] * MILLION).astype(np.int64))
    loading = np.array([asset.news_loading for asset in stage.scenario.assets])
    return MarketMakers(p, table, quotes, loading, stage.seed, withdrawal=stage.twin != "maker_withdrawal")


def make_whale(model: MarketModel, stage: Stage) -> Whales:
    """Return the whale: one account, one row for each of the first two perpetuals."""
    p = stage.scenario.whale
    assert p is not None
    count = min(2, stage.assets)
    table = for_kernels(np.zeros(count, whale_dtype))
    table["account"] = stage.accounts.take(1)[0]
    table["instrument"] = np.arange(count)
    table["target_usd"] = p.short_over_depth * stage.depth[:count]
    account = int(table["account"][0])
    model.ledger.leverage[:, account] = p.leverage
    model.ledger.deposit(account, int(table["target_usd"].sum() / p.leverage * 2.0 * MILLION))
    return Whales(p, table, stage.seed)


def add_own_agents(model: MarketModel, scenario: Scenario) -> None:
    """Create the agents that the scenario names by import path.

    Raises
    ------
    InputError
        If a class cannot be imported or refuses its options.
    """
    for group in scenario.own_agents:
        module, name = group.agent.split(":")
        try:
            agent_class = getattr(importlib.import_module(module), name)
            for _ in range(group.count):
                agent_class(model, deposit_usd=group.deposit_usd, **group.options)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise InputError(f"own_agents: {group.agent}: {error}") from error


def fill_by_instrument(
    table: Records, column: str, size: npt.NDArray[np.float64], total: npt.NDArray[np.float64]
) -> None:
    """Write ``size`` into ``column``, scaled so that each instrument's rows sum to ``total[instrument]``."""
    for i in np.unique(table["instrument"]):
        mine = table["instrument"] == i
        table[column][mine] = size[mine] / size[mine].sum() * total[i]


def grant_spot(
    model: MarketModel,
    stage: Stage,
    accounts: npt.NDArray[np.int32],
    instruments: npt.NDArray[np.integer],
    usd: npt.NDArray[np.float64],
) -> None:
    """Issue spot holdings worth ``usd`` at the initial price."""
    for i in np.unique(instruments):
        mine = instruments == i
        lots = (usd[mine] / (stage.price[i] * stage.table["lot"][i])).astype(np.int64)
        model.ledger.issue(int(i), accounts[mine], lots)
