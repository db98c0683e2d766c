"""The Python face of the order books: single orders, and what the books show."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from abm.book import queries
from abm.book.engine import BookEngine
from abm.book.layout import LOTS_LIMIT, PRICE_LIMIT
from abm.book.messages import (
    AMEND,
    BUY,
    CANCEL,
    LIMIT,
    MARKET,
    POST_ONLY,
    SELL,
    STATUS_NAMES,
    Records,
)

Integers = npt.NDArray[np.int64]
_ID_LIMIT = 1 << 62
_DEPTH_KEYS = ("bid_lots", "bid_ticks_lots", "ask_lots", "ask_ticks_lots")


class Report(NamedTuple):
    """What became of one message: order id, status code, lots traded on arrival, and all fills it caused."""

    id: int
    status: int
    filled: int
    fills: Records

    @property
    def outcome(self) -> str:
        """The status in words."""
        return STATUS_NAMES[self.status]


class OrderBooks(BookEngine):
    """All limit order books of one market: whole tables (see `BookEngine`), single orders, and queries."""

    # one order at a time

    def submit(
        self,
        instrument: int,
        side: int,
        lots: int,
        price: int = 0,
        kind: int = LIMIT,
        account: int = 0,
        flags: int = 0,
        trigger: int = 0,
        expiry: int = 0,
        time: int | None = None,
        order_id: int | None = None,
    ) -> Report:
        """Send one order.

        Parameters
        ----------
        instrument, account
            Indices of the book and of the account.
        side
            `BUY` or `SELL`.
        lots
            Size.
        price
            Limit in ticks; ignored for `MARKET`.
        kind
            `LIMIT`, `MARKET`, `IOC`, `FOK` or `POST_ONLY`.
        flags
            `REDUCE_ONLY`, `EXPIRE_MAKER`, `EXPIRE_TAKER`, `TRIGGER_ON_MARK`, `TRIGGER_RISING`, added up.
        trigger
            Price in ticks to wait for; 0 = none.
        expiry, time
            Nanoseconds; 0 = never expires, and by default the time of the book's latest message.
        order_id
            Positive and not open yet; by default a fresh one.

        Raises
        ------
        ValueError
            If a value is out of range. What the market refuses is told by the report's status instead.
        """
        order_id = self._fresh_id() if order_id is None else order_id
        self._check(instrument, price=price if kind != MARKET else 1, lots=lots, trigger=trigger)
        if not (0 <= side <= SELL and 0 <= kind <= POST_ONLY and 0 <= flags < 32 and 0 <= expiry < _ID_LIMIT):
            self._require("side", side, BUY, SELL)
            self._require("kind", kind, LIMIT, POST_ONLY)
            self._require("flags", flags, 0, 31)
            self._require("expiry", expiry, 0, _ID_LIMIT - 1)
        if not (0 <= account < self.position.shape[1] and 0 < order_id < _ID_LIMIT):
            self._require("account", account, 0, self.position.shape[1] - 1)
            self._require("order_id", order_id, 1, _ID_LIMIT - 1)
        time = self._times.item(instrument) if time is None else time
        return self._send(
            (time, order_id, price, lots, trigger, expiry, 0, account, instrument, kind, side, flags, 0, 0)
        )

    def cancel(
        self, instrument: int, order_id: int, time: int | None = None, account: int | None = None
    ) -> Report:
        """Cancel an open order of ``account``; whosever it is where no account is given."""
        self._check(instrument)
        account = self._sender(instrument, order_id, account)
        time = self._times.item(instrument) if time is None else time
        return self._send((time, order_id, 0, 0, 0, 0, 0, account, instrument, CANCEL, 0, 0, 0, 0))

    def amend(
        self,
        instrument: int,
        order_id: int,
        lots: int,
        price: int,
        trigger: int = 0,
        time: int | None = None,
        account: int | None = None,
    ) -> Report:
        """Give an open order a new open size and price; a waiting one also a new trigger, if that is not 0.

        Less size at the same price keeps the place in the queue; anything else goes to its end, or trades.
        Whose order it may be is as in `cancel`.
        """
        self._check(instrument, lots=lots, trigger=trigger)
        self._require("price", price, 0, PRICE_LIMIT)
        account = self._sender(instrument, order_id, account)
        time = self._times.item(instrument) if time is None else time
        row = (time, order_id, price, lots, trigger, 0, 0, account, instrument, AMEND, 0, 0, 0, 0)
        return self._send(row)

    def _sender(self, instrument: int, order_id: int, account: int | None) -> int:
        if account is None:
            return int(queries.owner(self.books[instrument], order_id))
        self._require("account", account, 0, self.position.shape[1] - 1)
        return account

    def _send(self, row: tuple[int, ...]) -> Report:
        self._row[0] = row
        fills = self._taken(self._handle(self._row, 1))
        return Report(row[1], self._row_status.item(), self._row_filled.item(), fills)

    def _fresh_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _check(self, instrument: int, price: int = 1, lots: int = 1, trigger: int = 0) -> None:
        if not (
            0 <= instrument < len(self._times)
            and 1 <= price <= PRICE_LIMIT
            and 1 <= lots <= LOTS_LIMIT
            and 0 <= trigger <= PRICE_LIMIT
        ):
            self._require("instrument", instrument, 0, len(self._times) - 1)
            self._require("price", price, 1, PRICE_LIMIT)
            self._require("lots", lots, 1, LOTS_LIMIT)
            self._require("trigger", trigger, 0, PRICE_LIMIT)

    @staticmethod
    def _require(name: str, value: int, low: int, high: int) -> None:
        if not low <= value <= high:
            raise ValueError(f"{name} is {value}; it must be from {low} to {high}")

    # what the books show

    def _book(self, instrument: int) -> Any:
        self._require("instrument", instrument, 0, len(self.books) - 1)
        return self.books[instrument]

    def best_bid(self, instrument: int) -> int | None:
        """Return the best bid in ticks."""
        return int(self._book(instrument).bid) or None

    def best_ask(self, instrument: int) -> int | None:
        """Return the best ask in ticks."""
        return int(self._book(instrument).ask) or None

    def snapshot(self, instrument: int, levels: int = 10) -> tuple[Integers, Integers]:
        """Return bids and asks, best first, each of shape ``(up to levels, 2)``: price (ticks), lots."""
        book = self._book(instrument)
        self._require("levels", levels, 0, PRICE_LIMIT)
        sides = []
        for side in (BUY, SELL):
            room = min(levels, int(book.bids if side == BUY else book.asks))
            table = np.zeros((room, 2), np.int64)
            prices, lots = np.zeros(room, np.int64), np.zeros(room, np.int64)
            found = queries.copy_levels(book, side, prices, lots)
            table[:, 0], table[:, 1] = prices, lots
            sides.append(table[:found])
        return sides[0], sides[1]

    def depth(self, instrument: int, fraction: float) -> dict[str, int]:
        """Return size (lots) and notional (ticks x lots) resting within ``fraction`` of the mid, per side.

        Keys: ``bid_lots``, ``bid_ticks_lots``, ``ask_lots``, ``ask_ticks_lots``.
        """
        book = self._book(instrument)
        if not 0 <= fraction <= 1:
            raise ValueError(f"fraction is {fraction}; it must be from 0 to 1")
        bid = queries.depth_within(book, round(fraction * 1_000_000), BUY)
        ask = queries.depth_within(book, round(fraction * 1_000_000), SELL)
        return dict(zip(_DEPTH_KEYS, (int(value) for value in (*bid, *ask)), strict=True))

    def impact_price(self, instrument: int, side: int, ticks_lots: int) -> float | None:
        """Return the average price in ticks at which a taker on ``side`` trades a notional of ``ticks_lots``.

        ``None`` if the book does not hold that much.
        """
        book = self._book(instrument)
        self._require("side", side, BUY, SELL)
        self._require("ticks_lots", ticks_lots, 1, 1 << 62)
        return queries.impact_ticks(book, side, ticks_lots) or None

    def queue_position(self, instrument: int, order_id: int) -> int | None:
        """Return the lots that stand before an order at its price; ``None`` if it does not rest."""
        ahead = queries.queue_ahead(self._book(instrument), order_id)
        return None if ahead < 0 else int(ahead)

    def open_lots(self, instrument: int, order_id: int) -> int:
        """Return the open size of an order in lots, 0 if it is not open."""
        return int(queries.open_lots(self._book(instrument), order_id))
