"""One round of auto-deleveraging: close bankrupt positions against ranked accounts on the other side."""

from typing import Any

import numpy as np

from abm.book.messages import Records
from abm.instruments import MILLIONTHS
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts
from abm.ledger.valuation import cross_columns, mark_values
from abm.rules.adl import AdlRule, Floats, adl_allocate, adl_order, adl_pro_rata, adl_score, adl_score_bitmex
from abm.rules.margin_tiers import maintenance_margins

adl_dtype = np.dtype(
    [
        ("time", "i8"),  # ns
        ("account", "i4"),  # the account that was deleveraged
        ("counterparty", "i4"),  # the bankrupt account
        ("instrument", "i2"),
        ("side", "i1"),  # what the deleveraged account did: BUY closes a short
        ("was_in_profit", "i1"),
        ("lots", "i8"),
        ("price", "i8"),  # ticks, the bankruptcy price of the counterparty
        ("notional", "i8"),  # millionths
    ],
    align=True,
)


class AdlQueue:
    """Accounts on one side of an instrument, ranked at the start of a round.

    Parameters
    ----------
    ledger, mark_ticks, tiers
        State and prices at which to rank.
    instrument
        Index of the perpetual.
    side
        +1 ranks longs, -1 shorts.
    rule
        Score and allocation.

    Notes
    -----
    Wallets that are themselves below maintenance margin are left out: their own liquidation comes first.
    The lots an account offers are limited by what its equity can lose at the price asked of it.
    """

    def __init__(
        self,
        ledger: Ledger,
        mark_ticks: Amounts,
        tiers: Records,
        instrument: int,
        side: int,
        rule: AdlRule,
        cross: Amounts,
    ) -> None:
        self.rule = rule
        self.side = side
        i = instrument
        held = ledger.position[i] * side
        held[:FIRST_TRADER] = 0
        who = np.flatnonzero(held > 0)
        lots = held[who]
        self.mark_value = int(mark_values(ledger.instruments, mark_ticks)[i])
        profit = side * lots * self.mark_value - ledger.entry_value[i, who]
        alone = ledger.isolated[i, who] != 0
        own = maintenance_margins(tiers, i, lots * self.mark_value)
        equity = np.where(alone, ledger.isolated_margin[i, who] + profit, cross[0, who])
        needed = np.where(alone, own, cross[1, who])
        score = self._score(profit, equity, needed, lots, ledger.entry_value[i, who])
        order = adl_order(score)
        order = order[(equity >= needed)[order]]
        self.accounts = who[order]
        self.lots: Amounts = lots[order]
        self.equity: Amounts = equity[order]
        self.alone = alone[order]
        self.in_profit = profit[order] > 0

    def _score(
        self, profit: Amounts, equity: Amounts, needed: Amounts, lots: Amounts, entry: Amounts
    ) -> Floats:
        if self.rule.rank == "bitmex":
            mark = np.full(len(lots), float(self.mark_value))
            bankruptcy = mark - self.side * equity / lots
            return adl_score_bitmex(self.side, np.abs(entry) / lots, mark, bankruptcy)
        unit = float(MILLIONTHS)
        return adl_score(profit / unit, (equity - profit) / unit, needed / unit)

    def take(self, lots: int, price_value: int) -> tuple[Any, Amounts]:
        """Allocate ``lots`` at ``price_value`` millionths each; return places in the queue and their lots."""
        loss = self.side * (self.mark_value - price_value)
        offered = self.lots
        if loss > 0:
            affordable = np.maximum(self.equity, 0) // loss
            whole = np.where(affordable >= self.lots, self.lots, 0)
            offered = np.where(self.alone, whole, np.minimum(self.lots, affordable))
        allocate = adl_allocate if self.rule.allocation == "queue" else adl_pro_rata
        given = allocate(lots, offered)
        places = np.flatnonzero(given)
        self.lots = self.lots - given
        if loss > 0:
            self.equity = self.equity - given * loss
        return places, given[places]


def deleverage(
    ledger: Ledger,
    mark_ticks: Amounts,
    tiers: Records,
    rule: AdlRule,
    orders: Records,
    remaining: Amounts,
    price: Amounts,
    now_ns: int,
) -> Records:
    """Close ``remaining[n]`` lots of ``orders[n]``.account at ``price[n]`` ticks against ranked accounts.

    ``remaining`` is reduced by what could be placed. Returns the events, one row of `adl_dtype` for each
    account that was deleveraged for an order.
    """
    queues: dict[tuple[int, int], AdlQueue] = {}
    cross = cross_columns(ledger, mark_ticks, tiers)
    rows: list[tuple[int, ...]] = []
    for n in np.flatnonzero(remaining):
        loser, i = int(orders[n].account), int(orders[n].instrument)
        side = -1 if ledger.position[i, loser] > 0 else 1
        if (i, side) not in queues:
            queues[i, side] = AdlQueue(ledger, mark_ticks, tiers, i, side, rule, cross)
        queue = queues[i, side]
        unit = int(price[n]) * int(ledger.instruments[i].tick_lot_value)
        places, given = queue.take(int(remaining[n]), unit)
        for place, lots in zip(places.tolist(), given.tolist(), strict=True):
            winner = int(queue.accounts[place])
            seller, buyer = (loser, winner) if side < 0 else (winner, loser)
            ledger.position_transfer(i, seller, buyer, lots, int(price[n]))
            did = 0 if side < 0 else 1
            rows.append(
                (now_ns, winner, loser, i, did, int(queue.in_profit[place]), lots, int(price[n]), lots * unit)
            )
        remaining[n] -= int(given.sum())
    return np.array(rows, adl_dtype).view(np.recarray)
