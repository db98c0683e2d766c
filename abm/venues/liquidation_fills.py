"""What passes between an account and the fund when a liquidation order fills: fees, gaps, what is left."""

from abm.book.messages import BUY, LIQUIDATION, Records
from abm.compiled import kernel
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.arithmetic import ceil_per_million, wide
from abm.ledger.settlement import Amounts, Small


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
