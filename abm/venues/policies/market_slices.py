"""Market orders in slices, a backstop vault, ADL of accounts below zero (Hyperliquid 2025).

Below maintenance margin the position goes to the book as a market order: a fifth of it when it is worth more
than 100,000 USD, and for 30 s after such a slice the whole. There is no fee; what is left stays with the
account. Below two thirds of maintenance margin the vault receives the positions and all the margin behind
them, at the mark. An account worth less than zero is closed against ranked accounts on the other side; so is
the vault itself. Source: hyperliquid.gitbook.io, liquidations and auto-deleveraging, read 2026.

An account gets one order a run: between two runs the others can answer. When an isolated position fills
below its bankruptcy price the vault pays the difference as far as its money goes, since no other margin of
the account stands behind it.
"""

from dataclasses import dataclass

import numpy as np

from abm.book.messages import MARKET, Records, chosen
from abm.instruments import MILLIONTHS
from abm.ledger.settlement import Amounts
from abm.rules.liquidation_pace import in_cooldown, slice_notional
from abm.venues.backstop_vault import back_stop
from abm.venues.desk import Desk, Flags
from abm.venues.liquidation_fills import settle_gaps
from abm.venues.liquidation_report import BACKSTOP, ORDER
from abm.venues.policies.base import at_least_one_round

LONG_AGO = -(1 << 62)


@dataclass(frozen=True)
class MarketSlices:
    """The policy of Hyperliquid.

    Parameters
    ----------
    slice_share, large_usd
        Part of a position that is sold at first when it is worth more than ``large_usd``.
    full_size_s
        For so many seconds after a slice the account's orders are for everything.
    backstop_share
        The vault takes over below this share of maintenance margin; 0: there is no vault.
    max_rounds
        Most sweeps in one run.
    """

    slice_share: float = 0.2
    large_usd: float = 100_000.0
    full_size_s: float = 30.0
    backstop_share: float = 0.6666667
    max_rounds: int = 10

    def __post_init__(self) -> None:
        if not 0.0 < self.slice_share <= 1.0:
            raise ValueError(f"slice_share is {self.slice_share}; it must be above 0 and at most 1")
        for name in ("large_usd", "full_size_s"):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be zero or more")
        if not 0.0 <= self.backstop_share <= 1.0:
            raise ValueError(f"backstop_share is {self.backstop_share}; it must be between 0 and 1")
        at_least_one_round(self.max_rounds)

    def start(self, accounts: int) -> "MarketSlicesCloser":
        """Return someone who carries it out for a ledger of so many accounts."""
        return MarketSlicesCloser(self, accounts)


class MarketSlicesCloser:
    """Carries out `MarketSlices`; remembers when each account had its last slice.

    Attributes
    ----------
    last_slice_ns
        int64 ``(accounts,)``.
    """

    fund_too = True

    def __init__(self, rule: MarketSlices, accounts: int) -> None:
        self.rule = rule
        self.last_slice_ns: Amounts = np.full(accounts, LONG_AGO, np.int64)

    def prepare(self, desk: Desk) -> None:
        """Nothing comes before the sweep."""

    def close(self, desk: Desk, breaches: Records) -> bool:
        """Deleverage, back-stop or sell, whichever each wallet's equity asks for."""
        desk.cancel(breaches["account"])
        orders, wallet = desk.orders(breaches)
        if len(orders) == 0:
            return False
        lost = wallet["equity"] < 0
        low = ~lost & (wallet["equity"] < self.rule.backstop_share * wallet["maintenance"])
        changed = self._deleverage(desk, chosen(orders, lost))
        refused = np.zeros(len(orders), np.bool_)
        refused[low], moved = self._back_stop(desk, chosen(orders, low), chosen(wallet, low))
        market = ~lost & (~low | refused)
        return self._sell(desk, chosen(orders, market)) or changed or moved

    def _deleverage(self, desk: Desk, orders: Records) -> bool:
        if len(orders) == 0 or not desk.adl_enabled:
            return len(orders) > 0 and desk.hand_over(orders)
        open_lots = np.abs(desk.ledger.position[orders["instrument"], orders["account"]])
        _, price = desk.bankruptcy(orders)
        return desk.deleverage(orders, open_lots, price)

    def _back_stop(self, desk: Desk, orders: Records, wallet: Records) -> tuple[Flags, bool]:
        """Return which orders the vault refused, and whether it took any."""
        taken = np.zeros(len(orders), np.int64)
        if len(orders) == 0:
            return taken > 0, False
        ledger = desk.ledger
        group = np.where(wallet["isolated"] != 0, wallet["instrument"].astype(np.int64), -1)
        back_stop(
            orders, wallet["account"] * 32_768 + group, desk.values, desk.rules.fund.notional_share,
            ledger.position, ledger.cash, ledger.entry_value, ledger.isolated_margin, ledger.leverage,
            ledger.isolated, ledger.realised_pnl, taken,
        )  # fmt: skip
        moved = desk.record(orders, taken, taken * desk.values[orders["instrument"]], BACKSTOP)
        return taken == 0, moved

    def _sell(self, desk: Desk, orders: Records) -> bool:
        """Send market orders of accounts that had none in this run."""
        fresh = chosen(orders, desk.first_time(orders["account"]))
        if len(fresh) == 0:
            return False
        full = in_cooldown(desk.now_ns, self.last_slice_ns[fresh["account"]], self.rule.full_size_s)
        value = desk.values[fresh["instrument"]]
        large = self.rule.large_usd * MILLIONTHS
        wanted = slice_notional(fresh["lots"] * value, full, large, self.rule.slice_share)
        lots = np.minimum(fresh["lots"], np.maximum(1, np.ceil(wanted / value).astype(np.int64)))
        self.last_slice_ns[fresh["account"][lots < fresh["lots"]]] = desk.now_ns
        bankruptcy = fresh["price"].copy()
        fresh["lots"], fresh["kind"], fresh["price"] = lots, MARKET, 0
        fills = desk.send(fresh)
        alone = desk.ledger.isolated[fresh["instrument"], fresh["account"]]
        paid = settle_gaps(
            fresh, bankruptcy, alone, np.zeros(len(desk.values), np.int64), desk.fund_money(), fills,
            desk.ledger.instruments, desk.ledger.cash,
        )  # fmt: skip
        desk.report.gaps_paid += paid
        return desk.record(fresh, fresh["filled"], desk.traded(fresh, fills), ORDER)
