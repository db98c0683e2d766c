"""One round of auto-deleveraging: close bankrupt positions against ranked accounts on the other side."""

import numpy as np

from abm.book.messages import Records
from abm.compiled import for_kernels, kernel
from abm.instruments import MILLIONTHS
from abm.ledger.accounts import FIRST_TRADER, INSURANCE_FUND
from abm.ledger.arithmetic import wide
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts, Small, transfer_position
from abm.ledger.valuation import cross_columns, mark_values
from abm.rules.adl import AdlRule
from abm.rules.adl_allocations import capped_pro_rata, largest_remainder, pro_rata
from abm.rules.adl_candidates import Candidates
from abm.rules.adl_ranks import RANKS, adl_order
from abm.rules.margin_tiers import maintenance_margins
from abm.venues.fund_takeover import fund_money
from abm.venues.liquidation_fills import sweep_remainder

adl_dtype = np.dtype(
    [
        ("time", "i8"),  # ns
        ("account", "i4"),  # the account that was deleveraged
        ("counterparty", "i4"),  # the bankrupt account
        ("instrument", "i2"),
        ("side", "i1"),  # what the deleveraged account did: BUY closes a short
        ("was_in_profit", "i1"),
        ("place", "i4"),  # in the queue, 0 = first
        ("lots", "i8"),
        ("price", "i8"),  # ticks, the bankruptcy price of the counterparty
        ("notional", "i8"),  # millionths
    ],
    align=True,
)

queue_dtype = np.dtype(
    [
        ("account", "i4"),
        ("alone", "i1"),  # isolated position
        ("in_profit", "i1"),
        ("lots", "i8"),  # still held
        ("offered", "i8"),  # still on offer, at most `lots`
        ("equity", "i8"),  # what a cross wallet can lose, millionths
        ("equity_per_lot", "i8"),  # what an isolated position can lose on each lot
    ],
    align=True,
)


def adl_queue(
    ledger: Ledger,
    mark_ticks: Amounts,
    tiers: Records,
    instrument: int,
    side: int,
    rule: AdlRule,
    cross: Amounts,
    at_entry: bool = False,
) -> Records:
    """Rank the accounts on one side of an instrument.

    Wallets that are themselves below maintenance margin are left out: their own liquidation comes first.

    Parameters
    ----------
    side
        +1 ranks longs, -1 shorts.
    cross
        `abm.ledger.valuation.cross_columns` at the marks.
    at_entry
        Whether maintenance margin is reckoned on entry value.

    Returns
    -------
    Records of `queue_dtype`, first to be closed first, everything on offer.
    """
    i = instrument
    held = ledger.position[i] * side
    held[:FIRST_TRADER] = 0
    who = np.flatnonzero(held > 0)
    lots = held[who]
    notional = lots * int(mark_values(ledger.instruments, mark_ticks)[i])
    entered = np.abs(ledger.entry_value[i, who])
    profit = side * (notional - entered)
    alone = ledger.isolated[i, who] != 0
    equity = np.where(alone, ledger.isolated_margin[i, who] + profit, cross[0, who])
    own = maintenance_margins(tiers, i, entered if at_entry else notional)
    needed = np.where(alone, own, cross[1, who])
    worth = (entered, notional, equity, equity - profit, needed)
    columns = [column / float(MILLIONTHS) for column in worth]
    order = adl_order(RANKS[rule.rank](Candidates(side, lots, *columns)))
    order = order[(equity >= needed)[order]]
    queue: Records = for_kernels(np.zeros(len(order), queue_dtype))
    queue["account"] = who[order]
    queue["alone"] = alone[order]
    queue["in_profit"] = profit[order] > 0
    queue["lots"] = queue["offered"] = lots[order]
    queue["equity"] = equity[order]
    queue["equity_per_lot"] = equity[order] // lots[order]
    return queue


def make_offers(queue: Records, rule: AdlRule, lots: int, draw: int) -> Records:
    """Return the queue with what each account is asked for first when ``lots`` are to be closed.

    ``draw`` decides where the walk of the rule ``"random"`` starts.
    """
    if rule.allocation == "random" and len(queue):
        most = rule.most_accounts or len(queue)
        walk: Records = for_kernels(np.roll(queue, -(draw % len(queue)))[:most])
        return walk
    if rule.allocation == "pro_rata":
        queue["offered"] = pro_rata(lots, queue["lots"])
    elif rule.allocation == "largest_remainder":
        queue["offered"] = largest_remainder(lots, queue["lots"])
    elif rule.allocation == "capped_pro_rata":
        queue["offered"] = capped_pro_rata(lots, queue["lots"], rule.cap_share)
    return queue


@kernel
def close_against_queue(
    queue: Records,
    orders: Records,
    chosen: Amounts,
    side: int,
    mark_value: Amounts,
    instruments: Records,
    clearance_ppm: Amounts,
    position: Amounts,
    cash: Amounts,
    entry_value: Amounts,
    isolated_margin: Amounts,
    leverage: Small,
    isolated: Small,
    realised_pnl: Amounts,
    remaining: Amounts,
    price: Amounts,
    out: Records,
) -> int:
    """Close ``remaining[n]`` lots of ``orders[n]`` for n in ``chosen`` against the queue, front first.

    An account gives no more than its equity can lose at the price asked of it. An isolated position that is
    closed beyond its bankruptcy price loses only its margin: the fund pays the rest as far as it goes.
    ``remaining`` is reduced, events are written to ``out``; returns their number, at most ``len(queue) +
    len(chosen)`` when nobody runs short of equity.
    """
    rows = wide(0)
    front = wide(0)
    for c in range(chosen.shape[0]):
        n = chosen[c]
        loser = wide(orders[n].account)
        i = wide(orders[n].instrument)
        unit = price[n] * instruments[i].tick_lot_value
        loss = side * (mark_value[i] - unit)
        cash_before = cash[0, loser]
        wanted = remaining[n]
        while front < queue.shape[0] and queue[front].offered == 0:
            front += 1
        for k in range(front, queue.shape[0]):
            if remaining[n] == 0 or rows == out.shape[0]:
                break
            row = queue[k]
            lots = min(remaining[n], row.offered)
            if loss > 0 and row.alone != 0 and loss > row.equity_per_lot:
                lots = wide(0)
            if loss > 0 and row.alone == 0:
                lots = min(lots, max(0, row.equity) // loss)
            if lots == 0:
                continue
            winner = wide(row.account)
            seller = winner if side > 0 else loser
            transfer_position(
                i, seller, winner + loser - seller, lots, unit, position, cash, entry_value,
                isolated_margin, leverage, isolated, realised_pnl,
            )  # fmt: skip
            row.lots -= lots
            row.offered -= lots
            row.equity -= lots * max(0, loss)
            remaining[n] -= lots
            event = out[rows]
            rows += 1
            event.time = orders[n].time
            event.account = winner
            event.counterparty = loser
            event.instrument = i
            event.side = 1 if side > 0 else 0
            event.was_in_profit = row.in_profit
            event.place = k
            event.lots = lots
            event.price = price[n]
            event.notional = lots * unit
        if remaining[n] < wanted:
            value = (wanted - remaining[n]) * unit
            hole = cash_before - cash[0, loser]
            if isolated[i, loser] != 0 and hole > 0:
                hole = min(hole, fund_money(mark_value, position, cash, entry_value))
                cash[0, loser] += hole
                cash[0, INSURANCE_FUND] -= hole
            sweep_remainder(
                i, loser, value, cash_before, clearance_ppm[i], position, cash, isolated, mark_value
            )
    return rows


def deleverage(
    ledger: Ledger,
    mark_ticks: Amounts,
    tiers: Records,
    rule: AdlRule,
    clearance_ppm: Amounts,
    orders: Records,
    remaining: Amounts,
    price: Amounts,
    backing: Records | None = None,
    draw: int = 0,
) -> Records:
    """Close ``remaining[n]`` lots of ``orders[n]`` at ``price[n]`` ticks against ranked accounts.

    Margins are worked out anew for each instrument and side, since accounts that were closed in one of them
    have less to lose in the next.

    Parameters
    ----------
    backing
        `abm.ledger.backing.backing_table` with prices.
    draw
        Random number from which a ``"random"`` allocation starts.

    Returns
    -------
    Records of `adl_dtype`: one row for each account that was closed for an order. ``remaining`` keeps what
    could not be placed.
    """
    values = mark_values(ledger.instruments, mark_ticks)
    held = ledger.position[orders["instrument"], orders["account"]]
    tables: list[Records] = []
    for i in np.unique(orders["instrument"][remaining > 0]):
        at_entry = backing is not None and bool(backing["at_entry"][i, 0])
        for side in (1, -1):
            mine = (orders["instrument"] == i) & (remaining > 0) & (held * side < 0)
            chosen = np.flatnonzero(mine).astype(np.int64)
            if len(chosen) == 0:
                continue
            cross = cross_columns(ledger, mark_ticks, tiers, backing)
            queue = adl_queue(ledger, mark_ticks, tiers, int(i), side, rule, cross, at_entry)
            queue = make_offers(queue, rule, int(remaining[chosen].sum()), draw)
            for _ in range(1 if rule.allocation == "capped_pro_rata" else 2):
                out = for_kernels(np.zeros(2 * (len(queue) + len(chosen)), adl_dtype))
                rows = close_against_queue(
                    queue, orders, chosen, side, values, ledger.instruments, clearance_ppm, ledger.position,
                    ledger.cash, ledger.entry_value, ledger.isolated_margin, ledger.leverage, ledger.isolated,
                    ledger.realised_pnl, remaining, price, out,
                )  # fmt: skip
                tables.append(out[:rows])
                # second pass: what some could not afford is asked of the others
                queue["offered"] = queue["lots"]
    closed: Records = for_kernels(np.concatenate([np.zeros(0, adl_dtype), *tables]))
    return closed
