"""Reading the inputs of a vector, and finding the rule of its venue."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from math import isnan
from typing import Any

import numpy as np

Inputs = dict[str, Any]
Answer = Callable[[str, Inputs], object]


def plain(value: Any) -> Any:
    """Return NumPy values as Python numbers and lists, nan (there is no such price) as None."""
    found = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    return None if isinstance(found, float) and isnan(found) else found


def first(inputs: Mapping[str, Any], *names: str, default: Any = None) -> Any:
    """Return the first of the named inputs that is given."""
    found = next((inputs[name] for name in names if inputs.get(name) is not None), default)
    if found is None:
        raise ValueError(f"inputs lack {' or '.join(names)}; given: {', '.join(inputs)}")
    return found


def called(answer: Callable[[Inputs], Any], inputs: Inputs) -> object:
    """Return an answer; tell by name which input it lacks."""
    try:
        return plain(answer(inputs))
    except KeyError as error:
        raise ValueError(f"inputs lack {error.args[0]}; given: {', '.join(inputs)}") from error


def by_venue(answers: Mapping[str, Callable[[Inputs], Any]]) -> Answer:
    """Return an answer that looks up the venue by name, or by the part of the name that is known."""

    def answer(venue: str, inputs: Inputs) -> object:
        name = venue if venue in answers else venue.split("/")[0].split(" (")[0]
        if name not in answers:
            near = get_close_matches(venue, answers, n=1, cutoff=0.0)
            raise ValueError(f"venue {venue!r} is unknown here; the nearest known one is {near[0]!r}")
        return called(answers[name], inputs)

    return answer


def anywhere(answer: Callable[[Inputs], Any]) -> Answer:
    """Return an answer that is the same on all venues."""
    return lambda venue, inputs: called(answer, inputs)


def side_of(inputs: Inputs) -> int:
    """Return +1 or -1 from a number, a word or the sign of the size; long when nothing is said."""
    side = inputs.get("side", 1)
    return {"long": 1, "buy": 1, "short": -1, "sell": -1}.get(side, side)
