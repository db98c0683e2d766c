"""What a file of policies may say: named sets of scenario keys, each with one line and a source."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

NO_CHANGE = "no change"


class Part(BaseModel):
    """Base of every table of a policy file: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Policy(Part):
    """One change of rules."""

    name: str = Field(
        min_length=1,
        max_length=40,
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        description="short name: small letters, digits, hyphens",
    )
    title: str = Field(min_length=1, max_length=160, description="one line that says what changes")
    source: str = Field("", max_length=400, description="where such a rule exists or is proposed")
    set: dict[str, Any] = Field(
        default_factory=dict,
        description="scenario keys and their values, as `--set` names them; `*` stands for every item of a "
        'list: `"venues.*.halt" = "velocity-pause"`',
    )
    scale: dict[str, Annotated[float, Field(ge=0, le=1e6)]] = Field(
        default_factory=dict,
        description="scenario keys, and what the scenario's own value is multiplied by",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.set and not self.scale:
            raise ValueError("set, scale: give at least one key to change")
        for path in self.set:
            if path in self.scale:
                raise ValueError(f"scale: {path!r} is in set too")
        return self


class PolicyFile(Part):
    """All policies of a file."""

    policies: tuple[Policy, ...] = Field(
        min_length=1, max_length=200, description="the changes to compare, each with no change"
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [policy.name for policy in self.policies]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise ValueError(f"policies: the name {name!r} is there twice")
        return self
