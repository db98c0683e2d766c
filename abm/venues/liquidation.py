"""The liquidation engine: sweep, close what is breached by the venue's policy, until nothing breaches.

Margins are tested again after each round, since deleveraging can take one leg of a hedge and a sale of
collateral can cure a wallet. How wallets are closed is a policy (`abm.venues.policies`); orders, takeover and
ADL are the desk's (`abm.venues.desk`).
"""

import numpy as np

from abm.book.messages import Records
from abm.compiled import for_kernels
from abm.ledger.backing import no_collateral, price_collateral
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts
from abm.rules.adl import AdlRule
from abm.rules.fund_drawdown import FundDrawdown
from abm.rules.insurance_fund import FundRule
from abm.rules.liquidation_policy import LiquidationPolicy
from abm.venues.bad_debt import cover_bad_debt, destitute
from abm.venues.collateral_sale import CollateralSale, sell_collateral
from abm.venues.desk import FIRST_ORDER_ID, Books, Desk, Rulebook
from abm.venues.liquidation_report import LiquidationReport
from abm.venues.policies import BankruptcyIoc, Closer, ClosingRule
from abm.venues.unwinding import FundUnwinding

__all__ = ["FIRST_ORDER_ID", "Books", "LiquidationEngine"]


class LiquidationEngine:
    """Applies a liquidation policy, a fund rule and an ADL rule to a ledger and its books.

    Parameters
    ----------
    tiers
        `abm.rules.margin_tiers.tier_table` of the venue.
    policy
        Clearance fees; sizing and rounds of the policy when ``rule`` is not given.
    fund, adl
        The venue's rules.
    rule
        How breached wallets are closed; when not given `BankruptcyIoc` as ``policy`` says.
    backing
        `abm.ledger.backing.backing_table`; when not given the venue takes no collateral.
    sale
        How collateral is sold.
    seed
        Of the random walk of ADL rules that have one.

    Attributes
    ----------
    rules
        The rules with what they remember: the drawdown of the fund, order ids, collateral prices.
    closer
        Who carries out the policy, with its memory (None before the first run).
    """

    def __init__(
        self,
        tiers: Records,
        policy: LiquidationPolicy,
        fund: FundRule,
        adl: AdlRule,
        *,
        rule: ClosingRule | None = None,
        backing: Records | None = None,
        sale: CollateralSale | None = None,
        seed: int = 0,
    ) -> None:
        self.rule: ClosingRule = rule or BankruptcyIoc(policy.sizing, policy.max_rounds)
        self.rules = Rulebook(
            for_kernels(tiers),
            for_kernels(no_collateral(len(tiers)) if backing is None else backing),
            np.array(policy.clearance_fee_ppm, np.int64),
            fund,
            adl,
            FundDrawdown(adl.drawdown_hours, adl.drawdown_start, adl.drawdown_stop),
            seed,
        )
        self.sale = sale or CollateralSale()
        self.unwinding = FundUnwinding(fund, len(tiers))
        self.closer: Closer | None = None
        self._previous_ticks: Amounts | None = None

    @property
    def tiers(self) -> Records:
        """Margin tiers of all instruments."""
        return self.rules.tiers

    @property
    def backing(self) -> Records:
        """Haircuts and last prices of collateral, for `abm.ledger.valuation.cross_columns` and its like."""
        return self.rules.backing

    def price_collateral(self, ledger: Ledger, collateral_ticks: Amounts | None) -> None:
        """Set the prices at which spot holdings count as margin; `run` does so by itself."""
        price_collateral(self.rules.backing, ledger.instruments, collateral_ticks)

    def run(
        self,
        now_ns: int,
        mark_ticks: Amounts,
        books: Books,
        ledger: Ledger,
        *,
        collateral_ticks: Amounts | None = None,
        liquidations_enabled: bool = True,
        adl_enabled: bool = True,
        max_rounds: int | None = None,
    ) -> LiquidationReport:
        """Sell back a slice of the fund's inventory, then liquidate until nothing breaches at the marks.

        Stops early at the round limit, or when a round changes nothing; what is then still breached is
        reported. With ``adl_enabled`` false the fund takes over everything, even into debt; with
        ``liquidations_enabled`` false nothing happens and wallets may owe money.

        Parameters
        ----------
        collateral_ticks
            Price in ticks at which holdings of each spot instrument count as margin, int64
            ``(instruments,)``; 0, or None for all, where they do not.
        """
        report = LiquidationReport()
        self.price_collateral(ledger, collateral_ticks)
        previous = mark_ticks if self._previous_ticks is None else self._previous_ticks
        self._previous_ticks = mark_ticks.copy()
        if not liquidations_enabled:
            return report
        if self.closer is None:
            self.closer = self.rule.start(ledger.accounts)
        desk = Desk(now_ns, mark_ticks, previous, books, ledger, self.rules, adl_enabled, report)
        slices = self.unwinding.orders(now_ns, mark_ticks, ledger, self.rules.next_id)
        if len(slices):
            desk.send(slices)
        desk.watch_fund()
        self.closer.prepare(desk)
        self._close(desk, self.closer, self.rule.max_rounds if max_rounds is None else max_rounds)
        return report

    def _close(self, desk: Desk, closer: Closer, limit: int) -> None:
        """Go round until nothing breaches or nothing changes, and report what is left."""
        report = desk.report
        fund_too = closer.fund_too and desk.adl_enabled
        sales = np.zeros(desk.ledger.accounts, np.int64)
        breaches = desk.sweep(fund_too=fund_too)
        changed = True
        while len(breaches) and changed and report.rounds < limit:
            report.rounds += 1
            changed = sell_collateral(desk, self.sale, breaches, sales)
            if changed:
                breaches = desk.sweep(fund_too=fund_too)
            changed |= closer.close(desk, breaches)
            changed |= cover_bad_debt(desk, breaches)
            if changed:
                breaches = desk.sweep(fund_too=fund_too)
        report.unresolved = breaches.view(np.recarray)
        report.uncovered = int(destitute(desk, breaches)[1].sum())
