"""Compiled parts of the liquidation procedure: orders, fees and gaps of their fills, takeover by the fund.

They work on message tables and ledger columns, one call for all breached wallets of a round.
"""

from abm.book.layout import PRICE_LIMIT
from abm.book.messages import BUY, IOC, LIQUIDATION, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.arithmetic import ceil_per_million, wide
from abm.ledger.backing import tested_notional
from abm.ledger.settlement import Amounts, Small, transfer_position
from abm.ledger.valuation import cross_margin
from abm.rules.bankruptcy_price import bankruptcy_ticks, equity_share
from abm.rules.insurance_fund import fund_capacity
from abm.rules.margin_tiers import maintenance_margin

UNLIMITED = 0
LIMITED = 1
NOTHING = 2
"""What the fund takes over: everything even into debt, what it can carry, or nothing."""

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
def fund_equity(mark_value: Amounts, position: Amounts, cash: Amounts, entry_value: Amounts) -> int:
    """Return what the fund is worth at the marks, millionths."""
    equity = cash[0, INSURANCE_FUND]
    for j in range(position.shape[0]):
        if mark_value[j] > 0:
            equity += position[j, INSURANCE_FUND] * mark_value[j] - entry_value[j, INSURANCE_FUND]
    return equity


@kernel
def fund_money(mark_value: Amounts, position: Amounts, cash: Amounts, entry_value: Amounts) -> int:
    """Return what the fund can pay out: neither its cash nor its equity at the marks may go below zero."""
    return max(0, min(cash[0, INSURANCE_FUND], fund_equity(mark_value, position, cash, entry_value)))


@kernel
def wallet_of(
    instrument: int,
    account: int,
    mark_value: Amounts,
    tiers: Records,
    backing: Records,
    cash: Amounts,
    position: Amounts,
    entry_value: Amounts,
    isolated_margin: Amounts,
    isolated: Small,
) -> tuple[int, int, int]:
    """Return wallet equity, wallet maintenance margin and the position's own part of it, millionths."""
    value = position[instrument, account] * mark_value[instrument]
    entered = entry_value[instrument, account]
    own = maintenance_margin(tiers, instrument, tested_notional(instrument, value, entered, backing))
    if isolated[instrument, account] != 0:
        equity = isolated_margin[instrument, account] + value - entered
        return equity, own, own
    equity, needed = cross_margin(account, mark_value, tiers, backing, cash, position, entry_value, isolated)
    return equity, needed, own


@kernel
def take_over(
    orders: Records,
    most: Amounts,
    mark_value: Amounts,
    tiers: Records,
    backing: Records,
    instruments: Records,
    clearance_ppm: Amounts,
    notional_share: float,
    mode: int,
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

    For each order whose wallet is still breached, up to ``most`` lots: ``price`` receives the bankruptcy
    price in ticks at the wallet's present equity, ``taken`` the lots that the fund took over, ``remaining``
    the lots that it could not. ``mode`` is `UNLIMITED`, `LIMITED` or `NOTHING`.
    """
    for n in range(orders.shape[0]):
        order = orders[n]
        a = wide(order.account)
        i = wide(order.instrument)
        lots = position[i, a]
        if lots == 0 or order.filled >= order.lots:
            continue
        equity, needed, own = wallet_of(
            i, a, mark_value, tiers, backing, cash, position, entry_value, isolated_margin, isolated
        )
        if equity >= needed:
            continue
        unit = instruments[i].tick_lot_value
        ticks = bankruptcy_ticks(lots, mark_value[i], unit, equity_share(equity, own, needed))
        price[n] = ticks
        direction = 1 if lots > 0 else -1
        open_lots = min(abs(lots), most[n])
        accepted = wide(0) if mode == NOTHING else open_lots
        if mode == LIMITED:
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
        remaining[n] = open_lots - accepted
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


@kernel
def settle_gaps(
    orders: Records,
    bankruptcy: Amounts,
    covered: Small,
    max_fee_ppm: Amounts,
    budget: int,
    fills: Records,
    instruments: Records,
    cash: Amounts,
) -> int:
    """Let the fund pay what fills fell short of the bankruptcy price, or take its share of what they exceed.

    dYdX v4 (v4-chain, x/clob/keeper/liquidations.go, GetLiquidationInsuranceFundDelta): with ``d = fill value
    - bankruptcy value``, a gap ``d < 0`` is paid whole by the fund and of a surplus the fund receives
    ``min(d, max fee)``. ``orders`` have consecutive ids; ``bankruptcy`` holds their prices in ticks; orders
    without ``covered`` are left alone. The fund pays at most ``budget``; returns what it paid.
    """
    first_id = orders[0].id
    paid = wide(0)
    for k in range(fills.shape[0]):
        fill = fills[k]
        n = fill.taker_id - first_id
        if fill.source != LIQUIDATION or n < 0 or n >= orders.shape[0] or covered[n] == 0:
            continue
        i = wide(fill.instrument)
        unit = fill.lots * instruments[i].tick_lot_value
        surplus = (fill.price - bankruptcy[n]) * unit
        if fill.side == BUY:
            surplus = -surplus
        if surplus < 0:
            surplus = -min(-surplus, max(0, budget - paid))
            paid -= surplus
        else:
            surplus = min(surplus, ceil_per_million(unit * fill.price, max_fee_ppm[i]))
        cash[0, fill.taker] -= surplus
        cash[0, INSURANCE_FUND] += surplus
    return paid


@kernel
def back_stop(
    orders: Records,
    wallet: Amounts,
    mark_value: Amounts,
    notional_share: float,
    position: Amounts,
    cash: Amounts,
    entry_value: Amounts,
    isolated_margin: Amounts,
    leverage: Small,
    isolated: Small,
    realised_pnl: Amounts,
    taken: Amounts,
) -> None:
    """Move whole wallets to the fund at the mark: their positions and all the margin behind them.

    The orders of one wallet stand together. A wallet is refused when the fund's notional in all instruments
    would exceed ``notional_share`` times its equity; ``taken`` receives the lots of each order.
    """
    n = wide(0)
    while n < orders.shape[0]:
        end = n + 1
        while end < orders.shape[0] and wallet[end] == wallet[n]:
            end += 1
        a = wide(orders[n].account)
        alone = isolated[orders[n].instrument, a] != 0
        equity = cash[0, INSURANCE_FUND]
        gained = wide(0) if alone else cash[0, a]
        exposure = wide(0)
        for j in range(position.shape[0]):
            if mark_value[j] == 0:
                continue
            held = position[j, INSURANCE_FUND]
            equity += held * mark_value[j] - entry_value[j, INSURANCE_FUND]
            for m in range(n, end):
                if orders[m].instrument == j:
                    held += position[j, a]
                    gained += position[j, a] * mark_value[j] - entry_value[j, a]
                    gained += isolated_margin[j, a] if alone else 0
            exposure += abs(held) * mark_value[j]
        if gained >= 0 and equity + gained >= 0 and exposure <= notional_share * (equity + gained):
            before = cash[0, a] if alone else 0
            for m in range(n, end):
                i = wide(orders[m].instrument)
                lots = position[i, a]
                taken[m] = abs(lots)
                seller = a if lots > 0 else INSURANCE_FUND
                transfer_position(
                    i, seller, a + INSURANCE_FUND - seller, abs(lots), mark_value[i], position, cash,
                    entry_value, isolated_margin, leverage, isolated, realised_pnl,
                )  # fmt: skip
            margin = max(0, cash[0, a] - before)
            cash[0, a] -= margin
            cash[0, INSURANCE_FUND] += margin
        n = end


@kernel
def close_at_mark(
    orders: Records,
    counterparty: int,
    mark_value: Amounts,
    clearance_ppm: Amounts,
    position: Amounts,
    cash: Amounts,
    entry_value: Amounts,
    isolated_margin: Amounts,
    leverage: Small,
    isolated: Small,
    realised_pnl: Amounts,
) -> None:
    """Close the whole position of each order at the mark against ``counterparty``; set ``filled``.

    A fee on the notional goes to the counterparty out of what is left; what an isolated position loses beyond
    its margin is the counterparty's loss.
    """
    for n in range(orders.shape[0]):
        order = orders[n]
        a = wide(order.account)
        i = wide(order.instrument)
        lots = position[i, a]
        if lots == 0:
            continue
        before = cash[0, a]
        seller = a if lots > 0 else counterparty
        transfer_position(
            i, seller, a + counterparty - seller, abs(lots), mark_value[i], position, cash, entry_value,
            isolated_margin, leverage, isolated, realised_pnl,
        )  # fmt: skip
        order.filled = abs(lots)
        if isolated[i, a] != 0 and cash[0, a] < before:
            cash[0, counterparty] -= before - cash[0, a]
            cash[0, a] = before
        sweep_remainder(
            i, a, abs(lots) * mark_value[i], before, clearance_ppm[i], position, cash, isolated, mark_value
        )
