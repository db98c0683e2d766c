"""Initial positions: the crowd's, opened against arbitrageurs or the pool, off the book and without fees."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, SELL, Records, fill_table
from abm.compiled import kernel
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.ledger import Ledger
from agents.arbitrageur import Arbitrageurs
from agents.cross_margin_fund import CrossMarginFunds
from agents.leveraged_retail import LeveragedRetailTraders
from agents.retail.parameters import RetailParameters
from agents.retail.state import MARGIN_USED
from experiments.building.arbitrageurs import even_out, short_desks
from experiments.building.cross_margin_funds import opening_fills, shore_up
from experiments.building.stage import Floor, Stage


def open_positions(
    stage: Stage,
    retail: Sequence[LeveragedRetailTraders],
    funds: CrossMarginFunds,
    arbitrageurs: Arbitrageurs,
) -> None:
    """Open the initial positions of retail and funds against the arbitrageurs, evened out with spot."""
    for floor, crowd in zip(stage.floors, retail, strict=True):
        open_on(stage, floor, crowd, arbitrageurs)
    open_books(stage, funds, arbitrageurs)
    even_out(stage, arbitrageurs)


def open_on(stage: Stage, floor: Floor, retail: LeveragedRetailTraders, arbitrageurs: Arbitrageurs) -> None:
    """Open the initial positions of one exchange."""
    rng = stage.rng("positions", floor)
    ledger = floor.exchange.ledger
    terms = ledger.instruments
    table = retail.table
    inside = np.flatnonzero(table["held"] != 0)
    table["held"] = 0
    if len(inside) == 0:
        return
    rows = table[inside]
    instrument = rows["instrument"].astype(np.int64)
    long = rng.random(len(rows)) < stage.scenario.retail.long_share
    now = floor.price[instrument]
    entry = entry_prices(rng, stage.scenario.retail, now, rows["leverage"].astype(float), long)
    ticks = np.maximum(1, np.rint(entry / terms["tick"][instrument])).astype(np.int64)
    notional = MARGIN_USED * rows["wealth_usd"] * rows["leverage"].astype(float)
    lots = (notional / (now * terms["lot"][instrument])).astype(np.int64)
    some = lots > 0
    others = {int(i): counterparties(stage, arbitrageurs, floor, int(i)) for i in floor.perpetuals}
    fills = fill_table(int(some.sum()))
    fills["maker"] = [rng.choice(others[int(i)]) for i in instrument[some]]
    fills["taker"] = rows["account"][some]
    fills["price"], fills["lots"] = ticks[some], lots[some]
    fills["instrument"], fills["side"] = instrument[some], np.where(long[some], BUY, SELL)
    endow(fills, ledger.position)
    settle_without_fees(ledger, fills)


def open_books(stage: Stage, funds: CrossMarginFunds, arbitrageurs: Arbitrageurs) -> None:
    """Open the funds' books on the hub; the desks on the other side get cash for what they take on."""
    hub = stage.hub
    ledger = hub.exchange.ledger
    desks = {int(i): short_desks(stage, arbitrageurs, hub, int(i)) for i in hub.perpetuals}
    fills = opening_fills(funds, hub, desks, stage.rng("books of funds"))
    value = fills["lots"] * fills["price"] * ledger.instruments["tick_lot_value"][fills["instrument"]]
    margin = np.bincount(fills["maker"], value, ledger.accounts)
    ledger.deposit(slice(None), margin.astype(np.int64))
    endow(fills, ledger.position)
    settle_without_fees(ledger, fills)
    shore_up(stage, funds)


def counterparties(
    stage: Stage, arbitrageurs: Arbitrageurs, floor: Floor, instrument: int
) -> npt.NDArray[np.int32]:
    """Return the accounts on the other side of the crowd: desks short against spot, or the pool."""
    if floor.has_book:
        return short_desks(stage, arbitrageurs, floor, instrument)
    return np.array([INSURANCE_FUND], np.int32)


def entry_prices(
    rng: np.random.Generator,
    p: RetailParameters,
    now: npt.NDArray[np.float64],
    leverage: npt.NDArray[np.float64],
    long: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    """Draw the prices, USD, at which positions were entered that are still there at the prices ``now``."""
    way = np.where(long, 1.0, -1.0)
    entry = now * np.exp(p.entry_spread * rng.standard_normal(len(now)))
    # Nobody starts closer to liquidation than this: those would have been closed before the run begins.
    at_liquidation = now * (1.0 - way * p.least_distance) * (1.0 - way * 0.01)
    nearest = at_liquidation / (1.0 - way / np.maximum(leverage, 1.01))
    entry = np.where(long, np.minimum(entry, nearest), np.maximum(entry, nearest))
    return np.where(leverage < 1.5, now, entry)


@kernel
def endow(fills: Records, position: npt.NDArray[np.int64]) -> None:
    """Move positions as ``fills`` say and write the positions before each fill into it."""
    for k in range(len(fills)):
        fill = fills[k]
        bought = fill.lots if fill.side == BUY else -fill.lots
        fill.taker_position = position[fill.instrument, fill.taker]
        fill.maker_position = position[fill.instrument, fill.maker]
        position[fill.instrument, fill.taker] += bought
        position[fill.instrument, fill.maker] -= bought


def settle_without_fees(ledger: Ledger, fills: Records) -> None:
    """Settle ``fills`` as if nobody paid a fee."""
    charged = ledger.instruments
    free = charged.copy()
    free["maker_fee"] = 0
    free["taker_fee"] = 0
    ledger.instruments = free
    ledger.settle(fills)
    ledger.instruments = charged
