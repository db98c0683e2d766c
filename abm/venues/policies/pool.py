"""Closing against a pool at the oracle price (GMX v2).

The pool holds the other side of every position; its account is the insurance fund's row. A breached position
is closed against it at the mark, whatever its size; a liquidation fee goes to the pool out of what is left,
and a loss beyond the collateral is the pool's. ADL here limits the winners' claims on the pool: when the
pending profit of one side of a market exceeds a share of the pool, its most profitable positions are closed
at the mark until the profit is back at a lower share. When a jump leaves profits that are more than the share
of the pool which traders may claim, each is paid in proportion. Source: gmx-synthetics@a5c0c883, README and
contracts/adl/AdlUtils.sol, MarketUtils.getCappedPnl.
"""

from dataclasses import dataclass

import numpy as np

from abm.book.messages import BUY, SELL, Records
from abm.compiled import for_kernels, kernel
from abm.ledger.accounts import CLEARING, FIRST_TRADER, INSURANCE_FUND
from abm.ledger.arithmetic import wide
from abm.ledger.settlement import Amounts, Small, transfer_position
from abm.rules.adl_triggers import pool_pnl_exceeds, pool_pnl_to_close
from abm.venues.deleveraging import adl_dtype
from abm.venues.desk import Desk
from abm.venues.liquidation_fills import sweep_remainder
from abm.venues.liquidation_report import POOL
from abm.venues.policies.base import Stateless, at_least_one_round


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


@dataclass(frozen=True)
class PoolOracle(Stateless):
    """The policy of GMX v2.

    Parameters
    ----------
    adl_stop
        Pending profit over pool value at which ADL stops; the ADL rule's ``pool_pnl_factor`` starts it.
    max_rounds
        Most sweeps in one run.
    max_claim
        Share of the pool that the profits of one side are paid from at most (MAX_PNL_FACTOR_FOR_TRADERS).
    """

    adl_stop: float = 0.5
    max_rounds: int = 10
    max_claim: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.adl_stop < 1.0:
            raise ValueError(f"adl_stop is {self.adl_stop}; it must be at least 0 and below 1")
        if not 0.0 < self.max_claim <= 1.0:
            raise ValueError(f"max_claim is {self.max_claim}; it must be above 0 and at most 1")
        at_least_one_round(self.max_rounds)

    def prepare(self, desk: Desk) -> None:
        """Limit pending profits to what the pool can bear."""
        if desk.rules.adl.trigger != "pool_pnl" or not desk.adl_enabled:
            return
        for instrument in np.flatnonzero(desk.values > 0).tolist():
            for side in (1, -1):
                self._limit_profit(desk, instrument, side)

    def close(self, desk: Desk, breaches: Records) -> bool:
        """Close breached wallets against the pool at the mark."""
        desk.cancel(breaches["account"])
        orders, _ = desk.orders(breaches)
        if len(orders) == 0:
            return False
        ledger = desk.ledger
        close_at_mark(
            orders, INSURANCE_FUND, desk.values, desk.rules.clearance_ppm, ledger.position, ledger.cash,
            ledger.entry_value, ledger.isolated_margin, ledger.leverage, ledger.isolated, ledger.realised_pnl,
        )  # fmt: skip
        filled: Amounts = orders["filled"]
        return desk.record(orders, filled, filled * desk.values[orders["instrument"]], POOL)

    def _limit_profit(self, desk: Desk, instrument: int, side: int) -> None:
        """Close the most profitable positions of one side when their pending profit is too large."""
        ledger, value = desk.ledger, int(desk.values[instrument])
        held = np.maximum(side * ledger.position[instrument, FIRST_TRADER:], 0)
        profit = np.where(held > 0, side * held * value - ledger.entry_value[instrument, FIRST_TRADER:], 0)
        pending = float(profit.sum())
        # neither what others in profit may claim, nor losses that are not realised, pays these claims
        without_profits = int(ledger.cash[0, INSURANCE_FUND]) + int(ledger.cash[0, CLEARING])
        pool = float(min(desk.fund_equity() + pending, without_profits))
        if not pool_pnl_exceeds(pending, pool, desk.rules.adl.pool_pnl_factor):
            return
        claim = min(1.0, max(0.0, self.max_claim * pool / pending))
        due = pool_pnl_to_close(pending, pool, self.adl_stop, claim)
        order = np.argsort(-profit, kind="stable")
        order = order[profit[order] > 0]
        before = np.cumsum(profit[order]) - profit[order]
        share = np.clip((due - before) / profit[order], 0.0, 1.0)
        lots = np.ceil(share * held[order]).astype(np.int64)
        accounts = order[lots > 0] + FIRST_TRADER
        self._close(desk, instrument, side, accounts, lots[lots > 0], claim)

    def _close(
        self, desk: Desk, instrument: int, side: int, accounts: Amounts, lots: Amounts, claim: float
    ) -> None:
        """Close ``lots`` of each account at the mark, or where it gets the share ``claim`` of its profit."""
        rows: Records = for_kernels(np.zeros(len(accounts), adl_dtype))
        mark = int(desk.mark_ticks[instrument])
        unit = int(desk.ledger.instruments["tick_lot_value"][instrument])
        held = desk.ledger.position[instrument, accounts]
        entry = desk.ledger.entry_value[instrument, accounts] / (held * unit)
        paid = side * np.floor(side * (entry + claim * (mark - entry)))  # ticks, rounded for the pool
        price = np.maximum(1, np.where(claim < 1.0, paid, mark)).astype(np.int64)
        closed = zip(accounts.tolist(), lots.tolist(), price.tolist(), strict=True)
        for place, (account, count, ticks) in enumerate(closed):
            seller, buyer = (account, INSURANCE_FUND) if side > 0 else (INSURANCE_FUND, account)
            desk.ledger.position_transfer(instrument, seller, buyer, count, ticks)
            rows[place] = (
                desk.now_ns, account, INSURANCE_FUND, instrument, SELL if side > 0 else BUY, 1, place, count,
                ticks, count * ticks * unit,
            )  # fmt: skip
        if desk.report.add("deleveraged", rows):
            desk.cancel(accounts)
