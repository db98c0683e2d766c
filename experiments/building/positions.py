"""Initial positions: the retail crowd's, opened against the arbitrageurs off the book and without fees."""

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, SELL, Records, fill_table
from abm.compiled import kernel
from abm.ledger.ledger import Ledger
from abm.model import MarketModel
from agents.arbitrageur import Arbitrageurs
from agents.leveraged_retail import MARGIN_USED, LeveragedRetailTraders, RetailParameters
from experiments.building.stage import Stage


def open_positions(
    model: MarketModel, stage: Stage, retail: LeveragedRetailTraders, arbitrageurs: Arbitrageurs
) -> None:
    """Open the retail traders' initial positions and hedge the arbitrageurs who are on the other side."""
    rng = stage.rng("positions")
    table = retail.table
    inside = np.flatnonzero(table["held"] != 0)
    table["held"] = 0
    if len(inside) == 0 or len(arbitrageurs.table) == 0:
        return
    rows = table[inside]
    instrument = rows["instrument"].astype(np.int64)
    long = rng.random(len(rows)) < stage.scenario.retail.long_share
    now = stage.price[instrument]
    entry = entry_prices(rng, stage.scenario.retail, now, rows["leverage"].astype(float), long)
    ticks = np.maximum(1, np.rint(entry / model.table["tick"][instrument])).astype(np.int64)
    notional = MARGIN_USED * rows["wealth_usd"] * rows["leverage"].astype(float)
    lots = (notional / (now * model.table["lot"][instrument])).astype(np.int64)
    some = lots > 0
    desks = [arbitrageurs.table["account"][arbitrageurs.table["perpetual"] == i] for i in range(stage.assets)]
    fills = fill_table(int(some.sum()))
    fills["maker"] = [rng.choice(desks[i]) for i in instrument[some]]
    fills["taker"] = rows["account"][some]
    fills["price"], fills["lots"] = ticks[some], lots[some]
    fills["instrument"], fills["side"] = instrument[some], np.where(long[some], BUY, SELL)
    endow(fills, model.ledger.position)
    settle_without_fees(model.ledger, fills)
    hedge(model, stage, arbitrageurs)


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


def hedge(model: MarketModel, stage: Stage, arbitrageurs: Arbitrageurs) -> None:
    """Note the arbitrageurs' shorts as their home position; issue them spot against it and to trade with."""
    table = arbitrageurs.table
    for i in range(stage.assets):
        mine = table["perpetual"] == i
        lot = model.table["lot"][i]
        short = -model.ledger.position[i, table["account"][mine]]
        table["home_usd"][mine] = short * lot * stage.price[i]
        spare = (table["capital_usd"][mine] / stage.price[i] / lot).astype(np.int64)
        model.ledger.issue(i + stage.assets, table["account"][mine], np.maximum(0, short) + spare)
