"""Stop-losses and take-profits: where they stand, leaving them in the book, taking them back."""

import math

import numpy as np
import numpy.typing as npt

from abm.book.messages import (
    BUY,
    IOC,
    REDUCE_ONLY,
    SELL,
    STOP,
    TRIGGER_ON_MARK,
    TRIGGER_RISING,
    Records,
)
from abm.compiled import kernel
from abm.outbox import send, send_cancel
from abm.random_streams import exponential, uniform


@kernel
def round_number(price_usd: float) -> float:
    """Return the nearest price with three significant digits, the last a 0 or a 5.

    There stops cluster: Osler 2003, J. Finance 58, 1791-1819.
    """
    step = 10.0 ** (math.floor(math.log10(price_usd)) - 2) * 0.5
    return max(step, round(price_usd / step) * step)


@kernel
def exit_price(price_usd: float, rounding: float, draw: float) -> float:
    """Return where an exit meant for a price stands, at a round number for a share ``rounding`` of them."""
    return round_number(price_usd) if draw < rounding else price_usd


@kernel
def leave_exit(
    messages: Records,
    counters: npt.NDArray[np.int64],
    when: int,
    account: int,
    instrument: int,
    held: int,
    trigger: int,
    slippage: float,
    flags: int,
) -> int:
    """Leave an order that closes ``held`` lots at a trigger price, no worse than ``slippage`` from it."""
    side = SELL if held > 0 else BUY
    trigger = max(1, trigger)
    worst = max(1, int(trigger * (1.0 + (1 - 2 * side) * slippage)))
    order_id = send(
        messages, counters, when, account, instrument, IOC, side, abs(held), worst, flags | REDUCE_ONLY
    )
    row = messages[counters[0] - 1]
    row.trigger = trigger
    row.source = STOP
    return order_id


@kernel
def leave_exits(
    t: np.record,
    p: np.record,
    held: int,
    entry_usd: float,
    mid_usd: float,
    tick: float,
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    who: int,
    index: int,
    when: int,
) -> None:
    """Leave the stop-loss and take-profit that trader ``t`` uses, unless the price is already beyond them."""
    way = 1.0 if held > 0 else -1.0
    if t.uses_stop & 1:
        away = p.stop_distance * (0.4 + 0.6 * exponential(key, who, index, 10))
        price = exit_price(entry_usd * math.exp(-way * away), p.rounding, uniform(key, who, index, 12))
        if (mid_usd - price) * way > 0.0:
            flags = TRIGGER_ON_MARK if held > 0 else TRIGGER_ON_MARK | TRIGGER_RISING
            t.stop_id = leave_exit(
                messages, counters, when, t.account, t.instrument, held, int(price / tick),
                p.stop_slippage, flags,
            )  # fmt: skip
    if t.uses_stop & 2:
        away = p.profit_distance * (0.4 + 0.6 * exponential(key, who, index, 11))
        price = exit_price(entry_usd * math.exp(way * away), p.rounding, uniform(key, who, index, 13))
        if (price - mid_usd) * way > 0.0:
            flags = TRIGGER_RISING if held > 0 else 0
            t.profit_id = leave_exit(
                messages, counters, when, t.account, t.instrument, held, int(price / tick),
                p.stop_slippage, flags,
            )  # fmt: skip
    t.exits_left = 1


@kernel
def cancel_exits(t: np.record, messages: Records, counters: npt.NDArray[np.int64], when: int) -> None:
    """Take back the stop-loss and take-profit of a position that is gone or has changed."""
    if t.stop_id > 0:
        send_cancel(messages, counters, when, t.account, t.instrument, t.stop_id)
    if t.profit_id > 0:
        send_cancel(messages, counters, when, t.account, t.instrument, t.profit_id)
    t.stop_id = 0
    t.profit_id = 0
    t.exits_left = 0
