"""Leveraged retail alone: a ledger, a view that stands still, no books."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from abm.compiled import for_kernels
from abm.information.tiers import Readers
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.ledger import Ledger
from abm.market_view import market_view
from abm.outbox import Outbox
from agents.leveraged_retail import LeveragedRetailTraders
from agents.retail.parameters import RetailParameters
from agents.retail.state import retail_dtype

PRICE_USD, LOT, TICK = 100.0, 0.001, 0.01
MILLION = 1_000_000
COUNTERPARTY = FIRST_TRADER


class RetailAlone:
    """Traders with 1000 USD and a leverage of 10 each, and everything that their decision looks at.

    Parameters
    ----------
    traders
        How many.
    long
        What each of them holds at the start, units of the coin, entered at 100 USD; negative = short.
    columns
        Columns of the table to set.
    """

    def __init__(
        self,
        traders: int = 1,
        long: float = 0.0,
        parameters: dict[str, Any] | None = None,
        columns: dict[str, Any] | None = None,
        readers: Readers | None = None,
    ) -> None:
        coin = Instrument("BTC-PERP", "BTC", "perpetual", TICK, LOT, maker_fee_ppm=0, taker_fee_ppm=0)
        self.ledger = Ledger(instrument_table([coin], ["BTC"]), FIRST_TRADER + 1 + traders)
        rows = FIRST_TRADER + 1 + np.arange(traders)
        table = for_kernels(np.zeros(traders, retail_dtype))
        table["account"], table["leverage"], table["wealth_usd"] = rows, 10, 1000.0
        table["susceptibility"], table["clip_usd"] = 1.0, 1e9
        for name, value in (columns or {}).items():
            table[name] = value
        self.ledger.leverage[0, rows], self.ledger.isolated[0, rows] = 10, 1
        self.ledger.deposit(rows, np.full(traders, 1000 * MILLION))
        self.ledger.deposit(COUNTERPARTY, 10**6 * MILLION)
        for row in rows if long else ():
            self.trade(int(row), round(long / LOT))
        table["held"] = self.ledger.position[0, rows]
        self.view = market_view(np.array([PRICE_USD]), np.array([1e-4]))
        self.sentiment = np.zeros(traders)
        self.crowd = LeveragedRetailTraders(
            RetailParameters(stop_share=0.0, profit_share=0.0, **(parameters or {})),
            table, self.sentiment, np.array([PRICE_USD]), seed=1, readers=readers,
        )  # fmt: skip
        self.outbox = Outbox()
        self.index = 0
        self.start_ns = 0

    def trade(self, account: int, lots: int, price_usd: float = PRICE_USD) -> None:
        """Let an account trade signed lots against the counterparty, off the book."""
        other = (account, COUNTERPARTY) if lots < 0 else (COUNTERPARTY, account)
        self.ledger.position_transfer(0, *other, abs(lots), round(price_usd / TICK))

    def price(self, usd: float) -> None:
        """Show another price."""
        for name in ("mid", "screen", "last", "mark", "index"):
            self.view[name] = usd
        self.view["log_mid"] = np.log(usd)

    def step(self, seconds: float) -> np.ndarray:
        """Let everybody decide, and return the messages; nothing is filled."""
        sight: Any = SimpleNamespace(
            view=self.view, instruments=for_kernels(self.ledger.instruments), ledger=self.ledger,
            outbox=self.outbox, start_ns=self.start_ns, step_ns=round(seconds * 1e9), index=self.index,
        )  # fmt: skip
        self.crowd.decide(sight)
        self.start_ns += sight.step_ns
        self.index += 1
        return self.outbox.take()

    @property
    def table(self) -> Any:
        """The crowd's table."""
        return self.crowd.table
