"""What an agent can see and do on one exchange when it decides: passed to every crowd and single agent."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.outbox import Outbox

if TYPE_CHECKING:
    from abm.book.orderbook import OrderBooks
    from abm.ledger.ledger import Ledger
    from abm.venues.transfers import Transfers


@dataclass
class Sight:
    """The world as seen from one exchange at the start of a step.

    Attributes
    ----------
    start_ns, step_ns, index
        Start and length of the step in nanoseconds, and its number. Decisions take effect within the step.
    view
        Published market data, one row for each instrument (`abm.market_view.view_dtype`); stale while the
        feed lags.
    feed_delay_s
        How far the feed lags, seconds.
    log_value
        Logs of the true fundamental values, shape ``(assets,)``; each kind decides how late and how well it
        knows them.
    instruments, book_records
        The instrument table and the books, as kernels take them.
    books, ledger
        For an agent's own orders, positions and cash, which it always knows.
    outbox
        Where messages go.
    collateral_value
        What one lot of each instrument counts as margin here, millionths; 0 where it does not.
    deleveraged
        Accounts that were auto-deleveraged here in the last step.
    transfers
        How money goes from one exchange to another.
    elsewhere
        The same for every exchange, this one included, in the order of the model's exchanges.
    """

    start_ns: int
    step_ns: int
    index: int
    view: Records
    feed_delay_s: float
    log_value: npt.NDArray[np.float64]
    instruments: Records
    book_records: Records
    books: "OrderBooks"
    ledger: "Ledger"
    outbox: Outbox
    collateral_value: npt.NDArray[np.int64]
    deleveraged: npt.NDArray[np.int64]
    transfers: "Transfers | None" = None
    elsewhere: "list[Sight]" = field(default_factory=list)

    @property
    def step_s(self) -> float:
        """Length of the step in seconds."""
        return self.step_ns / 1e9
