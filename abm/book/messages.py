"""The message table, the fill table and their codes: the only language that agents, gateways and books share.

One row of a message table is one order, cancel or amend. The book writes the outcome into the same row
(``status``, ``filled``), so a table that went through the book is also its own report.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from abm.compiled import for_kernels

Records = np.recarray[Any, np.dtype[np.void]]
"""A NumPy record array (``numpy.recarray``): attribute access compiled by Numba and in plain Python alike."""

BUY = 0
SELL = 1

# kind: what the message asks for
LIMIT = 0  # rests until filled, cancelled or due at `expiry` (0 = never)
MARKET = 1  # takes what is there at any price; the remainder is dropped
IOC = 2  # takes what is there up to `price`; the remainder is dropped
FOK = 3  # fills completely up to `price`, or does nothing
POST_ONLY = 4  # rests, or is rejected whole if its price reaches the other side's best
CANCEL = 5  # removes order `id`
AMEND = (
    6  # order `id` gets `price` and open size `lots` (a waiting one also `trigger`, if not 0); all else stays
)

# flags: bits that may be combined
REDUCE_ONLY = 1  # never increases the account's position in the instrument; clipped again at match time
EXPIRE_MAKER = 2  # self-trade prevention by the taker's mode: drop the resting order, go on
EXPIRE_TAKER = 4  # drop the rest of the incoming order (with EXPIRE_MAKER: both)
TRIGGER_ON_MARK = 8  # `trigger` watches the mark price, otherwise the last trade
TRIGGER_RISING = 16  # fires when the watched price is at or above `trigger`, otherwise at or below

# status: what became of the message
PENDING = 0
RESTING = 1  # accepted, some lots rest in the book
FILLED = 2  # completely filled
EXPIRED = 3  # remainder dropped: market/IOC without liquidity, self-trade prevention, reduce-only clip
CANCELLED = 4  # a cancel that found its order
WAITING = 5  # a stop or take-profit order that waits for its trigger
AMENDED = 6  # changed in place: a smaller size at the same price, or terms of a waiting order
REJECTED_PRICE = 10  # price or trigger below one tick, or above the ladder's limit
REJECTED_LOTS = 11  # size not positive, or above the book's limit
REJECTED_CROSSING = 12  # post-only order that would trade
REJECTED_UNFILLABLE = 13  # fill-or-kill order that cannot fill completely
REJECTED_REDUCE = 14  # reduce-only order with nothing to reduce
REJECTED_UNKNOWN = 15  # cancel or amend of an order that the account does not have open
REJECTED_DUPLICATE = 16  # an open order has the same id
REJECTED_MALFORMED = 17  # no such instrument, account, kind or side, or an id below one
REJECTED_MARGIN = 18  # refused by the venue's pre-trade margin check; books pass over such rows
REJECTED_BAND = 19  # priced outside the venue's price band
REJECTED_HALT = 20  # the instrument does not trade now
REJECTED_RATE = 21  # the account has sent too many

STATUS_NAMES: dict[int, str] = {
    PENDING: "pending",
    RESTING: "resting",
    FILLED: "filled",
    EXPIRED: "expired",
    CANCELLED: "cancelled",
    WAITING: "waiting",
    AMENDED: "amended",
    REJECTED_PRICE: "rejected: price below one tick or above the limit",
    REJECTED_LOTS: "rejected: size not positive or above the limit",
    REJECTED_CROSSING: "rejected: post-only order would trade",
    REJECTED_UNFILLABLE: "rejected: fill-or-kill order cannot fill",
    REJECTED_REDUCE: "rejected: nothing to reduce",
    REJECTED_UNKNOWN: "rejected: no such open order",
    REJECTED_DUPLICATE: "rejected: id already open",
    REJECTED_MALFORMED: "rejected: no such instrument, account, kind or side",
    REJECTED_MARGIN: "rejected: not enough margin",
    REJECTED_BAND: "rejected: price outside the price band",
    REJECTED_HALT: "rejected: trading is halted",
    REJECTED_RATE: "rejected: too many messages",
}

message_dtype = np.dtype(
    [
        ("time", "i8"),  # ns since the start of the run, at the book
        ("id", "i8"),  # positive, unique among open orders; for CANCEL and AMEND the order meant
        ("price", "i8"),  # ticks; ignored for MARKET and CANCEL
        ("lots", "i8"),
        ("trigger", "i8"),  # ticks; 0 = no trigger
        ("expiry", "i8"),  # ns; 0 = never
        ("filled", "i8"),  # out: lots traded by this message on arrival
        ("account", "i4"),
        ("instrument", "i2"),
        ("kind", "i1"),
        ("side", "i1"),
        ("flags", "i2"),  # as row["flags"]: recarrays have an attribute of that name already
        ("status", "i1"),  # out
        ("source", "i1"),  # why it was sent: 0 own will, 1 liquidation, 2 fund unwinding, 3 triggered stop
    ],
    align=True,
)

# source: why an order was sent
OWN = 0
LIQUIDATION = 1
FUND = 2
STOP = 3

fill_dtype = np.dtype(
    [
        ("time", "i8"),  # ns
        ("price", "i8"),  # ticks, the resting order's price
        ("lots", "i8"),
        ("maker_id", "i8"),
        ("taker_id", "i8"),
        ("maker_position", "i8"),  # lots held by the maker's account before this fill, signed
        ("taker_position", "i8"),
        ("maker", "i4"),  # account
        ("taker", "i4"),
        ("instrument", "i2"),
        ("side", "i1"),  # the taker's side
        ("source", "i1"),  # the taker's `source`
    ],
    align=True,
)


# NumPy makes a record array of records at once; of plain rows it takes twenty times as long
_message_record = np.dtype((np.record, message_dtype))
_fill_record = np.dtype((np.record, fill_dtype))


def message_table(rows: int) -> Records:
    """Return an empty message table of ``rows`` zeroed rows."""
    return np.zeros(rows, _message_record).view(np.recarray)


def fill_table(rows: int) -> Records:
    """Return an empty fill table of ``rows`` zeroed rows."""
    return np.zeros(rows, _fill_record).view(np.recarray)


def copied(table: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a copy of a table, byte by byte: NumPy copies field by field, which takes ten times as long."""
    return table.view(np.ndarray).view(np.uint8).copy().view(table.dtype)


def overwrite(table: npt.NDArray[Any], source: npt.NDArray[Any]) -> None:
    """Copy the rows of ``source`` over those of a table of the same type and length, as in `copied`."""
    table.view(np.ndarray).view(np.uint8)[:] = source.view(np.ndarray).view(np.uint8)


def chosen(table: Records, which: npt.NDArray[np.bool_]) -> Records:
    """Return the chosen rows, in the form of `abm.compiled.for_kernels`.

    Rows are moved whole, where an index would move them field by field.
    """
    rows: Records = for_kernels(table.take(np.flatnonzero(which)))
    return rows


def joined(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the rows of two tables of one type, copied as in `copied`."""
    parts = [table.view(np.ndarray).view(np.uint8) for table in (first, second)]
    return np.concatenate(parts).view(first.dtype)


def signed(side: int | npt.NDArray[np.integer[Any]]) -> Any:
    """Return +1 for BUY and -1 for SELL."""
    return 1 - 2 * side
