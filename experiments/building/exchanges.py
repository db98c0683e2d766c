"""Setting up an exchange: books, accounts, gateway, prices and rules of one venue."""

import math
from collections.abc import Iterable

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
from abm.venues.pool import pool_of
from abm.venues.pricing import Pricing, Source
from experiments.building.instruments import make_instruments
from experiments.building.stage import Floats, Floor, Stage
from experiments.scenarios.events import Outage as OutageWindow


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
        pool_of(floor.venue, table, accounts),
    )


def calm_volatility(stage: Stage, floor: Floor, table: Records) -> Floats:
    """Return the calm volatility of each instrument's mid, per square root of a second.

    No mid is quieter than the bounce of the best quotes, however steady its value is (a stable coin's).
    """
    value = stage.per_asset("volatility_5min")[floor.asset] / math.sqrt(300.0)
    bounce = np.maximum(stage.scenario.market_maker.half_spread, table["tick"] / floor.price)
    return np.asarray(np.maximum(value, bounce / math.sqrt(SAMPLE_S)), np.float64)


def make_gateway(stage: Stage, floor: Floor, accounts: int) -> Gateway:
    """Return the gateway of ``floor``."""
    spec = floor.spec
    matching = floor.venue.matching
    access = Access(
        spec.capacity_per_s,
        spec.latency_ms,
        spec.latency_spread,
        spec.rate_limit_per_s,
        matching.block_ms,
        matching.sequencing == "cancel-first",
    )
    return Gateway(access, as_outages(spec.outages), accounts, stage.seed, spec.name)


def as_outages(windows: Iterable[OutageWindow]) -> tuple[Outage, ...]:
    """Return windows of a scenario as a gateway takes them."""
    return tuple(Outage(window.start_s, window.end_s) for window in windows)


def suspensions(stage: Stage) -> dict[int, tuple[Outage, ...]]:
    """Return the windows in which exchanges let no money out."""
    return {floor.place: as_outages(floor.spec.withdrawals_suspended) for floor in stage.floors}


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
    return Collateral(table, share, floor.venue.collateral.price, floor.price)


def has_halt(rule: TradingHalt) -> bool:
    """Tell whether a halt rule can ever act."""
    return not isinstance(rule, HaltRule) or len(rule.levels) > 0
