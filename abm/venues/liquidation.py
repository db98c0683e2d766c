"""The liquidation engine: sweep, orders, takeover, deleveraging, until nothing breaches.

Procedure of a Binance-like venue (counterparty-liquidation text of 2020): a wallet below maintenance margin
at the mark has its account's orders cancelled and its positions sent as immediate-or-cancel orders bounded
by the bankruptcy price. What they bring above that price pays the clearance fee to the insurance fund. What
stays open goes to the fund at the bankruptcy price while the fund can carry it, and the rest to ranked
accounts on the other side. Margins are tested again after each round, since deleveraging can take one leg
of a hedge.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records, message_table
from abm.instruments import SPOT
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts
from abm.ledger.valuation import mark_values
from abm.rules.adl import AdlRule
from abm.rules.breaches import find_breaches
from abm.rules.insurance_fund import FundRule
from abm.rules.liquidation_policy import LiquidationPolicy
from abm.venues.deleveraging import deleverage
from abm.venues.liquidation_report import (
    DELEVERAGED,
    ORDER,
    TAKEOVER,
    LiquidationReport,
    liquidation_rows,
)
from abm.venues.risk import clearance_fees, liquidation_orders, take_over
from abm.venues.unwinding import FundUnwinding

FIRST_ORDER_ID = 1 << 60
"""Ids of the engine's orders start here, far above those of traders."""


class Books(Protocol):
    """What the engine needs of the order books."""

    def process(self, messages: Records, /) -> Records:
        """Match messages in order and return the fills."""

    def cancel_accounts(self, flags: npt.NDArray[np.bool_], /) -> object:
        """Cancel all open orders of the flagged accounts."""


class LiquidationEngine:
    """Applies a liquidation policy, a fund rule and an ADL rule to a ledger and its books.

    Parameters
    ----------
    tiers
        `abm.rules.margin_tiers.tier_table` of the venue.
    policy, fund, adl
        The venue's rules.
    """

    def __init__(self, tiers: Records, policy: LiquidationPolicy, fund: FundRule, adl: AdlRule) -> None:
        self.tiers = tiers
        self.policy = policy
        self.fund = fund
        self.adl = adl
        self.unwinding = FundUnwinding(fund, len(tiers))
        self._clearance_ppm: Amounts = np.array(policy.clearance_fee_ppm, np.int64)
        self._next_id = FIRST_ORDER_ID

    def run(
        self,
        now_ns: int,
        mark_ticks: Amounts,
        books: Books,
        ledger: Ledger,
        *,
        liquidations_enabled: bool = True,
        adl_enabled: bool = True,
        max_rounds: int | None = None,
    ) -> LiquidationReport:
        """Sell back a slice of the fund's inventory, then liquidate until nothing breaches at the marks.

        Stops early at the round limit, or when a round changes nothing; what is then still breached is
        reported. With ``adl_enabled`` false the fund takes over everything, even into debt; with
        ``liquidations_enabled`` false nothing happens and wallets may owe money.
        """
        report = LiquidationReport()
        if not liquidations_enabled:
            return report
        slices = self.unwinding.orders(now_ns, mark_ticks, ledger, self._next_id)
        if len(slices):
            self._send(slices, books, ledger, report)
        limit = self.policy.max_rounds if max_rounds is None else max_rounds
        breaches = find_breaches(ledger, mark_ticks, self.tiers)
        changed = True
        while len(breaches) and changed and report.rounds < limit:
            report.rounds += 1
            changed = self._round(now_ns, mark_ticks, books, ledger, breaches, adl_enabled, report)
            breaches = find_breaches(ledger, mark_ticks, self.tiers)
        report.unresolved = breaches
        return report

    def _round(
        self,
        now_ns: int,
        mark_ticks: Amounts,
        books: Books,
        ledger: Ledger,
        breaches: Records,
        adl_enabled: bool,
        report: LiquidationReport,
    ) -> bool:
        """Close the wallets of ``breaches``, most underwater first; tell whether anything changed."""
        books.cancel_accounts(_flags(ledger.accounts, breaches.account))
        values = mark_values(ledger.instruments, mark_ticks)
        orders = self._orders(now_ns, values, ledger, breaches)
        changed = False
        if len(orders):
            unit = ledger.instruments.tick_lot_value[orders.instrument]
            changed = self._sell(orders, unit, books, ledger, report)
            taken, remaining, price = self._take_over(orders, values, ledger, limited=adl_enabled)
            moved = liquidation_rows(orders, taken, taken * price * unit, unit, TAKEOVER)
            changed |= report.add("liquidations", moved)
            if remaining.any():
                closed = remaining.copy()
                winners = deleverage(
                    ledger, mark_ticks, self.tiers, self.adl, self._clearance_ppm, orders, remaining, price
                )
                closed -= remaining
                moved = liquidation_rows(orders, closed, closed * price * unit, unit, DELEVERAGED)
                changed |= report.add("liquidations", moved)
                if report.add("deleveraged", winners):
                    books.cancel_accounts(_flags(ledger.accounts, winners.account))
        paid = cover_bad_debt(ledger, values, breaches, limited=adl_enabled)
        report.bad_debt += paid
        return changed or paid > 0

    def _sell(
        self, orders: Records, unit: Amounts, books: Books, ledger: Ledger, report: LiquidationReport
    ) -> bool:
        """Send the orders and charge clearance fees; tell whether any filled."""
        fills = self._send(orders, books, ledger, report)
        notional = np.zeros(len(orders), np.int64)
        clearance_fees(
            orders, fills, ledger.instruments, self._clearance_ppm, ledger.cash, ledger.isolated, notional
        )
        return report.add("liquidations", liquidation_rows(orders, orders.filled, notional, unit, ORDER))

    def _take_over(
        self, orders: Records, values: Amounts, ledger: Ledger, *, limited: bool
    ) -> tuple[Amounts, Amounts, Amounts]:
        """Hand what is open to the fund; return lots taken, lots left and price in ticks by order."""
        taken, remaining, price = (np.zeros(len(orders), np.int64) for _ in range(3))
        take_over(
            orders, values, self.tiers, ledger.instruments, self._clearance_ppm, self.fund.notional_share,
            limited, ledger.position, ledger.cash, ledger.entry_value, ledger.isolated_margin,
            ledger.leverage, ledger.isolated, ledger.realised_pnl, taken, remaining, price,
        )  # fmt: skip
        return taken, remaining, price

    def _orders(self, now_ns: int, values: Amounts, ledger: Ledger, breaches: Records) -> Records:
        """Return the bounded orders for ``breaches``, lowest equity over maintenance first."""
        health = breaches.equity / np.maximum(breaches.maintenance, 1)
        worst_first: Records = breaches[np.argsort(health, kind="stable")].view(np.recarray)
        orders = message_table(len(breaches) * len(values))
        rows = liquidation_orders(
            worst_first, now_ns, self._next_id, values, self.tiers, ledger.instruments, self._clearance_ppm,
            ledger.position, ledger.isolated, self.policy.sizing == "restore", orders,
        )  # fmt: skip
        return orders[:rows].view(np.recarray)

    def _send(self, orders: Records, books: Books, ledger: Ledger, report: LiquidationReport) -> Records:
        """Match and settle ``orders``; return their fills."""
        self._next_id += len(orders)
        fills = books.process(orders)
        ledger.settle(fills)
        report.add("fills", fills)
        return fills


def cover_bad_debt(ledger: Ledger, mark_value: Amounts, breaches: Records, *, limited: bool) -> int:
    """Let the fund pay what breached cross wallets owe that have no position and no spot holding left.

    Returns the millionths paid. With ``limited`` the fund pays only while its equity at the marks lasts.
    """
    paid = 0
    fund_equity = int(ledger.cash[0, INSURANCE_FUND]) + sum(
        int(ledger.position[i, INSURANCE_FUND]) * int(value) - int(ledger.entry_value[i, INSURANCE_FUND])
        for i, value in enumerate(mark_value)
        if value > 0
    )
    accounts = breaches.account[breaches.isolated == 0]
    owed = -ledger.cash[0, accounts]
    spot = ledger.instruments.kind == SPOT
    crossed = (mark_value > 0)[:, None] & (ledger.isolated[:, accounts] == 0)
    backed = ((spot[:, None] | crossed) & (ledger.position[:, accounts] != 0)).any(axis=0)
    for k in np.flatnonzero((owed > 0) & ~backed):
        amount = int(owed[k])
        if limited and amount > fund_equity:
            continue
        ledger.transfer(0, INSURANCE_FUND, int(accounts[k]), amount)
        fund_equity -= amount
        paid += amount
    return paid


def _flags(accounts: int, chosen: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    flags = np.zeros(accounts, np.bool_)
    flags[chosen] = True
    return flags
