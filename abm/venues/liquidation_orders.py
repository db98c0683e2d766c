"""The orders that close breached wallets through the book: how large, and at which bound."""

from abm.book.layout import PRICE_LIMIT
from abm.book.messages import BUY, IOC, LIQUIDATION, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.ledger.arithmetic import ceil_per_million, wide
from abm.ledger.backing import tested_notional
from abm.ledger.settlement import Amounts, Small
from abm.rules.bankruptcy_price import bankruptcy_ticks, equity_share
from abm.rules.margin_tiers import maintenance_margin

FARTHEST = 2
"""No order is priced beyond so many times the mark, where a deeply bankrupt long has its bankruptcy price."""


@kernel
def closing_lots(held: int, equity: int, maintenance: int, notional: int, fee_ppm: int, restore: bool) -> int:
    """Return how many of ``held`` lots to sell: all, or what restores the margin.

    With ``E`` the equity, ``M`` the maintenance margin and ``C`` the clearance fee on everything, closing a
    fraction ``x`` at the mark leaves ``E - x C`` against at most ``(1 - x) M``; hence ``x = (M - E) / (M -
    C)``. Where the fee exceeds the maintenance margin no partial close can help.
    """
    fee = ceil_per_million(notional, fee_ppm)
    if not restore or fee >= maintenance or equity <= fee:
        return held
    fraction = (maintenance - equity) / (maintenance - fee)
    return min(held, max(1, int(held * min(1.0, fraction)) + 1))


@kernel
def liquidation_orders(
    breaches: Records,
    now_ns: int,
    first_id: int,
    mark_value: Amounts,
    tiers: Records,
    backing: Records,
    instruments: Records,
    clearance_ppm: Amounts,
    position: Amounts,
    entry_value: Amounts,
    isolated: Small,
    restore: bool,
    out: Records,
    wallet: Amounts,
) -> int:
    """Write a reduce-only IOC order bounded by the bankruptcy price for each position of a breached wallet.

    ``out`` and ``wallet`` must hold ``len(breaches) * instruments`` rows; ``wallet`` receives the row of
    ``breaches`` that each order belongs to. Returns the number of rows written. With ``restore`` the orders
    of cross wallets are only as large as it takes to restore the margin (`closing_lots`); an isolated
    position releases its margin as it shrinks and is closed whole.
    """
    rows = 0
    for k in range(breaches.shape[0]):
        breach = breaches[k]
        a = wide(breach.account)
        notional = wide(0)
        for i in range(position.shape[0]):
            if mark_value[i] > 0 and isolated[i, a] == 0:
                notional += abs(position[i, a]) * mark_value[i]
        for i in range(position.shape[0]):
            lots = position[i, a]
            if lots == 0 or mark_value[i] == 0 or isolated[i, a] != breach.isolated:
                continue
            if breach.isolated != 0 and breach.instrument != i:
                continue
            tested = tested_notional(i, lots * mark_value[i], entry_value[i, a], backing)
            margin = maintenance_margin(tiers, i, tested)
            share = equity_share(breach.equity, margin, breach.maintenance)
            row = out[rows]
            wallet[rows] = k
            rows += 1
            row.time = now_ns
            row.id = first_id + rows - 1
            unit = instruments[i].tick_lot_value
            highest = min(FARTHEST * (mark_value[i] // unit), PRICE_LIMIT)
            row.price = min(bankruptcy_ticks(lots, mark_value[i], unit, share), highest)
            row.lots = closing_lots(
                abs(lots), breach.equity, breach.maintenance, notional, clearance_ppm[i],
                restore and breach.isolated == 0,
            )  # fmt: skip
            row.account = a
            row.instrument = i
            row.kind = IOC
            row.side = SELL if lots > 0 else BUY
            row.flags = REDUCE_ONLY
            row.source = LIQUIDATION
    return rows
