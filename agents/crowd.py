"""Crowds: many agents of one kind whose state is columns and whose decision is one compiled call.

A Mesa agent of a crowd is a thin view of one row: reading or writing its attribute reads or writes the
column.
"""

import math
from typing import Any, ClassVar

import mesa
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from abm.book.messages import IOC, Records
from abm.compiled import for_kernels, kernel
from abm.information.tiers import HEADLINE
from abm.ledger.ledger import Ledger
from abm.model import AGENT_IDS
from abm.outbox import send
from abm.random_streams import stream_key
from abm.sight import Sight

Row = Any
"""One row of a record array: its fields are attributes that type checkers cannot know."""


class Parameters(BaseModel):
    """Base of every kind's parameters: frozen, unknown keys refused, units in names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def parameter_record(parameters: BaseModel, **more: float) -> Records:
    """Return the numeric fields of ``parameters`` (and ``more``) as a one-row record array for kernels."""
    values = {k: float(v) for k, v in parameters if isinstance(v, int | float)} | more
    record = for_kernels(np.zeros(1, np.dtype([(name, "f8") for name in values])))
    for name, value in values.items():
        record[name] = value
    return record


class Column:
    """Attribute of a row-view agent that lives in its crowd's table."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, agent: "CrowdAgent | None", owner: type) -> Any:
        if agent is None:
            return self
        return agent.crowd.table[self.name][agent.row].item()

    def __set__(self, agent: "CrowdAgent", value: Any) -> None:
        agent.crowd.table[self.name][agent.row] = value


class CrowdAgent(mesa.Agent):
    """One member of a crowd, as Mesa sees it."""

    _ids: ClassVar[Any] = AGENT_IDS
    crowd_member: ClassVar[bool] = True
    account = Column()

    def __init__(self, model: mesa.Model, crowd: "Crowd", row: int) -> None:
        self.crowd = crowd
        self.row = row
        super().__init__(model)

    @property
    def kind(self) -> str:
        """Name of the agent's kind."""
        return self.crowd.kind

    @property
    def cash_usd(self) -> float:
        """Free cash of the agent's account."""
        return float(self.crowd.cash_usd(self.account))


class Crowd:
    """Base of all kinds: a table with one row for each agent and a decision for all of them.

    Parameters
    ----------
    parameters
        What all members share.
    table
        Record array, one row for each agent; the column ``account`` is the agent's row in the ledger.
    seed
        Seed of the run; the crowd draws from a stream of its kind and exchange.
    exchange
        Which exchange it trades on; a kind that trades on several has its home there.
    derived
        More numbers for the kernel, worked out from the parameters.

    Attributes
    ----------
    kind
        Name of the kind, as in `agents.KINDS`.
    agent_class
        Class of the row views.
    tier
        Name of the information tier in which its members read news.
    """

    kind: ClassVar[str]
    agent_class: ClassVar[type[CrowdAgent]]
    tier: str = HEADLINE

    def __init__(
        self, parameters: Parameters, table: Records, seed: int, exchange: int = 0, **derived: float
    ) -> None:
        self.parameters = parameters
        self.table = table
        self.exchange = exchange
        self._record = parameter_record(parameters, **derived)
        self._key = self.stream(seed, exchange)

    @classmethod
    def stream(cls, seed: int, exchange: int) -> np.uint64:
        """Return the key of the stream that this kind draws from on an exchange."""
        return stream_key(seed, f"{cls.kind} {exchange}")

    @property
    def tier_names(self) -> npt.NDArray[np.str_]:
        """Name of each member's information tier, shape ``(members,)``."""
        return np.broadcast_to(np.array(self.tier), (len(self.table),))

    def decide(self, sight: Sight) -> None:
        """Write this step's messages into ``sight.outbox``."""
        raise NotImplementedError

    def change(self, **values: float) -> None:
        """Set numbers that the decision reads, parameters or what was derived from them, from now on.

        Parameters that only set up the population (how many, with what) change nothing any more.

        Raises
        ------
        ValueError
            If a name is unknown or a value is out of bounds.
        """
        known = self._record.dtype.names or ()
        for name in values:
            if name not in known:
                raise ValueError(f"{self.kind}: unknown parameter {name!r}; known: {', '.join(known)}")
        fields = type(self.parameters).model_fields
        own = {name: value for name, value in values.items() if name in fields}
        self.parameters = self.parameters.model_validate(self.parameters.model_dump() | own)
        for name, value in values.items():
            self._record[name] = value

    def views(self, model: mesa.Model) -> list[CrowdAgent]:
        """Create one Mesa agent for each row."""
        return [self.agent_class(model, self, row) for row in range(len(self.table))]

    def cash_usd(self, account: int) -> float:
        """Return the free cash of ``account`` in USD."""
        return float(self._ledger.cash[0, account]) / 1e6

    def attach(self, ledger: Ledger) -> None:
        """Remember the ledger of the exchange it trades on, for reports."""
        self._ledger = ledger


@kernel
def poisson(u: float, mean: float) -> int:
    """Return the Poisson variate of ``mean`` that the uniform ``u`` maps to, at most 20 (inversion)."""
    p = math.exp(-mean)
    total = p
    n = 0
    while u > total and n < 20:
        n += 1
        p *= mean / n
        total += p
    return n


@kernel
def happens(u: float, expected: float) -> bool:
    """Tell whether an event with hazard times time ``expected`` happens, given the uniform draw ``u``.

    The chance is ``1 - exp(-expected)``, which is never above ``expected``: most draws need no exponential.
    """
    return u < expected and u < 1.0 - math.exp(-expected)


@kernel
def lots_for(notional_usd: float, price_usd: float, lot: float) -> int:
    """Return how many whole lots ``notional_usd`` buys at ``price_usd``."""
    return int(notional_usd / (price_usd * lot))


@kernel
def take_within(
    messages: Records,
    counters: npt.NDArray[np.int64],
    time: int,
    account: int,
    instrument: int,
    terms: Row,
    side: int,
    lots: int,
    screen_usd: float,
    slippage: float,
    flags: int,
) -> None:
    """Send an order that takes at once what it can no farther than ``slippage`` from the mid on the screen.

    Parameters
    ----------
    terms
        Row of the instrument table.
    slippage
        Fraction of ``screen_usd``.
    """
    worst = max(1, int(screen_usd * (1.0 + (1 - 2 * side) * slippage) / terms.tick))
    send(messages, counters, time, account, instrument, IOC, side, lots, worst, flags)
