"""At which price a coin that is posted as collateral counts.

By the venue's own spot book, by an oracle (what the issuer redeems it for), or by a price that follows the
book at a limited speed. On 2025-10-10 a synthetic dollar and two staked coins lost their price on one venue
only, which priced them by its own book, and its customers their margin (binance.com announcements of
2025-10-11 to 14: conversion ratios and a floor were put in afterwards).
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.compiled import for_kernels
from abm.ledger.settlement import Amounts
from abm.rules.mark_price import to_ticks
from abm.rules.stable_price import StablePrice

Floats = npt.NDArray[np.float64]
PriceSource = Literal["book", "oracle", "throttled"]


class Collateral:
    """Prices of accepted coins on one exchange.

    Parameters
    ----------
    instruments
        The instrument table.
    share
        Share of value that counts of the first unit of each instrument, ``(instruments,)``; 0 where holdings
        are no collateral.
    source
        Where prices come from.
    prices_usd
        First prices, ``(instruments,)``.

    Attributes
    ----------
    accepted
        Rows of the instruments whose holdings count.
    share
        As given.
    ticks
        Price of each accepted spot instrument in ticks, 0 for all others.
    """

    def __init__(self, instruments: Records, share: Floats, source: PriceSource, prices_usd: Floats) -> None:
        self.instruments: Records = for_kernels(instruments)
        self.source = source
        self.share = share
        self.accepted = np.flatnonzero(share > 0.0)
        self._rule = StablePrice()
        self._stable = self._rule.start(prices_usd[self.accepted])
        self._oracle = prices_usd.copy()
        self.ticks: Amounts = np.zeros(len(instruments), np.int64)

    def see_values(self, values: Floats) -> None:
        """Take in what each asset is redeemed for, USD by asset."""
        self._oracle = values[self.instruments["asset"]]

    def lot_values(self, view: Records, now_ns: int) -> Amounts:
        """Refresh `ticks`; return what one lot of each instrument counts as margin, millionths."""
        chosen = self.accepted
        if len(chosen) == 0:
            return self.ticks
        price = self._oracle[chosen] if self.source == "oracle" else view["mid"][chosen]
        if self.source == "throttled":
            price = self._rule.follow(self._stable, now_ns, price)
        self.ticks[chosen] = to_ticks(price, self.instruments["tick"][chosen])
        counted = self.ticks * self.instruments["tick_lot_value"] * self.share
        return np.floor(counted).astype(np.int64)
