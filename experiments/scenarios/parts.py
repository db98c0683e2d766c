"""What all tables of a scenario file share: unknown keys are errors, names have a form."""

import difflib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]*$")]


class Part(BaseModel):
    """Base of every table of a scenario file: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def known_names(where: str, given: tuple[str, ...], known: list[str]) -> None:
    """Raise ValueError for the first of ``given`` that is not among ``known``, with the nearest name."""
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"{where}: unknown name {name!r}{hint} (known: {', '.join(known)})")
