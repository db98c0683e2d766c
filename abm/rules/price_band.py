"""Price bands: limit prices too far from a reference are refused.

Binance filter PERCENT_PRICE: a buy may not exceed ``mark * multiplierUp``, a sell may not fall below ``mark
* multiplierDown`` (1.05 and 0.95 for BTCUSDT and ETHUSDT, exchange information of 2024-03-28). Bands around
index and mark (Bybit, OKX) are in `abm.rules.index_band`. Liquidation orders carry their own bound and are
not tested.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from abm.book.messages import AMEND, BUY, CANCEL, LIQUIDATION, MARKET, Records
from abm.ledger.settlement import Amounts

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class BandRule(Protocol):
    """A band rule: the lowest price of a sell and the highest of a buy, ``(instruments,)`` each."""

    def limits(self, index: Floats, mark: Floats, average_premium: Floats) -> tuple[Floats, Floats]:
        """Return lowest sell and highest buy price; ``average_premium`` is the mean of mid less index."""


class BandFill(NamedTuple):
    """Highest price, lots filled and lots refused of a buy."""

    highest: float
    filled: int
    refused: int


def outside_limits(messages: Records, lowest: Floats, highest: Floats) -> Flags:
    """Tell for each message whether its limit price, ticks, lies beyond the limits of its instrument.

    Where a limit is nan nothing is refused. Cancels, amends, market and liquidation orders are not tested.
    """
    at = messages.instrument
    bought = messages.side == BUY
    beyond = np.where(bought, messages.price > highest[at], messages.price < lowest[at])
    exempt = np.isin(messages.kind, (CANCEL, AMEND, MARKET)) | (messages.source == LIQUIDATION)
    result: npt.NDArray[Any] = beyond & ~exempt
    return result


def last_price_band(last: npt.ArrayLike, band: float) -> tuple[Floats, Floats]:
    """Return the lowest sell and highest buy price around the last trade (Bybit to 2024: 5 %)."""
    price = np.asarray(last, np.float64)
    return price * (1.0 - band), price * (1.0 + band)


def fill_in_band(highest: float, limit: float, lots: int, available: int) -> BandFill:
    """Return the fate of a buy: what lies inside the band fills; the rest is refused if its limit is outside.

    ``available`` is what is offered up to the lower of limit and band. Bybit to 2024 (900004317123): 100 at
    11,000 against 70 up to 10,500, the last trade at 10,000: 70 filled, 30 refused.
    """
    filled = min(lots, available)
    return BandFill(highest, filled, lots - filled if limit > highest else 0)


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

    def limits(self, index: Floats, mark: Floats, average_premium: Floats) -> tuple[Floats, Floats]:  # noqa: ARG002
        """Return the lowest sell and the highest buy price; only the mark counts."""
        return mark * (1 - self.down), mark * (1 + self.up)

    def outside(self, messages: Records, mark_ticks: Amounts) -> Flags:
        """Tell for each message whether its limit price lies beyond the band around marks in ticks."""
        mark = mark_ticks.astype(np.float64)
        return outside_limits(messages, *self.limits(mark, mark, np.zeros_like(mark)))
