"""What one run leaves behind: series with named columns, tables of events, units."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Series = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trace:
    """The record of one run.

    Attributes
    ----------
    scenario, seed, twin
        What was run; ``twin`` names the mechanism that was switched off, or is ``"baseline"``.
    time_s
        Seconds since the start of the run at the end of each step, shape ``(steps,)``; steps need not be
        equal.
    instruments, assets
        Names, in the order of the columns below.
    by_instrument
        Name -> array of shape ``(steps, instruments)``; see `INSTRUMENT_SERIES` for names and units.
    by_asset
        Name -> array of shape ``(steps, assets)``; see `ASSET_SERIES`.
    world
        Name -> array of shape ``(steps,)``; see `WORLD_SERIES`, and `EXCHANGE_SERIES` for those of each
        exchange, named ``series@exchange``.
    events
        Name -> tidy table with a column ``time_s``: ``liquidations``, ``adl``, ``maker_withdrawals``,
        ``outages``, ``halts``; and ``refused``, orders refused over the whole run by exchange and reason.
    marks
        Times of scheduled causes for figures, name -> seconds since the start.
    exchanges
        Names of the exchanges, hub first. Instruments of the hub have plain names (``"BTC-PERP"``), others
        carry theirs (``"BTC-PERP@dex"``).
    collateral
        Spot instruments whose holdings count as margin where they are traded.
    frames
        Pictures of the networks, where they were taken; see `experiments.network_frames`.
    """

    scenario: str
    seed: int
    twin: str
    time_s: Series
    instruments: tuple[str, ...]
    assets: tuple[str, ...]
    by_instrument: dict[str, Series]
    by_asset: dict[str, Series]
    world: dict[str, Series]
    events: dict[str, pd.DataFrame]
    marks: dict[str, float] = field(default_factory=dict)
    exchanges: tuple[str, ...] = ("hub",)
    collateral: tuple[str, ...] = ()
    frames: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def instrument(self, name: str, instrument: str) -> Series:
        """Return series ``name`` of one instrument, shape ``(steps,)``."""
        return self.by_instrument[name][:, self.instruments.index(instrument)]

    def exchange_of(self, instrument: str) -> str:
        """Return the exchange that an instrument is traded on."""
        return instrument.partition("@")[2] or self.exchanges[0]

    def asset_of(self, instrument: str) -> str:
        """Return the coin of an instrument."""
        return instrument.partition("@")[0].rpartition("-")[0]

    @property
    def pegged(self) -> tuple[str, ...]:
        """Collateral coins without a perpetual: they are worth what their issuer redeems them for."""
        traded = {self.asset_of(name) for name in self.instruments if "-PERP" in name}
        return tuple(name for name in self.collateral if self.asset_of(name) not in traded)

    def conversion_value(self, instrument: str) -> Series:
        """Return what one unit of an instrument's coin is redeemed for, USD, shape ``(steps,)``."""
        return self.by_asset["value"][:, self.assets.index(self.asset_of(instrument))]


INSTRUMENT_SERIES: dict[str, str] = {
    "last": "USD, last trade price at the end of the step",
    "low": "USD, lowest trade price within the step (last price when nothing traded)",
    "high": "USD, highest trade price within the step",
    "bid": "USD, best bid (nan when the side is empty)",
    "ask": "USD, best ask (nan when the side is empty)",
    "mark": "USD, mark price (perpetuals; the mid for spot)",
    "index": "USD, index price",
    "depth_bid": "USD notional resting within 1 % below the mid",
    "depth_ask": "USD notional resting within 1 % above the mid",
    "volume": "USD traded within the step",
    "taker_buy": "USD of the volume whose taker bought",
    "open_interest": "units of the asset, one side",
    "funding": "funding rate in force, fraction per 8 hours",
    "liquidated_long": "USD notional of longs closed by force within the step (orders, takeovers)",
    "liquidated_short": "USD notional of shorts closed by force within the step",
    "adl": "USD notional auto-deleveraged within the step",
}
ASSET_SERIES: dict[str, str] = {"value": "USD, fundamental value"}
WORLD_SERIES: dict[str, str] = {
    "sentiment": "mean sentiment of the social graph, -1 to 1",
    "equity_index": "outside equity index, 100 at the start",
    "insurance_fund": "USD, cash of the insurance funds of all exchanges (of pools: see `EXCHANGE_SERIES`)",
    "makers_quoting": "share of market makers that quote, 0 to 1",
    "bad_debt": "USD, losses beyond margin so far, paid by insurance funds or by nobody, all exchanges",
    "feed_delay_s": "seconds by which the hub's feed lags",
}
CREDIT_SERIES: dict[str, str] = {
    "institutions_failed": "number of institutions that have failed",
    "credit_losses_usd": "USD that institutions have written off claims on each other so far",
    "debt_rank": "share of the institutions' first equity that would be lost on top of present losses if "
    "all distress were passed on, 0 to 1",
}
"""In ``Trace.world`` where the scenario has institutions."""
EXCHANGE_SERIES: dict[str, str] = {
    "insurance_fund": "USD, cash of the exchange's insurance fund, or of its pool",
    "feed_delay_s": "seconds by which the exchange's feed lags",
}
