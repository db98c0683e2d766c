"""What a venue refuses before an order reaches the book: halted markets, prices out of bounds, no margin.

How one message is judged stands in `abm.venues.screening`; an amendment is judged as the new order that it
makes of the old one (`abm.venues.amendments`).
"""

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records, chosen
from abm.compiled import for_kernels
from abm.instruments import PERPETUAL
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts
from abm.rules.halt import TradingHalt
from abm.rules.price_band import BandRule
from abm.venues.amendments import as_new_orders
from abm.venues.screening import screen

Floats = npt.NDArray[np.float64]
PREMIUM_S = 60.0
"""Price bands use the premium of the book over the index, averaged over about so many seconds."""


class Admission:
    """Applies halts, price bands and the pre-trade margin check of one exchange.

    Parameters
    ----------
    instruments
        The instrument table.
    prices_usd
        First prices, shape ``(instruments,)``.
    halt, price_band
        The venue's rules; None: nothing is halted, any price goes.
    market_wide
        Whether the halt looks at the first perpetual alone and stops all.
    check_margin
        Whether orders are checked for margin.

    Attributes
    ----------
    halted
        Which instruments do not trade now.
    lowest, highest
        Bounds of limit prices in ticks; 0 = none.
    refused
        Orders refused so far, by status code.
    halts
        Events so far: ``(time_s, instrument, halted)``.
    """

    def __init__(
        self,
        instruments: Records,
        prices_usd: Floats,
        halt: TradingHalt | None = None,
        price_band: BandRule | None = None,
        *,
        market_wide: bool = False,
        check_margin: bool = True,
    ) -> None:
        self.instruments = instruments
        self._kernel_table = for_kernels(instruments)
        self._tick = self._kernel_table["tick"]
        self.halt = halt
        self.price_band = price_band
        self.check_margin = check_margin
        n = len(instruments)
        self._perpetual = np.flatnonzero(instruments["kind"] == PERPETUAL)
        self._watched = self._perpetual[:1] if market_wide else self._perpetual
        self._halt_state = halt.start(prices_usd[self._watched]) if halt is not None else None
        self._premium = np.zeros(n)
        self.halted = np.zeros(n, np.bool_)
        self.lowest: Amounts = np.zeros(n, np.int64)
        self.highest: Amounts = np.zeros(n, np.int64)
        self.collateral_value: Amounts = np.zeros(n, np.int64)
        self.refused: dict[int, int] = {}
        self.halts: list[tuple[float, int, bool]] = []

    def admit(self, messages: Records, ledger: Ledger, mark_ticks: Amounts, books: Records) -> Records:
        """Return the messages that may enter the books; refused ones get their status and are counted."""
        if len(messages) == 0:
            return messages
        passes = np.empty(len(messages), np.bool_)
        refused = self._screen(messages, ledger, mark_ticks, passes)
        if refused < 0:
            orders = as_new_orders(messages, books)
            refused = self._screen(orders, ledger, mark_ticks, passes)
            messages["status"] = orders["status"]
        if refused == 0:
            return messages
        for status, count in zip(*np.unique(messages["status"][~passes], return_counts=True), strict=True):
            self.refused[int(status)] = self.refused.get(int(status), 0) + int(count)
        return chosen(messages, passes)

    def _screen(
        self, messages: Records, ledger: Ledger, mark_ticks: Amounts, passes: npt.NDArray[np.bool_]
    ) -> int:
        return int(
            screen(
                messages,
                self.halted,
                self.lowest,
                self.highest,
                self._kernel_table,
                mark_ticks * self._kernel_table["tick_lot_value"],
                self.collateral_value,
                ledger.cash,
                ledger.position,
                ledger.entry_value,
                ledger.leverage,
                ledger.isolated,
                self.check_margin,
                passes,
            )
        )

    def update(self, view: Records, now_ns: int, step_s: float) -> None:
        """Let halt and band rules look at the prices after a step."""
        perpetual = self._perpetual
        if self.price_band is not None:
            index, tick = view["index"][perpetual], self._tick[perpetual]
            premium = view["mid"][perpetual] - index
            self._premium[perpetual] += (premium - self._premium[perpetual]) * -np.expm1(-step_s / PREMIUM_S)
            low, high = self.price_band.limits(index, view["mark"][perpetual], self._premium[perpetual])
            self.lowest[perpetual] = np.ceil(low / tick)
            self.highest[perpetual] = np.floor(high / tick)
        if self.halt is not None:
            tick = self._tick[self._watched]
            before = self.halted.copy()
            self.halted[perpetual] = self.halt.update(
                self._halt_state,
                now_ns,
                view["last"][self._watched],
                view["bid"][self._watched] * tick,
                view["ask"][self._watched] * tick,
            )
            for i in np.flatnonzero(before != self.halted):
                self.halts.append((now_ns / 1e9, int(i), bool(self.halted[i])))

    @property
    def trading(self) -> bool:
        """Whether every perpetual trades; while one does not, nobody is liquidated."""
        return not self.halted.any()
