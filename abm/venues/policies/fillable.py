"""Orders at a fillable price that widens with distress; the fund pays the gap of each fill (dYdX v4).

The bound is ``(PNNV - ABR * SMMR * PMMR) / PS``: the oracle price at maintenance margin, further away the
lower the equity (`abm.rules.fillable_price`). Fills below the bankruptcy price are made good by the fund,
of fills above it the fund receives at most a fee. An account worth less than zero is deleveraged at once, and
the fund is left alone. One order a run stands for one a block. Source: v4-chain@84d4664b, x/clob/keeper/
liquidations.go and deleveraging.go; limits as in ``LiquidationsConfig``.
"""

from dataclasses import dataclass

import numpy as np

from abm.book.layout import PRICE_LIMIT
from abm.book.messages import BUY, Records, chosen
from abm.instruments import MILLIONTHS
from abm.ledger.settlement import Amounts
from abm.rules.fillable_price import bankruptcy_rating
from abm.rules.liquidation_pace import block_limits
from abm.venues.desk import Desk
from abm.venues.liquidation_fills import settle_gaps
from abm.venues.liquidation_orders import FARTHEST
from abm.venues.liquidation_report import ORDER
from abm.venues.policies.base import Stateless, at_least_one_round


@dataclass(frozen=True)
class FillablePrice(Stateless):
    """The policy of dYdX v4.

    Parameters
    ----------
    bankruptcy_adjustment, spread_to_maintenance
        How fast the spread grows with distress; its largest value as a share of the maintenance fraction.
    max_fee
        Highest liquidation fee, as a share of the filled value.
    block_portion, block_minimum_usd
        Largest share of a position in one block; positions up to the minimum are closed whole.
    block_fund_loss_usd
        Most that the fund pays for one account in one block; 0 = no such limit.
    max_rounds
        Most sweeps in one run.
    """

    bankruptcy_adjustment: float = 1.0
    spread_to_maintenance: float = 1.5
    max_fee: float = 0.015
    block_portion: float = 1.0
    block_minimum_usd: float = 0.0
    block_fund_loss_usd: float = 0.0
    max_rounds: int = 10

    def __post_init__(self) -> None:
        for name in (
            "bankruptcy_adjustment", "spread_to_maintenance", "block_minimum_usd", "block_fund_loss_usd",
        ):  # fmt: skip
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be zero or more")
        if not 0.0 <= self.max_fee < 1.0:
            raise ValueError(f"max_fee is {self.max_fee}; it must be at least 0 and below 1")
        if not 0.0 < self.block_portion <= 1.0:
            raise ValueError(f"block_portion is {self.block_portion}; it must be above 0 and at most 1")
        at_least_one_round(self.max_rounds)

    def close(self, desk: Desk, breaches: Records) -> bool:
        """Deleverage wallets below zero, send orders for the others."""
        desk.cancel(breaches["account"])
        orders, wallet = desk.orders(breaches)
        if len(orders) == 0:
            return False
        lost = wallet["equity"] < 0
        changed = _deleverage(desk, chosen(orders, lost))
        fresh = ~lost
        fresh[fresh] = desk.first_time(orders["account"][fresh])
        return self._sell(desk, chosen(orders, fresh), chosen(wallet, fresh)) or changed

    def _sell(self, desk: Desk, orders: Records, wallet: Records) -> bool:
        if len(orders) == 0:
            return False
        value = desk.values[orders["instrument"]]
        _, most = block_limits(
            orders["lots"] * value,
            round(self.block_minimum_usd * MILLIONTHS),
            round(self.block_portion * MILLIONTHS),
        )
        orders["lots"] = np.clip(most // value, 1, orders["lots"])
        bankruptcy = orders["price"].copy()
        orders["price"] = self._bounds(desk, orders, wallet, bankruptcy)
        fills = desk.send(orders)
        fee = np.full(len(desk.values), round(self.max_fee * MILLIONTHS), np.int64)
        desk.report.gaps_paid += settle_gaps(
            orders, bankruptcy, np.ones(len(orders), np.int8), fee, desk.fund_money(), fills,
            desk.ledger.instruments, desk.ledger.cash,
        )  # fmt: skip
        return desk.record(orders, orders["filled"], desk.traded(orders, fills), ORDER)

    def _bounds(self, desk: Desk, orders: Records, wallet: Records, bankruptcy: Amounts) -> Amounts:
        """Return fillable prices in ticks; the bankruptcy price where the fund could not pay the gap."""
        unit = desk.unit(orders)
        buys = orders["side"] == BUY
        rating = bankruptcy_rating(wallet["equity"], wallet["maintenance"], self.bankruptcy_adjustment)
        rate = self._maintenance_fraction(desk, orders)
        away = np.where(buys, 1.0, -1.0) * rating * self.spread_to_maintenance * rate
        exact = desk.mark_ticks[orders["instrument"]] * (1.0 + away)
        ticks = np.where(buys, np.floor(exact), np.ceil(exact)).astype(np.int64)
        highest = np.minimum(FARTHEST * desk.mark_ticks[orders["instrument"]], PRICE_LIMIT)
        ticks = np.clip(ticks, 1, highest)
        gap = np.maximum(0, np.where(buys, ticks - bankruptcy, bankruptcy - ticks)) * orders["lots"] * unit
        affordable = np.cumsum(gap) <= desk.fund_money()
        if self.block_fund_loss_usd > 0.0:
            affordable &= gap <= round(self.block_fund_loss_usd * MILLIONTHS)
        return np.where(affordable, ticks, bankruptcy)

    def _maintenance_fraction(self, desk: Desk, orders: Records) -> Amounts:
        """Return each position's maintenance margin as a fraction of its notional."""
        held = np.abs(desk.ledger.position[orders["instrument"], orders["account"]])
        notional = held * desk.values[orders["instrument"]]
        tiers = desk.rules.tiers[orders["instrument"]]
        tier = np.maximum((tiers["floor"] < notional[:, None]).sum(axis=1) - 1, 0)
        row = tiers[np.arange(len(orders)), tier]
        fraction: Amounts = row["rate"] / MILLIONTHS - row["deduction"] / np.maximum(notional, 1)
        return fraction


def _deleverage(desk: Desk, orders: Records) -> bool:
    if len(orders) == 0:
        return False
    if not desk.adl_enabled:
        return desk.hand_over(orders)
    return desk.deleverage(orders, *desk.bankruptcy(orders))
