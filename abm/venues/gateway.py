"""The gateway: what lies between a decision and the book, and between the book and an agent's screen.

Messages take a latency to arrive. A venue digests at most so many messages a second: beyond that they queue,
everyone is served late, and the public feed lags by the same backlog; an outage can so emerge from load. An
outage window closes the door for the accounts of customers; the venue's own liquidation orders do not pass
through here. A venue on a chain collects messages into blocks, and may put cancels and resting quotes before
takers within each block (Hyperliquid).
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from abm.book.messages import AMEND, CANCEL, POST_ONLY, REJECTED_RATE, Records, chosen, joined, message_table
from abm.compiled import for_kernels, kernel
from abm.random_streams import normal, stream_key

NANOSECONDS = 1_000_000_000
BURST_S = 10.0
"""A rate limit may be used up ahead by so many seconds."""


@dataclass(frozen=True)
class Outage:
    """A window without service, seconds since the start: no message is processed, the feed stands still."""

    start_s: float
    end_s: float

    def is_open(self, now_s: float) -> bool:
        """Tell whether the window is open."""
        return self.start_s <= now_s < self.end_s


@dataclass(frozen=True)
class Access:
    """How a venue lets messages in.

    Parameters
    ----------
    capacity_per_s
        Messages digested a second; 0 = unlimited.
    latency_ms
        Median time from the gateway to the book, on top of the sender's own; 0 = none.
    latency_spread
        Standard deviation of the log of that time.
    rate_limit_per_s
        New orders and amends a second that an account may send in the long run; 0 = unlimited. What exceeds
        it is refused; cancels always pass.
    block_ms
        Length of a block; 0 = continuous.
    cancel_first
        Whether cancels, then post-only orders, come before all others of a block.
    """

    capacity_per_s: float = 0.0
    latency_ms: float = 0.0
    latency_spread: float = 0.5
    rate_limit_per_s: float = 0.0
    block_ms: float = 0.0
    cancel_first: bool = False


@kernel
def delay(
    messages: Records,
    latest: npt.NDArray[np.int64],
    key: np.uint64,
    index: int,
    median_ns: float,
    spread: float,
) -> None:
    """Add a log-normal latency for each account and step; an account's messages never overtake each other.

    ``latest`` keeps the last arrival of each account, nanoseconds.
    """
    for k in range(len(messages)):
        row = messages[k]
        a = row.account
        if not 0 <= a < len(latest):
            continue
        arrival = row.time + int(median_ns * np.exp(spread * normal(key, a, index, 0)))
        latest[a] = max(latest[a], arrival)
        row.time = latest[a]


@kernel
def within_rate(
    messages: Records, tokens: npt.NDArray[np.float64], per_s: float, step_s: float
) -> npt.NDArray[np.bool_]:
    """Return which messages pass a token bucket of each account, and take their tokens."""
    most = per_s * max(BURST_S, step_s)
    for a in range(len(tokens)):
        tokens[a] = min(most, tokens[a] + per_s * step_s)
    passes = np.ones(len(messages), np.bool_)
    for k in range(len(messages)):
        row = messages[k]
        if row.kind == CANCEL or not 0 <= row.account < len(tokens):
            continue
        if tokens[row.account] < 1.0:
            passes[k] = False
            row.status = REJECTED_RATE
        else:
            tokens[row.account] -= 1.0
    return passes


def _nothing() -> Records:
    return for_kernels(message_table(0))


@dataclass
class Gateway:
    """Delays, queues and refuses messages.

    Parameters
    ----------
    access
        The venue's terms.
    outages
        Scheduled windows without service.
    accounts
        Number of account rows, for latency and rate limit.
    seed, name
        The stream that latencies are drawn from.

    Attributes
    ----------
    feed_delay_s
        By how many seconds what agents see lags behind the books.
    refused
        Messages refused by the rate limit so far.
    """

    access: Access = field(default_factory=Access)
    outages: tuple[Outage, ...] = ()
    accounts: int = 0
    seed: int = 0
    name: str = "hub"
    feed_delay_s: float = field(default=0.0, init=False)
    refused: int = field(default=0, init=False)
    _pending: Records = field(default_factory=_nothing, init=False)
    _steps: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._key = stream_key(self.seed, f"gateway {self.name}")
        self._tokens = np.full(self.accounts, self.access.rate_limit_per_s * BURST_S)
        self._latest = np.zeros(self.accounts, np.int64)

    def is_out(self, now_s: float) -> bool:
        """Tell whether an outage window is open."""
        return any(window.is_open(now_s) for window in self.outages)

    def deliver(self, sent: Records, now_ns: int, step_ns: int) -> Records:
        """Return, in arrival order, the messages that reach the book in the step that ends at ``now_ns``."""
        waiting = self._join(self._take_in(sent, step_ns))
        step_s = step_ns / NANOSECONDS
        if self.outages and self.is_out(now_ns / NANOSECONDS):
            self._pending = waiting
            self.feed_delay_s += step_s
            return _nothing()
        self.feed_delay_s = 0.0
        if len(waiting) == 0:
            return waiting
        # rows taken with `take` move whole; an index would move them field by field
        ordered = waiting.take(self._order(waiting))
        served = due = int(np.searchsorted(ordered["time"], now_ns, side="right"))
        capacity = self.access.capacity_per_s
        if capacity > 0.0:
            served = min(due, max(1, int(capacity * step_s)))
            self.feed_delay_s = (due - served) / capacity
        arrived: Records = for_kernels(ordered[:served])
        self._pending = for_kernels(ordered[served:])
        np.maximum(arrived["time"], now_ns - step_ns, out=arrived["time"])
        return arrived

    def _take_in(self, sent: Records, step_ns: int) -> Records:
        """Apply rate limit, latency and block times to what was sent in this step."""
        access = self.access
        self._steps += 1
        if access.rate_limit_per_s > 0.0:
            passes = within_rate(sent, self._tokens, access.rate_limit_per_s, step_ns / NANOSECONDS)
            self.refused += len(sent) - int(passes.sum())
            sent = chosen(sent, passes)
        if access.latency_ms > 0.0:
            delay(sent, self._latest, self._key, self._steps, access.latency_ms * 1e6, access.latency_spread)
        if access.block_ms > 0.0:
            block = round(access.block_ms * 1e6)
            sent["time"] = -(-sent["time"] // block) * block
        return sent

    def _join(self, sent: Records) -> Records:
        if len(self._pending) == 0:
            return sent
        return for_kernels(joined(self._pending, sent))

    def _order(self, waiting: Records) -> npt.NDArray[np.intp]:
        """Return the order of service: by time, and by kind within a block where the venue says so."""
        if not self.access.cancel_first:
            return np.argsort(waiting["time"], kind="stable")
        kind = waiting["kind"]
        place = np.where(kind == CANCEL, 0, np.where((kind == POST_ONLY) | (kind == AMEND), 1, 2))
        return np.lexsort((place, waiting["time"]))

    @property
    def backlog(self) -> int:
        """Messages waiting to be processed or still on their way."""
        return len(self._pending)
