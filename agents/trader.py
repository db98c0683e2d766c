"""Traders written as plain Python objects: subclass `Trader`, write ``step``, put it in any scenario."""

from typing import Any, ClassVar

import mesa

from abm.book.messages import BUY, IOC, LIMIT, MARKET, POST_ONLY, REDUCE_ONLY, SELL
from abm.instruments import SPOT
from abm.model import AGENT_IDS, MarketModel
from abm.outbox import send, send_cancel


class Trader(mesa.Agent):
    """A single agent with an account of its own and a ``step`` written by hand.

    Parameters
    ----------
    model
        The market.
    deposit_usd
        Cash to start with, USD.
    leverage
        Leverage of all its perpetual positions (cross margin).
    exchange
        Name of the exchange on which it trades; the hub if not given.

    Raises
    ------
    ValueError
        If there is no such exchange, or it has no spare account left.
    """

    _ids: ClassVar[Any] = AGENT_IDS
    model: MarketModel

    def __init__(
        self,
        model: MarketModel,
        deposit_usd: float = 10_000.0,
        leverage: int = 5,
        exchange: str | None = None,
    ) -> None:
        self.exchange = model.hub if exchange is None else model.exchange(exchange)
        self.account = self.exchange.open_account(deposit_usd, leverage)
        super().__init__(model)

    def step(self) -> None:
        """Look at the market and send orders; called once a step."""

    def mid(self, instrument: str) -> float:
        """Return the mid price that is published, USD."""
        return float(self.exchange.published["mid"][self.exchange.index_of(instrument)])

    def momentum(self, instrument: str) -> float:
        """Return the log of the mid over its average of about ten minutes."""
        return float(self.exchange.published["momentum"][self.exchange.index_of(instrument)])

    def position(self, instrument: str) -> float:
        """Return what it holds, in units of the asset; short positions are negative."""
        i = self.exchange.index_of(instrument)
        return float(self.exchange.ledger.position[i, self.account] * self.exchange.table["lot"][i])

    @property
    def cash_usd(self) -> float:
        """Free cash, USD."""
        return float(self.exchange.ledger.cash[0, self.account] / 1e6)

    def buy(self, instrument: str, quantity: float, price: float | None = None, **options: bool) -> int:
        """Buy ``quantity`` units of the asset, at market or with a limit ``price`` in USD; return its id.

        Options are ``post_only``, ``immediate`` (drop what does not fill at once) and ``reduce_only``.
        """
        return self._send(instrument, BUY, quantity, price, **options)

    def sell(self, instrument: str, quantity: float, price: float | None = None, **options: bool) -> int:
        """Sell; see `buy`."""
        return self._send(instrument, SELL, quantity, price, **options)

    def cancel(self, instrument: str, order_id: int) -> None:
        """Cancel an order."""
        outbox = self.exchange.outbox
        outbox.reserve(1)
        when = self.model.clock.start_ns
        send_cancel(
            outbox.messages, outbox.counters, when, self.account, self.exchange.index_of(instrument), order_id
        )

    def open_quantity(self, instrument: str, order_id: int) -> float:
        """Return how much of an order still rests in the book, in units of the asset."""
        i = self.exchange.index_of(instrument)
        return float(self.exchange.books.open_lots(i, order_id) * self.exchange.table["lot"][i])

    def _send(
        self,
        instrument: str,
        side: int,
        quantity: float,
        price: float | None,
        *,
        post_only: bool = False,
        immediate: bool = False,
        reduce_only: bool = False,
    ) -> int:
        i = self.exchange.index_of(instrument)
        if quantity <= 0:
            raise ValueError(f"quantity is {quantity:g}; it must be positive (use sell to sell)")
        if price is not None and price <= 0:
            raise ValueError(f"price is {price:g}; it must be positive")
        kind, ticks = MARKET, 0
        if price is not None:
            kind = POST_ONLY if post_only else IOC if immediate else LIMIT
            ticks = max(1, round(price / self.exchange.table["tick"][i]))
        lots = round(quantity / self.exchange.table["lot"][i])
        if lots < 1:
            return 0
        flags = REDUCE_ONLY if reduce_only or (self.exchange.table["kind"][i] == SPOT and side == SELL) else 0
        outbox = self.exchange.outbox
        outbox.reserve(1)
        when = self.model.clock.start_ns
        return send(outbox.messages, outbox.counters, when, self.account, i, kind, side, lots, ticks, flags)
