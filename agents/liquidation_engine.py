"""The liquidation engine as an agent: it applies the venue's policy and tells what it closed."""

from typing import Any, ClassVar

import mesa
import numpy as np
import pandas as pd

from abm.book.messages import SELL, Records
from abm.compiled import for_kernels
from abm.model import AGENT_IDS, MarketModel
from abm.venues.liquidation import LiquidationEngine
from abm.venues.liquidation_report import HOW_NAMES, LiquidationReport

COLUMNS = ("time_s", "account", "instrument", "lots", "price_usd", "notional_usd")
"""What every table of forced closures says of each."""

NOBODY = np.zeros(0, np.int64)


class LiquidationEngineAgent(mesa.Agent):
    """Runs a venue's `LiquidationEngine` on the ledger and books of one exchange.

    Parameters
    ----------
    model
        The market.
    place
        Which of its exchanges.
    engine
        The venue's rules at work.

    Attributes
    ----------
    liquidations
        Whether positions are liquidated at all; may be changed.
    adl
        Whether winners are deleveraged when the fund cannot take over; otherwise the fund goes into debt. May
        be changed.
    unresolved
        Wallets left in breach at the end of the last step.
    bad_debt_usd
        What the fund has paid for accounts that owed money with nothing left to close, USD.
    gaps_usd
        What the fund has paid to fills below the bankruptcy price, USD.
    uncovered_usd
        What accounts with nothing left to close owe still, and the fund could not pay, USD.
    """

    _ids: ClassVar[Any] = AGENT_IDS
    crowd_member: ClassVar[bool] = True
    model: MarketModel

    def __init__(self, model: MarketModel, place: int, engine: LiquidationEngine) -> None:
        self.place = place
        self.exchange = model.exchanges[place]
        self.engine = engine
        self.liquidations = True
        self.adl = True
        self.unresolved = 0
        self.bad_debt_usd = 0.0
        self.gaps_usd = 0.0
        self.uncovered_usd = 0.0
        self._closed: list[Records] = []
        self._deleveraged: list[Records] = []
        self._lost_hedge: list[bool] = []
        super().__init__(model)

    def run(self, model: MarketModel) -> None:
        """Liquidate what breaches at the present marks, record it, and let the networks hear of it."""
        exchange = self.exchange
        if not exchange.admission.trading:
            return
        report = self.engine.run(
            model.clock.now_ns,
            exchange.pricing.mark_ticks,
            exchange.books,
            exchange.ledger,
            collateral_ticks=exchange.collateral.ticks,
            liquidations_enabled=self.liquidations,
            adl_enabled=self.adl,
        )
        self.unresolved = len(report.unresolved)
        self.bad_debt_usd += report.bad_debt / 1e6
        self.gaps_usd += report.gaps_paid / 1e6
        self.uncovered_usd = report.uncovered / 1e6
        self._record(model, report)

    def report_losses_beyond_margin(self) -> float:
        """Return what positions have lost so far beyond the margin behind them, USD."""
        return self.bad_debt_usd + self.gaps_usd + self.uncovered_usd

    def _record(self, model: MarketModel, report: LiquidationReport) -> None:
        self.exchange.deleveraged = NOBODY
        row = model.row_of(self.exchange)
        self.exchange.count_volume(report.fills, row)
        if len(report.liquidations):
            self._record_closed(model, for_kernels(report.liquidations), row)
        if len(report.deleveraged):
            self._record_deleveraged(model, for_kernels(report.deleveraged), row)

    def _record_closed(self, model: MarketModel, closed: Records, row: Records) -> None:
        self._closed.append(closed)
        was_long = closed["side"] == SELL
        usd, instrument = closed["notional"] / 1e6, closed["instrument"]
        np.add.at(row["liquidated_long"], instrument[was_long], usd[was_long])
        np.add.at(row["liquidated_short"], instrument[~was_long], usd[~was_long])
        accounts, first = np.unique(closed["account"], return_index=True)
        for network in model.networks:
            network.on_liquidations(self.place, accounts.astype(np.int64), was_long[first])

    def _record_deleveraged(self, model: MarketModel, winners: Records, row: Records) -> None:
        self.exchange.deleveraged = np.unique(winners["account"]).astype(np.int64)
        self._deleveraged.append(winners)
        self._lost_hedge += self._hedges_lost(model, winners)
        np.add.at(row["adl"], winners["instrument"], winners["notional"] / 1e6)

    def _hedges_lost(self, model: MarketModel, closed: Records) -> list[bool]:
        """Tell for each deleveraged position whether its owner is left with an opposite leg."""
        columns = (closed[name].tolist() for name in ("account", "instrument", "side", "lots"))
        return [
            model.owners.held_against(
                model.exchanges, (self.place, account), instrument, 1 if side == SELL else -1, lots
            )
            for account, instrument, side, lots in zip(*columns, strict=True)
        ]

    def liquidation_table(self) -> pd.DataFrame:
        """Return all forced closures: the columns of `COLUMNS`, side, how."""
        return self._tidy(self._closed, "side", "how")

    def deleveraging_table(self) -> pd.DataFrame:
        """Return all auto-deleveraged accounts: the columns of `COLUMNS`, was_in_profit, lost_hedge.

        ``lost_hedge`` tells whether the owner held an opposite leg in the same coin, here or elsewhere.
        """
        return self._tidy(self._deleveraged, "was_in_profit").assign(lost_hedge=self._lost_hedge)

    def _tidy(self, parts: list[Records], *more: str) -> pd.DataFrame:
        if not parts:
            return pd.DataFrame(columns=[*COLUMNS, *more])
        rows: Records = for_kernels(np.concatenate(parts))
        table = pd.DataFrame(
            {
                "time_s": rows["time"] / 1e9,
                "account": rows["account"],
                "instrument": np.array(self.exchange.instrument_names)[rows["instrument"]],
                "lots": rows["lots"],
                "price_usd": rows["price"] * self.exchange.table["tick"][rows["instrument"]],
                "notional_usd": rows["notional"] / 1e6,
            }
        )
        for name in more:
            table[name] = rows[name]
        if "side" in more:
            table["side"] = np.where(rows["side"] == SELL, "long closed", "short closed")
            table["how"] = [HOW_NAMES[int(code)] for code in rows["how"]]
        return table
