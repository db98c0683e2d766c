"""Setting up an exchange: books, accounts, gateway, prices and rules of one venue."""

import math

import numpy as np

from abm.book.messages import Records
from abm.book.orderbook import OrderBooks
from abm.instruments import PERPETUAL, SPOT, instrument_table
from abm.ledger.ledger import Ledger
from abm.market_view import SAMPLE_S, market_view
from abm.rules.halt import HaltRule, TradingHalt
from abm.venues.admission import Admission
from abm.venues.collateral_prices import Collateral
from abm.venues.exchange import Exchange
from abm.venues.gateway import Access, Gateway, Outage
from abm.venues.pool import LiquidityPool, pool_of
from abm.venues.pricing import Pricing, Source
from experiments.building.instruments import make_instruments
from experiments.building.stage import Floats, Floor, Stage


def make_exchange(stage: Stage, floor: Floor, accounts: int, first: int) -> Exchange:
    """Return the exchange of ``floor`` with room for ``accounts`` account rows, without agents.

    Parameters
    ----------
    first
        Place of its first instrument among those of all exchanges.
    """
    instruments = make_instruments(stage, floor)
    table = instrument_table(instruments, stage.asset_names)
    books = OrderBooks(len(instruments), accounts)
    venue = floor.venue
    return Exchange(
        floor.spec.name,
        instruments,
        market_view(floor.price, calm_volatility(stage, floor, table)),
        books,
        Ledger(table, accounts, position=books.position),
        make_gateway(stage, floor, accounts),
        Pricing(
            venue,
            table,
            stage.asset_names,
            floor.price,
            floor.place,
            sources(stage, floor, floor.spec.index_from or own_or_hub(floor, stage), SPOT),
            sources(stage, floor, floor.spec.mark_from, PERPETUAL),
        ),
        Admission(
            table,
            floor.price,
            venue.halt if has_halt(venue.halt) else None,
            venue.price_band,
            market_wide=floor.spec.halt == "market-wide",
        ),
        make_collateral(stage, floor, table),
        first,
        make_pool(stage, floor, table, accounts),
    )


def make_pool(stage: Stage, floor: Floor, table: Records, accounts: int) -> LiquidityPool | None:
    """Return the pool of ``floor``, None where there are order books.

    Without ADL nobody waits for it: winners are paid whatever that does to the pool.
    """
    pool = pool_of(floor.venue, table, accounts)
    if pool is not None and not stage.on("adl"):
        pool.profit_limit = math.inf
    return pool


def calm_volatility(stage: Stage, floor: Floor, table: Records) -> Floats:
    """Return the calm volatility of each instrument's mid, per square root of a second.

    No mid is quieter than the bounce of the best quotes, however steady its value is (a stable coin's).
    """
    value = stage.per_asset("volatility_5min")[floor.asset] / math.sqrt(300.0)
    bounce = np.maximum(stage.scenario.market_maker.half_spread, table["tick"] / floor.price)
    return np.asarray(np.maximum(value, bounce / math.sqrt(SAMPLE_S)), np.float64)


def make_gateway(stage: Stage, floor: Floor, accounts: int) -> Gateway:
    """Return the gateway of ``floor``; without outages nothing closes it and it digests any load."""
    spec = floor.spec
    matching = floor.venue.matching
    access = Access(
        spec.capacity_per_s if stage.on("outage") else 0.0,
        spec.latency_ms,
        spec.latency_spread,
        spec.rate_limit_per_s,
        matching.block_ms,
        matching.sequencing == "cancel-first",
    )
    windows = spec.outages if stage.on("outage") else ()
    outages = tuple(Outage(outage.start_s, outage.end_s) for outage in windows)
    return Gateway(access, outages, accounts, stage.seed, spec.name)


def own_or_hub(floor: Floor, stage: Stage) -> tuple[str, ...]:
    """Return where the index draws from when the scenario does not say."""
    return (floor.spec.name,) if len(floor.spot) else (stage.hub.spec.name,)


def sources(stage: Stage, floor: Floor, names: tuple[str, ...], kind: int) -> list[Source]:
    """Return for each named exchange its instruments of ``kind`` that go with the perpetuals of ``floor``."""
    wanted = floor.asset[floor.perpetuals]
    places = [next(item for item in stage.floors if item.spec.name == name) for name in names]
    return [Source(there.place, tuple(there.row(int(asset), kind) for asset in wanted)) for there in places]


def make_collateral(stage: Stage, floor: Floor, table: Records) -> Collateral:
    """Return the prices of coins that count as margin on ``floor``."""
    backing = floor.venue.backing(table, stage.asset_names)
    share = backing["share"][:, 0] / 1e6
    source = floor.venue.collateral.price if stage.on("collateral_peg") else "oracle"
    return Collateral(table, share, source, floor.price)


def has_halt(rule: TradingHalt) -> bool:
    """Tell whether a halt rule can ever act."""
    return not isinstance(rule, HaltRule) or len(rule.levels) > 0
