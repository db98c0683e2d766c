"""Settlement: what a fill does to cash, entry value and isolated margin.

Linear perpetuals are cleared centrally. With ``s`` the signed value of one side of a fill (``+lots * price``
for the buyer), an account's entry value changes by ``s + realised`` whether the fill opens or closes, and its
cash by ``realised``, which the `CLEARING` row pays. The two sides of a fill have opposite ``s``; hence always

    ``cash[0, CLEARING] == -sum(entry_value of all perpetual positions)``

exactly, however the entry value released by a partial close was rounded. Released entry value is rounded up
and released margin down: what stays behind is never worth less than its share, so a position that is closed
piece by piece at no worse than its bankruptcy price never draws on anything but its own margin.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from abm.book.messages import FUND, LIQUIDATION, Records
from abm.compiled import kernel
from abm.instruments import SPOT
from abm.ledger.accounts import CLEARING, FEES
from abm.ledger.arithmetic import ceil_per_million, ceil_share, floor_share, wide

Amounts = npt.NDArray[np.int64]
Small = npt.NDArray[np.integer[Any]]


@kernel
def settle_position(
    instrument: int,
    account: int,
    before: int,
    delta: int,
    unit: int,
    cash: Amounts,
    entry_value: Amounts,
    isolated_margin: Amounts,
    leverage: Small,
    isolated: Small,
    realised_pnl: Amounts,
) -> None:
    """Settle one account's side of a perpetual fill; the position column itself is not touched.

    Parameters
    ----------
    before, delta
        Signed lots held before the fill, and signed lots bought (+) or sold (-).
    unit
        Value of one lot at the fill price, millionths (price in ticks times ``tick_lot_value``).
    cash, entry_value, isolated_margin, leverage, isolated, realised_pnl
        Columns of the `Ledger`, changed in place.

    Notes
    -----
    A loss beyond the margin released with the closed lots is taken from the position's remaining isolated
    margin, and only then from cash. Margin for opened lots is at most the cash there is.
    """
    direction = 1 if delta > 0 else -1
    opened = abs(delta)
    if before * direction < 0:
        held = abs(before)
        closed = min(held, opened)
        opened -= closed
        released = ceil_share(entry_value[instrument, account], closed, held)
        realised = -direction * closed * unit - released
        entry_value[instrument, account] -= released
        realised_pnl[account] += realised
        cash[0, CLEARING] -= realised
        margin = isolated_margin[instrument, account]
        if margin > 0:
            freed = floor_share(margin, closed, held)
            shortfall = min(max(0, -(freed + realised)), margin - freed)
            isolated_margin[instrument, account] -= freed + shortfall
            realised += freed + shortfall
        cash[0, account] += realised
    if opened > 0:
        value = opened * unit
        entry_value[instrument, account] += direction * value
        if isolated[instrument, account] != 0:
            gearing = max(1, wide(leverage[instrument, account]))
            moved = min((value + gearing - 1) // gearing, max(0, cash[0, account]))
            cash[0, account] -= moved
            isolated_margin[instrument, account] += moved


@kernel
def settle_fills(
    fills: Records,
    instruments: Records,
    cash: Amounts,
    entry_value: Amounts,
    isolated_margin: Amounts,
    leverage: Small,
    isolated: Small,
    realised_pnl: Amounts,
) -> None:
    """Settle a fill table in order: fees, then spot cash or perpetual positions of maker and taker.

    Fees are rounded up (rebates toward zero). Takers with source LIQUIDATION or FUND pay no trading fee: the
    venue charges a clearance fee instead. A fill of an account with itself only costs its fees.
    """
    for k in range(fills.shape[0]):
        fill = fills[k]
        i = wide(fill.instrument)
        maker = wide(fill.maker)
        taker = wide(fill.taker)
        terms = instruments[i]
        unit = fill.price * terms.tick_lot_value
        value = fill.lots * unit
        maker_fee = ceil_per_million(value, terms.maker_fee)
        taker_fee = ceil_per_million(value, terms.taker_fee)
        if fill.source == LIQUIDATION or fill.source == FUND:
            taker_fee = 0
        cash[0, maker] -= maker_fee
        cash[0, taker] -= taker_fee
        cash[0, FEES] += maker_fee + taker_fee
        if maker == taker:
            continue
        bought = fill.lots if fill.side == 0 else -fill.lots
        if terms.kind == SPOT:
            paid = bought * unit
            cash[0, taker] -= paid
            cash[0, maker] += paid
            continue
        settle_position(
            i, maker, fill.maker_position, -bought, unit,
            cash, entry_value, isolated_margin, leverage, isolated, realised_pnl,
        )  # fmt: skip
        settle_position(
            i, taker, fill.taker_position, bought, unit,
            cash, entry_value, isolated_margin, leverage, isolated, realised_pnl,
        )  # fmt: skip


@kernel
def transfer_position(
    instrument: int,
    seller: int,
    buyer: int,
    lots: int,
    unit: int,
    position: Amounts,
    cash: Amounts,
    entry_value: Amounts,
    isolated_margin: Amounts,
    leverage: Small,
    isolated: Small,
    realised_pnl: Amounts,
) -> None:
    """Trade ``lots`` of a perpetual off the book, without fees: takeover by the fund, or deleveraging.

    ``unit`` is the value of one lot at the agreed price, millionths.
    """
    settle_position(
        instrument, seller, position[instrument, seller], -lots, unit,
        cash, entry_value, isolated_margin, leverage, isolated, realised_pnl,
    )  # fmt: skip
    settle_position(
        instrument, buyer, position[instrument, buyer], lots, unit,
        cash, entry_value, isolated_margin, leverage, isolated, realised_pnl,
    )  # fmt: skip
    position[instrument, seller] -= lots
    position[instrument, buyer] += lots
