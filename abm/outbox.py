"""The outbox: where agents write the messages they send in one step, and the order ids they are given."""

import numpy as np
import numpy.typing as npt

from abm.book.messages import AMEND, CANCEL, PENDING, Records, copied, message_table
from abm.compiled import for_kernels, kernel

ROWS = 0
NEXT_ID = 1


class Outbox:
    """A growing message table. Kernels append with `send`; Python agents use `post`.

    Attributes
    ----------
    messages
        Message table; rows ``[0, counters[ROWS])`` are written.
    counters
        ``int64[2]``: rows written in this step, and the next order id.
    """

    def __init__(self, rows: int = 4096) -> None:
        self.messages: Records = for_kernels(message_table(rows))
        self.counters: npt.NDArray[np.int64] = np.array([0, 1], np.int64)

    def reserve(self, rows: int) -> None:
        """Make sure that ``rows`` more messages fit."""
        needed = int(self.counters[ROWS]) + rows
        if needed > len(self.messages):
            grown: Records = for_kernels(message_table(max(needed, 2 * len(self.messages))))
            grown[: self.counters[ROWS]] = self.messages[: self.counters[ROWS]]
            self.messages = grown

    def take(self) -> Records:
        """Return the messages written since the last call and start afresh."""
        rows = self.messages[: self.counters[ROWS]]
        written: Records = for_kernels(copied(rows))
        rows.view(np.uint8)[:] = 0
        self.counters[ROWS] = 0
        return written


@kernel
def send(
    messages: Records,
    counters: npt.NDArray[np.int64],
    time: int,
    account: int,
    instrument: int,
    kind: int,
    side: int,
    lots: int,
    price: int,
    flags: int,
) -> int:
    """Append one new order and return its id. Trigger, expiry and source stay zero; set them after."""
    row = messages[counters[ROWS]]
    counters[ROWS] += 1
    order_id = counters[NEXT_ID]
    counters[NEXT_ID] += 1
    row.time = time
    row.id = order_id
    row.account = account
    row.instrument = instrument
    row.kind = kind
    row.side = side
    row.lots = lots
    row.price = price
    row.flags = flags
    row.status = PENDING
    return order_id


@kernel
def send_cancel(
    messages: Records,
    counters: npt.NDArray[np.int64],
    time: int,
    account: int,
    instrument: int,
    order_id: int,
) -> None:
    """Append a cancel of ``order_id``."""
    row = messages[counters[ROWS]]
    counters[ROWS] += 1
    row.time = time
    row.id = order_id
    row.account = account
    row.instrument = instrument
    row.kind = CANCEL


@kernel
def send_amend(
    messages: Records,
    counters: npt.NDArray[np.int64],
    time: int,
    account: int,
    instrument: int,
    order_id: int,
    lots: int,
    price: int,
) -> None:
    """Append an amend of ``order_id`` to open size ``lots`` at ``price``."""
    row = messages[counters[ROWS]]
    counters[ROWS] += 1
    row.time = time
    row.id = order_id
    row.account = account
    row.instrument = instrument
    row.kind = AMEND
    row.lots = lots
    row.price = price
