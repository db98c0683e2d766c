"""The liquidation desk: what every liquidation policy does its work with, for one run of the engine.

A policy decides which wallets are closed how; the desk sends orders, hands positions to the fund, to the
backstop vault or to ranked accounts, and writes down what was done. The insurance fund's row is the backstop
vault too: venues that have a vault have no other fund here.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records, message_table
from abm.compiled import for_kernels
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts
from abm.ledger.valuation import mark_values
from abm.rules.adl import AdlRule
from abm.rules.breaches import breach_dtype, breaches_at
from abm.rules.fund_drawdown import FundDrawdown
from abm.rules.insurance_fund import FundRule
from abm.venues.deleveraging import deleverage
from abm.venues.fund_takeover import LIMITED, NOTHING, UNLIMITED, fund_equity, fund_money, take_over
from abm.venues.liquidation_fills import clearance_fees
from abm.venues.liquidation_orders import liquidation_orders
from abm.venues.liquidation_report import DELEVERAGED, ORDER, TAKEOVER, LiquidationReport, liquidation_rows

FIRST_ORDER_ID = 1 << 60
"""Ids of the engine's orders start here, far above those of traders."""
NO_LIMIT = 1 << 62
Flags = npt.NDArray[np.bool_]
_BY_DRAWDOWN = ("fund_drawdown", "pnl_drawdown")


class Books(Protocol):
    """What the engine needs of the order books."""

    def process(self, messages: Records, /) -> Records:
        """Match messages in order and return the fills."""

    def cancel_accounts(self, flags: Flags, /) -> object:
        """Cancel all open orders of the flagged accounts."""


@dataclass
class Rulebook:
    """The rules that a desk applies, and what they remember between runs.

    Attributes
    ----------
    tiers, backing
        `abm.rules.margin_tiers.tier_table` and `abm.ledger.backing.backing_table`.
    clearance_ppm
        Clearance fee of each instrument, parts per million.
    fund, adl
        Limits of the fund; how winners are deleveraged.
    drawdown
        The fund's fall from its peak, for ADL rules with a drawdown trigger.
    seed
        Of the random walk of ADL rules that have one.
    next_id
        Id of the next order.
    """

    tiers: Records
    backing: Records
    clearance_ppm: Amounts
    fund: FundRule
    adl: AdlRule
    drawdown: FundDrawdown
    seed: int = 0
    next_id: int = FIRST_ORDER_ID


@dataclass
class Desk:
    """One run of the engine; its tables have the form of `abm.compiled.for_kernels`.

    Attributes
    ----------
    now_ns, mark_ticks, previous_ticks
        Time; marks now and at the run before.
    values
        Value of one lot at the mark, millionths; 0 for spot.
    adl_enabled
        False: the fund takes over everything, even into debt.
    """

    now_ns: int
    mark_ticks: Amounts
    previous_ticks: Amounts
    books: Books
    ledger: Ledger
    rules: Rulebook
    adl_enabled: bool
    report: LiquidationReport
    values: Amounts = field(init=False)
    _served: Flags = field(init=False)

    def __post_init__(self) -> None:
        self.values = mark_values(self.ledger.instruments, self.mark_ticks)
        self._served = np.zeros(self.ledger.accounts, np.bool_)

    def sweep(self, *, fund_too: bool = False) -> Records:
        """Return the breached wallets; with ``fund_too`` the fund's own as well, when it is below zero."""
        ledger, rules = self.ledger, self.rules
        found = breaches_at(ledger, self.values, rules.tiers, rules.backing)
        if fund_too and self.fund_equity() < 0 and (ledger.position[self.values > 0, INSURANCE_FUND]).any():
            own = np.zeros(1, breach_dtype)
            own["equity"], own["account"], own["instrument"] = self.fund_equity(), INSURANCE_FUND, -1
            found = for_kernels(np.concatenate([own, found]))
        return found

    def fund_equity(self) -> int:
        """Return what the fund is worth at the marks, millionths."""
        ledger = self.ledger
        return int(fund_equity(self.values, ledger.position, ledger.cash, ledger.entry_value))

    def fund_money(self) -> int:
        """Return what the fund can pay out now: neither its cash nor its equity may go below zero."""
        ledger = self.ledger
        return int(fund_money(self.values, ledger.position, ledger.cash, ledger.entry_value))

    def cancel(self, accounts: npt.NDArray[Any]) -> None:
        """Cancel all open orders of the accounts."""
        self.books.cancel_accounts(flags(self.ledger.accounts, accounts))

    def first_time(self, accounts: npt.NDArray[Any]) -> Flags:
        """Tell which accounts have not been served in this run, and count them as served."""
        fresh: Flags = ~self._served[accounts]
        self._served[accounts] = True
        return fresh

    def orders(self, breaches: Records, *, restore: bool = False) -> tuple[Records, Records]:
        """Return orders that close wallets, lowest equity over maintenance first, and each one's breach.

        They are bounded by the bankruptcy price, immediate or cancel, reduce only.
        """
        ledger, rules = self.ledger, self.rules
        health = breaches["equity"] / np.maximum(breaches["maintenance"], 1)
        worst_first: Records = for_kernels(breaches.take(np.argsort(health, kind="stable")))
        orders = for_kernels(message_table(len(breaches) * len(self.values)))
        wallet = np.zeros(len(orders), np.int64)
        rows = liquidation_orders(
            worst_first, self.now_ns, rules.next_id, self.values, rules.tiers, rules.backing,
            ledger.instruments, rules.clearance_ppm, ledger.position, ledger.entry_value, ledger.isolated,
            restore, orders, wallet,
        )  # fmt: skip
        return orders[:rows], for_kernels(worst_first.take(wallet[:rows]))

    def send(self, orders: Records) -> Records:
        """Match and settle orders; return their fills. Ids are given anew, in order."""
        orders["id"] = self.rules.next_id + np.arange(len(orders))
        self.rules.next_id += len(orders)
        fills: Records = for_kernels(self.books.process(orders))
        self.ledger.settle(fills)
        self.report.add("fills", fills)
        return fills

    def sell(self, orders: Records) -> bool:
        """Send orders bounded by the bankruptcy price, charge clearance fees; tell whether any filled."""
        if len(orders) == 0:
            return False
        fills = self.send(orders)
        notional = np.zeros(len(orders), np.int64)
        clearance_fees(
            orders, fills, self.ledger.instruments, self.rules.clearance_ppm, self.ledger.cash,
            self.ledger.isolated, notional,
        )  # fmt: skip
        return self.record(orders, orders["filled"], notional, ORDER)

    def record(self, orders: Records, lots: Amounts, notional: Amounts, how: int) -> bool:
        """Write down that ``lots`` of each order were closed; tell whether any were."""
        if not lots.any():
            return False
        rows = liquidation_rows(orders, lots, notional, self.unit(orders), how)
        return self.report.add("liquidations", rows)

    def traded(self, orders: Records, fills: Records) -> Amounts:
        """Return what each order traded as a taker, millionths."""
        notional = np.zeros(len(orders), np.int64)
        if len(fills) == 0:
            return notional
        place = fills["taker_id"] - orders["id"][0]
        mine = np.flatnonzero((place >= 0) & (place < len(orders)))
        where = place[mine]
        np.add.at(notional, where, (fills["lots"] * fills["price"])[mine] * self.unit(orders)[where])
        return notional

    def unit(self, orders: Records) -> Amounts:
        """Return the value of one lot at one tick for each order."""
        unit: Amounts = self.ledger.instruments["tick_lot_value"][orders["instrument"]]
        return unit

    def hand_over(self, orders: Records, most: Amounts | None = None) -> bool:
        """Give what orders left open to the fund at the bankruptcy price, and what it refuses to ADL.

        Only wallets that are still breached; ``most`` bounds the lots of each order.
        """
        taken, remaining, price = self.take_over(orders, most, self._fund_mode())
        changed = self.record(orders, taken, taken * price * self.unit(orders), TAKEOVER)
        return self.deleverage(orders, remaining, price) or changed

    def take_over(self, orders: Records, most: Amounts | None, mode: int) -> tuple[Amounts, Amounts, Amounts]:
        """Move positions to the fund as ``mode`` allows; return lots taken, lots left, bankruptcy price."""
        ledger, rules = self.ledger, self.rules
        taken, remaining, price = (np.zeros(len(orders), np.int64) for _ in range(3))
        limit = np.full(len(orders), NO_LIMIT, np.int64) if most is None else most
        take_over(
            orders, limit, self.values, rules.tiers, rules.backing, ledger.instruments, rules.clearance_ppm,
            rules.fund.notional_share, mode, ledger.position, ledger.cash, ledger.entry_value,
            ledger.isolated_margin, ledger.leverage, ledger.isolated, ledger.realised_pnl, taken, remaining,
            price,
        )  # fmt: skip
        return taken, remaining, price

    def bankruptcy(self, orders: Records) -> tuple[Amounts, Amounts]:
        """Return the open lots of each order whose wallet is still breached, and its bankruptcy price."""
        _, remaining, price = self.take_over(orders, None, NOTHING)
        return remaining, price

    def deleverage(self, orders: Records, remaining: Amounts, bankruptcy: Amounts) -> bool:
        """Close ``remaining`` lots against ranked accounts at the price of the ADL rule."""
        if not remaining.any():
            return False
        rules = self.rules
        marks = {"mark": self.mark_ticks, "previous_mark": self.previous_ticks}
        chosen = marks.get(rules.adl.price)
        price = bankruptcy if chosen is None else chosen[orders["instrument"]].astype(np.int64)
        closed = remaining.copy()
        winners = deleverage(
            self.ledger, self.mark_ticks, rules.tiers, rules.adl, rules.clearance_ppm, orders, remaining,
            price, rules.backing, self._draw(),
        )  # fmt: skip
        closed -= remaining
        changed = self.record(orders, closed, closed * price * self.unit(orders), DELEVERAGED)
        if self.report.add("deleveraged", winners):
            self.cancel(winners["account"])
        return changed

    def watch_fund(self) -> bool:
        """Take note of the fund's equity; tell whether a drawdown trigger has switched ADL on."""
        if self.rules.adl.trigger not in _BY_DRAWDOWN:
            return False
        return self.rules.drawdown.record(self.now_ns, float(self.fund_equity()))

    def _fund_mode(self) -> int:
        if not self.adl_enabled:
            return UNLIMITED
        return NOTHING if self.watch_fund() else LIMITED

    def _draw(self) -> int:
        if self.rules.adl.allocation != "random":
            return 0
        return int(np.random.default_rng([self.rules.seed, self.now_ns]).integers(1 << 62))


def flags(accounts: int, chosen: npt.NDArray[Any]) -> Flags:
    """Return one flag for each account, set for the chosen."""
    result = np.zeros(accounts, np.bool_)
    result[chosen] = True
    return result
