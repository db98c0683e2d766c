"""A price band: limit prices too far beyond the mark are refused.

Binance filter PERCENT_PRICE: a buy may not exceed ``mark * multiplierUp``, a sell may not fall below ``mark
* multiplierDown`` (1.05 and 0.95 for BTCUSDT and ETHUSDT, exchange information of 2024-03-28). Liquidation
orders carry their own bound and are not tested.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from abm.book.messages import AMEND, BUY, CANCEL, LIQUIDATION, MARKET, Records
from abm.ledger.settlement import Amounts


@dataclass(frozen=True)
class PriceBand:
    """Bounds around the mark as fractions: ``up`` for buys, ``down`` for sells."""

    up: float = 0.05
    down: float = 0.05

    def __post_init__(self) -> None:
        if not self.up > 0.0:
            raise ValueError(f"up is {self.up}; it must be above zero")
        if not 0.0 < self.down < 1.0:
            raise ValueError(f"down is {self.down}; it must lie between 0 and 1")

    def outside(self, messages: Records, mark_ticks: Amounts) -> npt.NDArray[np.bool_]:
        """Tell for each message whether its limit price lies beyond the band."""
        mark = mark_ticks[messages.instrument].astype(np.float64)
        bought = messages.side == BUY
        beyond = np.where(
            bought, messages.price > mark * (1 + self.up), messages.price < mark * (1 - self.down)
        )
        exempt = np.isin(messages.kind, (CANCEL, AMEND, MARKET)) | (messages.source == LIQUIDATION)
        result: npt.NDArray[Any] = beyond & ~exempt
        return result
