"""The gateway: what lies between a decision and the book, and between the book and an agent's screen.

Messages take a latency to arrive. A venue digests at most so many messages a second: beyond that they queue,
everyone is served late, and the public feed lags by the same backlog. An outage window closes the door for
the accounts of customers; the venue's own liquidation orders do not pass through here.
"""

from dataclasses import dataclass, field

import numpy as np

from abm.book.messages import Records, message_table
from abm.compiled import for_kernels

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Outage:
    """A window without service, seconds since the start: no message is processed, the feed stands still."""

    start_s: float
    end_s: float


def _nothing() -> Records:
    return for_kernels(message_table(0))


@dataclass
class Gateway:
    """Delays and queues messages.

    Parameters
    ----------
    capacity_per_s
        Messages digested a second; 0 = unlimited.
    outages
        Scheduled windows without service.

    Attributes
    ----------
    feed_delay_s
        By how many seconds what agents see lags behind the books.
    """

    capacity_per_s: float = 0.0
    outages: tuple[Outage, ...] = ()
    feed_delay_s: float = field(default=0.0, init=False)
    _pending: Records = field(default_factory=_nothing, init=False)

    def is_out(self, now_s: float) -> bool:
        """Tell whether an outage window is open."""
        return any(window.start_s <= now_s < window.end_s for window in self.outages)

    def deliver(self, sent: Records, now_ns: int, step_ns: int) -> Records:
        """Return, in arrival order, the messages that reach the book in the step that ends at ``now_ns``."""
        waiting: Records = for_kernels(np.concatenate([self._pending, sent])) if len(self._pending) else sent
        if self.is_out(now_ns / NANOSECONDS):
            self._pending = waiting
            self.feed_delay_s += step_ns / NANOSECONDS
            return _nothing()
        times = waiting["time"]
        order = np.argsort(times, kind="stable")
        due = int(np.searchsorted(times[order], now_ns, side="right"))
        served = due
        if self.capacity_per_s > 0.0:
            served = min(due, max(1, int(self.capacity_per_s * step_ns / NANOSECONDS)))
            self.feed_delay_s = (due - served) / self.capacity_per_s
        else:
            self.feed_delay_s = 0.0
        arrived: Records = for_kernels(waiting[order[:served]])
        self._pending = for_kernels(waiting[order[served:]])
        np.maximum(arrived["time"], now_ns - step_ns, out=arrived["time"])
        return arrived

    @property
    def backlog(self) -> int:
        """Messages waiting to be processed or still on their way."""
        return len(self._pending)
