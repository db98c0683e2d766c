"""Reading policy files and applying policies to a scenario; everything is checked before anything runs."""

import difflib
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from experiments.errors import InputError
from experiments.policies.policy_file import Policy, PolicyFile
from experiments.scenarios import changed, fault_sentences

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

SHIPPED = Path(__file__).with_name("shipped.toml")
EACH = "*"


@dataclass(frozen=True)
class Applied:
    """A policy in a scenario.

    Attributes
    ----------
    policy
        What was asked for.
    settings
        Key -> value, every item of a list by number.
    scenario
        The scenario with them.
    same
        Whether nothing in the scenario differs.
    """

    policy: Policy
    settings: dict[str, Any]
    scenario: "Scenario"
    same: bool


def read_policies(path: Path | None = None, only: Sequence[str] = ()) -> tuple[Policy, ...]:
    """Return the policies of a file, by default of the shipped table.

    Parameters
    ----------
    only
        Names of those wanted; all when empty.

    Raises
    ------
    InputError
        With one line for each fault.
    """
    file = path or SHIPPED
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"policy file {file}: no such file") from error
    except OSError as error:
        raise InputError(f"policy file {file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"policy file {file}: not UTF-8 text (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"policy file {file}: not valid TOML ({error})") from error
    try:
        policies = PolicyFile.model_validate(data).policies
    except ValidationError as error:
        raise InputError("\n".join(fault_sentences(error, PolicyFile))) from None
    known = [policy.name for policy in policies]
    for name in only:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InputError(f"--only: unknown policy {name!r}{hint} (known: {', '.join(known)})")
    return tuple(policy for policy in policies if not only or policy.name in only)


def apply_all(policies: Sequence[Policy], scenario: "Scenario") -> list[Applied]:
    """Return every policy in ``scenario``.

    Raises
    ------
    InputError
        With one line for each fault, each naming its policy.
    """
    applied, faults = [], []
    for policy in policies:
        try:
            applied.append(apply(policy, scenario))
        except InputError as error:
            lines = [line.removeprefix("--set ") for line in str(error).splitlines()]
            faults += [f"policies.{policy.name}: {line}" for line in lines]
    if faults:
        raise InputError("\n".join(faults))
    return applied


def apply(policy: Policy, scenario: "Scenario") -> Applied:
    """Return one policy in ``scenario``.

    Raises
    ------
    InputError
        If the scenario has no such key, or refuses the value.
    """
    data = scenario.model_dump(mode="json", exclude_none=True)
    settings = {own: value for path, value in policy.set.items() for own in expanded(data, path)}
    for path, factor in policy.scale.items():
        for own in expanded(data, path):
            settings[own] = _scaled(data, own, factor)
    after = changed(scenario, settings)
    return Applied(policy, settings, after, after.model_dump_json() == scenario.model_dump_json())


def expanded(data: Any, path: str) -> Iterator[str]:
    """Yield ``path`` with each ``*`` replaced by the number of every item of the list there."""
    head, star, tail = path.partition(f".{EACH}.")
    if not star:
        yield path
        return
    items = _at(data, head)
    if not isinstance(items, list):
        raise InputError(f"{path}: {head} is no list, so that * stands for nothing")
    for number in range(len(items)):
        for below in expanded(items[number], tail):
            yield f"{head}.{number}.{below}"


def _scaled(data: Any, path: str, factor: float) -> float | int:
    value = _at(data, path)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{path}: scale needs a number there, the scenario has {value!r}")
    return round(value * factor) if isinstance(value, int) else value * factor


def _at(data: Any, path: str) -> Any:
    """Return what stands at a dotted path."""
    for part in path.split("."):
        if isinstance(data, list):
            names = [item.get("name") if isinstance(item, dict) else None for item in data]
            place = int(part) if part.isdigit() else names.index(part) if part in names else len(data)
            data = data[place] if place < len(data) else None
        elif isinstance(data, dict):
            if part not in data:
                near = difflib.get_close_matches(part, list(data), n=1, cutoff=0.4)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise InputError(f"{path}: the scenario has no value {part!r}{hint}")
            data = data[part]
        else:
            data = None
    return data
