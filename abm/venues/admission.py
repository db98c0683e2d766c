"""What a venue refuses before an order reaches the book: halted markets, prices out of bounds, no margin.

The margin check compares the initial margin of the position that an order would make, if it filled at once
and whole, with what the account has free; other open orders are not counted. Orders that only reduce a
position and cancels always pass.
"""

import numpy as np
import numpy.typing as npt

from abm.book.layout import LOTS_LIMIT, PRICE_LIMIT
from abm.book.messages import (
    AMEND,
    BUY,
    CANCEL,
    MARKET,
    REDUCE_ONLY,
    REJECTED_BAND,
    REJECTED_HALT,
    REJECTED_MARGIN,
    Records,
)
from abm.compiled import for_kernels, kernel
from abm.instruments import PERPETUAL, SPOT
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts, Small
from abm.rules.halt import TradingHalt
from abm.rules.price_band import BandRule

Floats = npt.NDArray[np.float64]
PREMIUM_S = 60.0
"""Price bands use the premium of the book over the index, averaged over about so many seconds."""


@kernel
def free_margin(
    account: int,
    instrument: int,
    instruments: Records,
    lot_value: Amounts,
    collateral_value: Amounts,
    cash: Amounts,
    position: Amounts,
    entry_value: Amounts,
    leverage: Small,
    isolated: Small,
) -> int:
    """Return what an account has free for a new position in ``instrument``, millionths.

    An isolated position draws on cash; a cross position on equity less the initial margin of all cross
    positions, holdings that count as collateral included.
    """
    free = cash[0, account]
    if isolated[instrument, account] != 0:
        return free
    for i in range(position.shape[0]):
        lots = position[i, account]
        if lots == 0 or isolated[i, account] != 0:
            continue
        if instruments[i].kind != SPOT:
            value = lots * lot_value[i]
            free += value - entry_value[i, account] - abs(value) // max(1, leverage[i, account])
        else:
            free += lots * collateral_value[i]
    return free


@kernel
def is_sound(order: np.record, accounts: int, instruments: int) -> bool:
    """Tell whether an order names an account and an instrument and has a size; the book refuses others."""
    return (
        0 <= order.account < accounts
        and 0 <= order.instrument < instruments
        and 0 < order.lots <= LOTS_LIMIT
        and order.price <= PRICE_LIMIT
    )


@kernel
def margin_needed(order: np.record, terms: np.record, lot_value: int, held: int, leverage: int) -> int:
    """Return the initial margin that an order adds if it fills whole, millionths; a spot buy its value.

    ``lot_value`` is that of one lot at the mark, for orders without a price.
    """
    unit = lot_value if order.kind == MARKET else order.price * terms.tick_lot_value
    if terms.kind == SPOT:
        return order.lots * unit if order.side == BUY else 0
    after = held + order.lots if order.side == BUY else held - order.lots
    more = abs(after) - abs(held)
    if more <= 0:
        return 0
    return more * unit // max(1, leverage)


@kernel
def screen(
    messages: Records,
    halted: npt.NDArray[np.bool_],
    lowest: Amounts,
    highest: Amounts,
    instruments: Records,
    lot_value: Amounts,
    collateral_value: Amounts,
    cash: Amounts,
    position: Amounts,
    entry_value: Amounts,
    leverage: Small,
    isolated: Small,
    check_margin: bool,
    passes: npt.NDArray[np.bool_],
) -> int:
    """Write the status of refused messages and which ones pass; return how many are refused."""
    refused = 0
    for k in range(len(messages)):
        row = messages[k]
        passes[k] = True
        i = row.instrument
        if row.kind == CANCEL or row.kind == AMEND or not is_sound(row, cash.shape[1], len(instruments)):
            continue
        verdict = 0
        terms = instruments[i]
        if halted[i]:
            verdict = REJECTED_HALT
        elif (
            row.kind != MARKET
            and row.trigger == 0
            and (
                (row.side == BUY and highest[i] > 0 and row.price > highest[i])
                or (row.side != BUY and row.price < lowest[i])
            )
        ):
            verdict = REJECTED_BAND
        elif check_margin and row["flags"] & REDUCE_ONLY == 0:
            a = row.account
            needed = margin_needed(row, terms, lot_value[i], position[i, a], leverage[i, a])
            if needed > 0 and needed > free_margin(
                a,
                i,
                instruments,
                lot_value,
                collateral_value,
                cash,
                position,
                entry_value,
                leverage,
                isolated,
            ):
                verdict = REJECTED_MARGIN
        if verdict != 0:
            row.status = verdict
            passes[k] = False
            refused += 1
    return refused


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

    def admit(self, messages: Records, ledger: Ledger, mark_ticks: Amounts) -> Records:
        """Return the messages that may enter the books; refused ones get their status and are counted."""
        if len(messages) == 0:
            return messages
        lot_value = mark_ticks * self._kernel_table["tick_lot_value"]
        passes = np.empty(len(messages), np.bool_)
        refused = screen(
            messages,
            self.halted,
            self.lowest,
            self.highest,
            self._kernel_table,
            lot_value,
            self.collateral_value,
            ledger.cash,
            ledger.position,
            ledger.entry_value,
            ledger.leverage,
            ledger.isolated,
            self.check_margin,
            passes,
        )
        if refused == 0:
            return messages
        for status, count in zip(*np.unique(messages["status"][~passes], return_counts=True), strict=True):
            self.refused[int(status)] = self.refused.get(int(status), 0) + int(count)
        return for_kernels(messages.take(np.flatnonzero(passes)))

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
