"""Compiled parts of the liquidation procedure: bounded orders, clearance fees, takeover by the fund.

They work on message tables and ledger columns, one call for all breached wallets of a round.
"""

from abm.book.layout import PRICE_LIMIT
from abm.book.messages import BUY, IOC, LIQUIDATION, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.arithmetic import ceil_per_million, wide
from abm.ledger.settlement import Amounts, Small, transfer_position
from abm.ledger.valuation import cross_margin
from abm.rules.bankruptcy_price import bankruptcy_ticks, equity_share
from abm.rules.insurance_fund import fund_capacity
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
    instruments: Records,
    clearance_ppm: Amounts,
    position: Amounts,
    isolated: Small,
    restore: bool,
    out: Records,
) -> int:
    """Write a reduce-only IOC order bounded by the bankruptcy price for each position of a breached wallet.

    ``out`` must hold ``len(breaches) * instruments`` rows. Returns the number of rows written. With
    ``restore`` the orders of cross wallets are only as large as it takes to restore the margin
    (`closing_lots`); an isolated position releases its margin as it shrinks and is closed whole.
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
            margin = maintenance_margin(tiers, i, abs(lots) * mark_value[i])
            share = equity_share(breach.equity, margin, breach.maintenance)
            row = out[rows]
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


@kernel
def clearance_fees(
    orders: Records,
    fills: Records,
    instruments: Records,
    clearance_ppm: Amounts,
    cash: Amounts,
    isolated: Small,
    notional: Amounts,
) -> None:
    """Charge the clearance fee of filled liquidation orders to the fund, and add up what each order traded.

    The fee is limited by what the fills brought above the bankruptcy price, so it never eats into the
    equity that backs what is still open. ``orders`` have consecutive ids; ``notional`` (millionths, one for
    each order) is filled in.
    """
    first_id = orders[0].id
    for k in range(fills.shape[0]):
        fill = fills[k]
        n = fill.taker_id - first_id
        if fill.source != LIQUIDATION or n < 0 or n >= orders.shape[0]:
            continue
        i = wide(fill.instrument)
        a = wide(fill.taker)
        unit = instruments[i].tick_lot_value
        value = fill.lots * fill.price * unit
        notional[n] += value
        surplus = fill.lots * (fill.price - orders[n].price) * unit
        if fill.side == BUY:
            surplus = -surplus
        fee = min(ceil_per_million(value, clearance_ppm[i]), max(0, surplus))
        if isolated[i, a] != 0:
            fee = min(fee, max(0, cash[0, a]))
        cash[0, a] -= fee
        cash[0, INSURANCE_FUND] += fee


@kernel
def sweep_remainder(
    instrument: int, account: int, value: int, before: int, ppm: int, position: Amounts, cash: Amounts,
    isolated: Small, mark_value: Amounts,
) -> None:  # fmt: skip
    """Pay what a closed-out wallet has left to the fund, up to the clearance fee on ``value``.

    ``before`` is the account's cash before an isolated position was closed; only what it returned is
    touched. A cross wallet pays once its last position is gone.
    """
    left = cash[0, account]
    if isolated[instrument, account] != 0:
        left = min(left, left - before)
    else:
        for i in range(position.shape[0]):
            if mark_value[i] > 0 and isolated[i, account] == 0 and position[i, account] != 0:
                return
    fee = min(max(0, left), ceil_per_million(value, ppm))
    cash[0, account] -= fee
    cash[0, INSURANCE_FUND] += fee


@kernel
def wallet_of(
    instrument: int,
    account: int,
    mark_value: Amounts,
    tiers: Records,
    cash: Amounts,
    position: Amounts,
    entry_value: Amounts,
    isolated_margin: Amounts,
    isolated: Small,
) -> tuple[int, int, int]:
    """Return wallet equity, wallet maintenance margin and the position's own part of it, millionths."""
    value = position[instrument, account] * mark_value[instrument]
    own = maintenance_margin(tiers, instrument, abs(value))
    if isolated[instrument, account] != 0:
        equity = isolated_margin[instrument, account] + value - entry_value[instrument, account]
        return equity, own, own
    equity, needed = cross_margin(account, mark_value, tiers, cash, position, entry_value, isolated)
    return equity, needed, own


@kernel
def take_over(
    orders: Records,
    mark_value: Amounts,
    tiers: Records,
    instruments: Records,
    clearance_ppm: Amounts,
    notional_share: float,
    limited: bool,
    position: Amounts,
    cash: Amounts,
    entry_value: Amounts,
    isolated_margin: Amounts,
    leverage: Small,
    isolated: Small,
    realised_pnl: Amounts,
    taken: Amounts,
    remaining: Amounts,
    price: Amounts,
) -> None:
    """Move what unfilled liquidation orders left open to the fund at the bankruptcy price, as far as it can.

    For each order whose wallet is still breached: ``price`` receives the bankruptcy price in ticks at the
    wallet's present equity, ``taken`` the lots that the fund took over, ``remaining`` the lots that it
    could not. With ``limited`` false the fund takes everything, even into debt.
    """
    for n in range(orders.shape[0]):
        order = orders[n]
        a = wide(order.account)
        i = wide(order.instrument)
        lots = position[i, a]
        if lots == 0 or order.filled >= order.lots:
            continue
        equity, needed, own = wallet_of(
            i, a, mark_value, tiers, cash, position, entry_value, isolated_margin, isolated
        )
        if equity >= needed:
            continue
        unit = instruments[i].tick_lot_value
        ticks = bankruptcy_ticks(lots, mark_value[i], unit, equity_share(equity, own, needed))
        price[n] = ticks
        direction = 1 if lots > 0 else -1
        accepted = abs(lots)
        if limited:
            fund_equity = cash[0, INSURANCE_FUND]
            others = wide(0)
            for j in range(position.shape[0]):
                if mark_value[j] > 0:
                    worth = position[j, INSURANCE_FUND] * mark_value[j]
                    fund_equity += worth - entry_value[j, INSURANCE_FUND]
                    others += abs(worth) if j != i else 0
            accepted = min(
                accepted,
                fund_capacity(
                    fund_equity, others, position[i, INSURANCE_FUND], direction,
                    mark_value[i], ticks * unit, notional_share,
                ),
            )  # fmt: skip
        remaining[n] = abs(lots) - accepted
        taken[n] = accepted
        if accepted == 0:
            continue
        before = cash[0, a]
        seller = a if lots > 0 else INSURANCE_FUND
        transfer_position(
            i, seller, a + INSURANCE_FUND - seller, accepted, ticks * unit, position, cash, entry_value,
            isolated_margin, leverage, isolated, realised_pnl,
        )  # fmt: skip
        sweep_remainder(
            i, a, accepted * ticks * unit, before, clearance_ppm[i], position, cash, isolated, mark_value
        )
