"""Takeover by the insurance fund at the bankruptcy price, as far as the fund can bear it."""

from abm.book.messages import Records
from abm.compiled import kernel
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.arithmetic import wide
from abm.ledger.backing import tested_notional
from abm.ledger.settlement import Amounts, Small, transfer_position
from abm.ledger.valuation import cross_margin
from abm.rules.bankruptcy_price import bankruptcy_ticks, equity_share
from abm.rules.insurance_fund import fund_capacity
from abm.rules.margin_tiers import maintenance_margin
from abm.venues.liquidation_fills import sweep_remainder

UNLIMITED = 0
LIMITED = 1
NOTHING = 2
"""What the fund takes over: everything even into debt, what it can carry, or nothing."""


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
            others = wide(0)
            for j in range(position.shape[0]):
                if mark_value[j] > 0 and j != i:
                    others += abs(position[j, INSURANCE_FUND] * mark_value[j])
            accepted = min(
                accepted,
                fund_capacity(
                    fund_equity(mark_value, position, cash, entry_value), others,
                    position[i, INSURANCE_FUND], direction, mark_value[i], ticks * unit, notional_share,
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
