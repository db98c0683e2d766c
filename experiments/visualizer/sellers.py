"""Agents that are put into a running market by hand: a large order, and somebody who breaks a peg."""

from typing import Literal

from abm.book.layout import LOTS_LIMIT
from abm.instruments import SPOT
from abm.model import MarketModel
from agents.trader import Trader

PLENTY = 20
"""Coins of whoever breaks a peg, over all that were there before: nobody can buy them all."""


class LargeOrder(Trader):
    """Whoever sends a large order: in even slices, with an account that can bear it.

    Parameters
    ----------
    model
        The market.
    instrument, side, usd
        What to trade.
    duration_s
        Over how long.
    """

    def __init__(
        self, model: MarketModel, instrument: str, side: Literal["buy", "sell"], usd: float, duration_s: float
    ) -> None:
        exchange = model.exchange_of(instrument)
        super().__init__(model, deposit_usd=2.0 * usd, leverage=5, exchange=exchange.name)
        self.instrument, self.side, self.usd, self.duration_s = instrument, side, usd, duration_s
        self.begun_s = model.clock.now_s
        self.sent = 0.0
        place = exchange.index_of(instrument)
        if side == "sell" and exchange.table["kind"][place] == SPOT:
            units = 1.01 * usd / self.mid(instrument)
            exchange.ledger.issue(place, self.account, int(units / exchange.table["lot"][place]))

    def step(self) -> None:
        """Send the part that is due."""
        due = min(1.0, (self.model.clock.now_s - self.begun_s) / self.duration_s) * self.usd
        quantity = (due - self.sent) / self.mid(self.instrument)
        if quantity > 0.0:
            send = self.buy if self.side == "buy" else self.sell
            if send(self.instrument, quantity):
                self.sent = due


class Dumper(Trader):
    """Whoever offers a coin far below its worth for a while: the exchange's own book loses the peg.

    Parameters
    ----------
    model
        The market.
    instrument
        Spot pair of the coin.
    fall
        How far below what the coin is redeemed for, share.
    duration_s
        For how long.
    """

    def __init__(self, model: MarketModel, instrument: str, fall: float, duration_s: float) -> None:
        exchange = model.exchange_of(instrument)
        super().__init__(model, deposit_usd=0.0, leverage=1, exchange=exchange.name)
        place = exchange.index_of(instrument)
        value = float(model.fundamentals.value[int(exchange.table["asset"][place])])
        self.instrument, self.target = instrument, (1.0 - fall) * value
        self.end_s = model.clock.now_s + duration_s
        self.order = 0
        supply = int(exchange.ledger.issued[place])
        exchange.ledger.issue(place, self.account, min(max(PLENTY * supply, 1_000_000), LOTS_LIMIT // 2))

    def step(self) -> None:
        """Sell to everybody who bids more than the target, leave the rest there; take it back at the end."""
        over = self.model.clock.now_s > self.end_s
        if over and self.order:
            self.cancel(self.instrument, self.order)
            self.order = 0
        elif not over and not self.order:
            self.order = self.sell(self.instrument, self.position(self.instrument), self.target)


def collateral_coins(model: MarketModel) -> list[str]:
    """Return the spot pairs whose coins count as margin on their exchange and have no perpetual there."""
    found = []
    for exchange in model.exchanges:
        assets, kinds = exchange.table["asset"].tolist(), exchange.table["kind"].tolist()
        traded = {asset for asset, kind in zip(assets, kinds, strict=True) if kind != SPOT}
        accepted = exchange.collateral.accepted.tolist()
        found += [exchange.instrument_names[i] for i in accepted if assets[i] not in traded]
    return found
