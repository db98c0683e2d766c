"""What a page may ask for: every message is checked before it reaches a run."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from experiments.errors import InputError
from experiments.visualizer.changes import AnyChange

LONGEST = 20_000
"""Longest message that is read, characters."""


class Command(BaseModel):
    """Base of all commands."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ready(Command):
    """The page has painted the last frame and wants the next."""

    do: Literal["ready"]


class Play(Command):
    """Play or pause."""

    do: Literal["play"]
    on: bool


class Step(Command):
    """Do some steps, then pause."""

    do: Literal["step"]
    steps: int = Field(1, ge=1, le=100)


class Speed(Command):
    """How many simulated seconds pass in a second; 0 = as fast as it goes."""

    do: Literal["speed"]
    per_s: float = Field(ge=0, le=1e6)


class Jump(Command):
    """Go to a time, forward or back, seconds since the start."""

    do: Literal["jump"]
    time_s: float = Field(ge=0, le=1e9)


class Reset(Command):
    """Begin again, with another scenario, seed or other keys."""

    do: Literal["reset"]
    scenario: str | None = Field(None, max_length=120)
    seed: int | None = Field(None, ge=0, le=2**32 - 1)
    overrides: dict[str, float | str] = Field(default_factory=dict, max_length=50)
    from_start: bool = False
    simulate: bool = Field(False, description="of a replay: run it anew, so that it can be changed")


class Apply(Command):
    """Change something in a lane now."""

    do: Literal["change"]
    lane: int = Field(0, ge=0, le=1)
    what: AnyChange


class Fork(Command):
    """Split the run in two; ``what`` happens in the second only."""

    do: Literal["fork"]
    what: AnyChange | None = None


class Unite(Command):
    """Go on with one of the two runs alone."""

    do: Literal["unite"]
    keep: int = Field(0, ge=0, le=1)


class Look(Command):
    """Look at an instrument, by its place among all."""

    do: Literal["look"]
    focus: int = Field(ge=0, le=10_000)


class Agents(Command):
    """Which agents are listed, and how."""

    do: Literal["agents"]
    kind: str = Field("", max_length=64)
    exchange: str = Field("", max_length=64)
    sort: Literal["equity_usd", "position_usd", "leverage", "liquidation_price_usd", "distance"] = "distance"
    descending: bool = False


class Follow(Command):
    """Follow the account of an agent on an exchange; without, nobody."""

    do: Literal["follow"]
    exchange: str | None = Field(None, max_length=64)
    account: int = Field(0, ge=0, le=100_000_000)


class Export(Command):
    """Send a file of a lane: its series, its events, its scenario, or the run as a trace."""

    do: Literal["export"]
    what: Literal["series", "events", "scenario", "run"]
    lane: int = Field(0, ge=0, le=1)


AnyCommand = Annotated[
    Ready | Play | Step | Speed | Jump | Reset | Apply | Fork | Unite | Look | Agents | Follow | Export,
    Field(discriminator="do"),
]
_READER: TypeAdapter[Any] = TypeAdapter(AnyCommand)


def read_command(text: str) -> Any:
    """Return the command that a page sent.

    Raises
    ------
    InputError
        One sentence that says what is wrong with it.
    """
    if len(text) > LONGEST:
        raise InputError(f"the message has {len(text)} characters; at most {LONGEST} are read")
    try:
        return _READER.validate_json(text)
    except ValidationError as error:
        raise InputError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_context=False)[0]
    path = ".".join(str(part) for part in fault["loc"][1:])
    message = fault["msg"].removeprefix("Value error, ")
    given = f", got {str(fault['input'])[:80]!r}" if path else ""
    return f"{path or 'message'}: {message[0].lower()}{message[1:]}{given}"
