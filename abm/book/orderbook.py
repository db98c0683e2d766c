"""The Python face of the order books: whole message tables, single orders, and what the books show."""

from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from abm.book import matching, queries, trading
from abm.book.compaction import Arrays, pack, resized, unpack
from abm.book.layout import (
    LEVEL_CAPACITY,
    LOTS_LIMIT,
    ORDER_CAPACITY,
    PRICE_LIMIT,
    level_capacity,
    new_books,
    order_capacity,
)
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
    fill_table,
    message_dtype,
    message_table,
)

Integers = npt.NDArray[np.int64]
_FIRST_OWN_ID = 1 << 40
_ID_LIMIT = 1 << 62
_FILLS = 1 << 14
_NO_FILLS = fill_table(0)
_COMPILED = hasattr(matching.process, "py_func")
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


class OrderBooks:
    """All limit order books of one market.

    Parameters
    ----------
    instruments
        Number of books.
    accounts
        Number of accounts that may trade; ignored if ``position`` is given.
    position
        Lots held, int64 of shape ``(instruments, accounts)``, C-contiguous. The books share it with its owner
        and keep it up to date fill by fill. Default: all flat.
    level_capacity, order_capacity
        Prices (ticks) and open orders per book to make room for at first, powers of two; both grow on demand.
        Room costs address space, not memory, until it is used.

    Attributes
    ----------
    books
        One record per book (`abm.book.layout.book_dtype`), for use in kernels. Do not keep a reference: a book
        that grows moves.
    position
        As above.
    """

    def __init__(
        self,
        instruments: int,
        accounts: int = 1,
        position: Integers | None = None,
        level_capacity: int = LEVEL_CAPACITY,
        order_capacity: int = ORDER_CAPACITY,
    ) -> None:
        if instruments < 1:
            raise ValueError(f"instruments is {instruments}; it must be at least 1")
        for name, value, most in (
            ("level_capacity", level_capacity, PRICE_LIMIT + 1),
            ("order_capacity", order_capacity, 1 << 28),
        ):
            if not 64 <= value <= most or value & (value - 1):
                raise ValueError(f"{name} is {value}; it must be a power of two from 64 to {most}")
        if position is None:
            if accounts < 1:
                raise ValueError(f"accounts is {accounts}; it must be at least 1")
            position = np.zeros((instruments, accounts), np.int64)
        elif (
            position.shape[:-1] != (instruments,)
            or position.dtype != np.int64
            or not position.flags.c_contiguous
        ):
            raise ValueError(
                f"position has shape {position.shape} and type {position.dtype}; it must be a C-contiguous "
                f"int64 array of shape ({instruments}, accounts)"
            )
        self.position = position
        self.books = new_books(instruments, level_capacity, order_capacity)
        self._prepare()

    def _prepare(self) -> None:
        self._next_id = _FIRST_OWN_ID
        self._message = message_table(1)
        self._fills = fill_table(_FILLS)
        self._bind()

    def _bind(self) -> None:
        """Keep what a call with a single message needs: views are dear to make."""
        self._time = self.books["time"]
        self._status = self._message["status"]
        self._filled = self._message["filled"]
        self._one = _plain(self._message)
        self._kernel_books = _plain(self.books)

    # whole tables

    def process(self, messages: Records) -> Records:
        """Handle a message table in the order given, normally sorted by time.

        Parameters
        ----------
        messages
            Table of `abm.book.messages.message_dtype`; ``status`` and ``filled`` are written into it.

        Returns
        -------
        Records
            The fills, in the order in which they happened.
        """
        if messages.dtype != message_dtype:
            raise ValueError(
                f"messages has type {messages.dtype}; it must be abm.book.messages.message_dtype"
            )
        if len(messages) <= _FILLS:
            return self._process(_plain(messages), len(messages))
        kept, self._fills = self._fills, fill_table(2 * len(messages))  # its unused rows cost no memory
        count = self._count(_plain(messages), len(messages))
        fills, self._fills = self._fills, kept
        return cast("Records", fills[:count])

    def _process(self, messages: Any, stop: int) -> Records:
        return self._taken(self._count(messages, stop))

    def _taken(self, count: int) -> Records:
        return cast("Records", self._fills[:count].copy()) if count else _NO_FILLS

    def _count(self, messages: Any, stop: int) -> int:
        """Handle rows of a table, growing on demand; return the number of fills, which are in ``_fills``."""
        row, count = 0, 0
        while True:
            row, count, need = matching.process(
                self._kernel_books, messages, row, stop, _plain(self._fills), count, self.position
            )
            if need == trading.DONE:
                return int(count)
            self._grow(need, messages, row, count)

    def _grow(self, need: int, messages: Any, row: int, count: int) -> None:
        if need == trading.NEEDS_FILLS:
            fills = fill_table(2 * len(self._fills))
            fills[:count] = self._fills[:count]
            self._fills = fills
            return
        levels, orders = level_capacity(self.books), order_capacity(self.books)
        if need == trading.NEEDS_ORDERS:
            orders *= 4
        else:
            while levels <= messages["price"][row]:
                levels *= 8
        self.books = resized(self.books, min(levels, PRICE_LIMIT + 1), orders)
        self._bind()

    def mark_triggers(self, mark_ticks: Integers, time_ns: int) -> Records:
        """Tell each book its mark price in ticks (0 = unknown), which fires the orders that watch it.

        Returns
        -------
        Records
            The fills of the fired orders.
        """
        if mark_ticks.shape != (len(self.books),) or mark_ticks.dtype != np.int64:
            raise ValueError(
                f"mark_ticks has shape {mark_ticks.shape} and type {mark_ticks.dtype}; it must be an int64 "
                f"array of shape ({len(self.books)},)"
            )
        count, need = matching.mark_books(
            self._kernel_books, mark_ticks, time_ns, _plain(self._fills), 0, self.position
        )
        while need != trading.DONE:
            self._grow(need, self._message, 0, count)
            count, need = matching.settle_all(self._kernel_books, _plain(self._fills), count, self.position)
        return self._taken(count)

    def cancel_accounts(self, flags: npt.NDArray[np.bool_]) -> int:
        """Cancel every open order, waiting ones too, of the flagged accounts; ``flags`` has one bool for each.

        Returns
        -------
        int
            Number of orders cancelled.
        """
        if flags.shape != self.position.shape[1:] or flags.dtype != np.bool_:
            raise ValueError(
                f"flags has shape {flags.shape} and type {flags.dtype}; it must be a bool array of shape "
                f"{self.position.shape[1:]}"
            )
        return int(queries.cancel_accounts(self._kernel_books, flags))

    def expire(self, time_ns: int) -> None:
        """Advance all books to ``time_ns``: orders due by then expire, even where no message arrives."""
        queries.expire(self._kernel_books, time_ns)

    def reset_range(self) -> None:
        """Start a new period for ``low`` and ``high`` of every book."""
        queries.reset_range(self._kernel_books)

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
        time = self._time.item(instrument) if time is None else time
        return self._send(
            (time, order_id, price, lots, trigger, expiry, 0, account, instrument, kind, side, flags, 0, 0)
        )

    def cancel(self, instrument: int, order_id: int, time: int | None = None) -> Report:
        """Cancel an open order."""
        self._check(instrument)
        time = self._time.item(instrument) if time is None else time
        return self._send((time, order_id, 0, 0, 0, 0, 0, 0, instrument, CANCEL, 0, 0, 0, 0))

    def amend(
        self, instrument: int, order_id: int, lots: int, price: int, trigger: int = 0, time: int | None = None
    ) -> Report:
        """Give an open order a new open size and price; a waiting one also a new trigger, if that is not 0.

        Less size at the same price keeps the place in the queue; anything else goes to its end, or trades.
        """
        self._check(instrument, lots=lots, trigger=trigger)
        self._require("price", price, 0, PRICE_LIMIT)
        time = self._time.item(instrument) if time is None else time
        return self._send((time, order_id, price, lots, trigger, 0, 0, 0, instrument, AMEND, 0, 0, 0, 0))

    def _send(self, row: tuple[int, ...]) -> Report:
        self._one[0] = row
        fills = self._process(self._one, 1)
        return Report(row[1], self._status.item(), self._filled.item(), fills)

    def _fresh_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _check(self, instrument: int, price: int = 1, lots: int = 1, trigger: int = 0) -> None:
        if not (
            0 <= instrument < len(self._time)
            and 1 <= price <= PRICE_LIMIT
            and 1 <= lots <= LOTS_LIMIT
            and 0 <= trigger <= PRICE_LIMIT
        ):
            self._require("instrument", instrument, 0, len(self._time) - 1)
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

    # copies

    def copy(self) -> "OrderBooks":
        """Return an independent copy, with a copy of ``position``."""
        twin: OrderBooks = object.__new__(OrderBooks)
        twin.__setstate__({**self.__getstate__(), "position": self.position.copy()})
        return twin

    def __getstate__(self) -> dict[str, Any]:
        states: list[Arrays] = [pack(self.books, row) for row in range(len(self.books))]
        return {
            "position": self.position,
            "levels": level_capacity(self.books),
            "orders": order_capacity(self.books),
            "books": states,
            "next_id": self._next_id,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.position = state["position"]
        self.books = new_books(len(state["books"]), state["levels"], state["orders"])
        for instrument, packed in enumerate(state["books"]):
            unpack(packed, self.books, instrument)
        self._prepare()
        self._next_id = state["next_id"]


def _plain(table: Records) -> Any:
    """Return what to hand to a kernel: Numba is faster with plain arrays, Python needs the attributes."""
    return table.view(np.ndarray) if _COMPILED else table
