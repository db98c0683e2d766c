"""The engine room of the books: message tables in, fills out, memory that grows, copies that travel."""

from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt

from abm.book import matching, queries
from abm.book.compaction import Arrays, pack, resized, unpack
from abm.book.layout import (
    LEVEL_CAPACITY,
    ORDER_CAPACITY,
    PRICE_LIMIT,
    level_capacity,
    new_books,
    order_capacity,
)
from abm.book.messages import Records, fill_table, message_dtype, message_table
from abm.book.trading import DONE, NEEDS_FILLS, NEEDS_ORDERS
from abm.compiled import for_kernels

Integers = npt.NDArray[np.int64]
_FIRST_OWN_ID = 1 << 40
_FILLS = 1 << 14
_NO_FILLS = fill_table(0)


class BookEngine:
    """All limit order books of one market, as far as whole tables of messages go.

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
        One record per book (`abm.book.layout.book_dtype`), for use in kernels. Do not keep a reference: books
        that grow move.
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
        self._use(fill_table(_FILLS))
        self._bind()

    def _bind(self) -> None:
        """Keep the views that every call needs: they are dear to make."""
        self._kernel_books = for_kernels(self.books)
        self._times = self.books["time"]
        self._row = for_kernels(self._message)
        self._row_status = self._message["status"]
        self._row_filled = self._message["filled"]

    def _use(self, fills: Records) -> None:
        self._fills = fills
        self._kernel_fills = for_kernels(fills)
        self._fill_bytes = fills.view(np.ndarray).view(np.uint8)

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
            return self._taken(self._handle(for_kernels(messages), len(messages)))
        kept = self._fills
        self._use(fill_table(2 * len(messages)))  # rows that stay unused cost no memory
        count = self._handle(for_kernels(messages), len(messages))
        fills = self._fills
        self._use(kept)
        return cast("Records", fills[:count])

    def _handle(self, messages: Any, stop: int) -> int:
        """Handle rows of a table, growing on demand; return the number of fills, which are in ``_fills``."""
        row, count = 0, 0
        while True:
            row, count, need = matching.process(
                self._kernel_books, messages, row, stop, self._kernel_fills, count, self.position
            )
            if need == DONE:
                return count
            if need == NEEDS_FILLS:
                count = self._settle(count, need)
            else:
                self._grow(need, messages, row)

    def _settle(self, count: int, need: int) -> int:
        """Enlarge a full fill table, let the fired orders that it kept out enter; return the fill count."""
        while need != DONE:
            fills = fill_table(2 * len(self._fills))
            fills[:count] = self._fills[:count]
            self._use(fills)
            count, need = matching.settle_all(self._kernel_books, self._kernel_fills, count, self.position)
        return count

    def _taken(self, count: int) -> Records:
        """Return a copy of the first rows of ``_fills``, byte by byte, which is quicker than by field."""
        if count == 0:
            return _NO_FILLS
        size = self._fills.itemsize
        copied = self._fill_bytes[: count * size].copy()
        return cast("Records", copied.view(self._fills.dtype).view(np.recarray))

    def _grow(self, need: int, messages: Any, row: int) -> None:
        """Move the books to larger ones, whose kernels are compiled when first met."""
        levels, orders = level_capacity(self.books), order_capacity(self.books)
        if need == NEEDS_ORDERS:
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
            self._kernel_books, mark_ticks, time_ns, self._kernel_fills, 0, self.position
        )
        return self._taken(self._settle(count, need))

    def cancel_accounts(self, flags: npt.NDArray[np.bool_]) -> int:
        """Cancel every open order, waiting ones too, of flagged accounts; ``flags`` has one bool for each.

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

    def copy(self) -> Self:
        """Return an independent copy, with a copy of ``position``."""
        twin = object.__new__(type(self))
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
