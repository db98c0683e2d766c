"""Scenarios: shipped and own TOML files, loaded, overridden and validated."""

import copy
import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.errors import InputError

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from experiments.scenarios.schema import Scenario

FOLDER = Path(__file__).parent
_PLAINLY = {
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "too_short": "must have at least {min_length} item",
}
"""What to say in place of words that only Python programmers know, by type of fault."""


def shipped() -> dict[str, Path]:
    """Return the shipped scenario files by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def available() -> dict[str, str]:
    """Return the shipped scenarios: name -> one line."""
    return {name: tomllib.loads(path.read_text("utf-8"))["title"] for name, path in shipped().items()}


def load(name_or_path: str, overrides: dict[str, Any] | None = None) -> "Scenario":
    """Return a validated scenario.

    Parameters
    ----------
    name_or_path
        Name of a shipped scenario, or path of a TOML file.
    overrides
        Dotted path -> value, such as ``{"retail.traders": "500", "assets.0.depth_1pct_usd": 1e6}``; strings
        are read as TOML values where they are such. List items are named by number, assets also by name.

    Raises
    ------
    InputError
        With one line for each fault: unknown scenario, unreadable file, unknown key, value out of bounds.
    """
    data, folder = read(name_or_path)
    return resolve(data, overrides or {}).read_from(folder)


def read(name_or_path: str) -> tuple[dict[str, Any], Path]:
    """Return what a scenario file says, not yet validated, and the folder that it lies in.

    Raises
    ------
    InputError
        For an unknown scenario and an unreadable file.
    """
    path = shipped().get(name_or_path)
    if path is None:
        path = Path(name_or_path)
        if path.suffix != ".toml" and not path.exists():
            raise InputError(_unknown("scenario", name_or_path, list(shipped())))
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"scenario file {path}: no such file") from error
    except OSError as error:
        raise InputError(f"scenario file {path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"scenario file {path}: not UTF-8 text (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"scenario file {path}: not valid TOML ({error})") from error
    return data, path.parent


def resolve(data: dict[str, Any], overrides: Mapping[str, Any]) -> "Scenario":
    """Return the scenario that ``data`` describes with ``overrides``; ``data`` is left as it is.

    Raises
    ------
    InputError
        With one line for each fault.
    """
    changed = copy.deepcopy(data)
    for key, value in overrides.items():
        _override(changed, key, value)
    return parse(changed)


def parse(data: dict[str, Any]) -> "Scenario":
    """Return the scenario that ``data`` describes.

    Raises
    ------
    InputError
        With one line for each fault.
    """
    from pydantic import ValidationError

    from experiments.scenarios.schema import Scenario

    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        raise InputError("\n".join(fault_sentences(error, Scenario))) from None
    mistaken = [f"{path}: must be a number, got {given!r}" for path, given in _no_numbers(data, scenario)]
    if mistaken:
        raise InputError("\n".join(mistaken))
    return scenario


def fault_sentences(error: "ValidationError", model: "type[BaseModel]") -> list[str]:
    """Return one line for each fault of a file that ``model`` validates."""
    return [_sentence(fault, model) for fault in _causes(error.errors())]


def changed(scenario: "Scenario", overrides: dict[str, Any]) -> "Scenario":
    """Return the scenario with other values, dotted path -> value as in `load`.

    Raises
    ------
    InputError
        With one line for each fault.
    """
    data = scenario.model_dump(mode="json", exclude_none=True)
    for key, value in overrides.items():
        _override(data, key, value)
    fresh = parse(data)
    return fresh if scenario.folder is None else fresh.read_from(scenario.folder)


def _causes(faults: Sequence[Any]) -> list[Any]:
    """Drop complaints that a list is short, where only its faulty items are not counted."""
    places = [fault["loc"] for fault in faults]
    return [
        fault
        for fault in faults
        if fault["type"] != "too_short"
        or not any(
            len(place) > len(fault["loc"]) and place[: len(fault["loc"])] == fault["loc"] for place in places
        )
    ]


def _no_numbers(given: Any, taken: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what was given as text or as true or false and taken as a number, with its path."""
    if isinstance(given, dict):
        for key, value in given.items():
            child = taken[key] if isinstance(taken, dict) else getattr(taken, key)
            yield from _no_numbers(value, child, f"{path}.{key}".lstrip("."))
    elif isinstance(given, list | tuple):
        for n, (value, child) in enumerate(zip(given, taken, strict=True)):
            yield from _no_numbers(value, child, f"{path}.{n}")
    elif isinstance(given, bool | str) and type(taken) is not type(given):
        yield path, given


def _sentence(fault: Any, model: "type[BaseModel]") -> str:
    path = ".".join(str(part) for part in fault["loc"])
    if fault["type"] in _PLAINLY:
        return f"{path}: {_PLAINLY[fault['type']].format(**fault.get('ctx', {}))}, got {fault['input']!r}"
    if fault["type"] == "extra_forbidden":
        return _unknown("key", path, _siblings(fault["loc"], model))
    if fault["type"] == "missing":
        return f"{path}: missing; it must be given"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return f"{path}: {message}" if path else message
    return f"{path}: {message[0].lower()}{message[1:]}, got {fault['input']!r}"


def _siblings(location: tuple[int | str, ...], root: "type[BaseModel]") -> list[str]:
    """Return full paths of the keys allowed where ``location`` was found."""
    from pydantic import BaseModel

    model: Any = root
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        arguments = getattr(annotation, "__args__", (annotation,))
        model = next((a for a in arguments if isinstance(a, type) and issubclass(a, BaseModel)), None)
        if model is None:
            return []
    prefix = ".".join(str(part) for part in location[:-1])
    return [f"{prefix}.{name}" if prefix else name for name in model.model_fields]


def _unknown(what: str, given: str, known: list[str]) -> str:
    near = difflib.get_close_matches(given, known, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"unknown {what} {given!r}{hint} (known: {', '.join(known)})"


def _override(data: dict[str, Any], key: str, value: Any) -> None:
    """Set the item at dotted path ``key``."""
    target: Any = data
    parts = key.split(".")
    for part, below in pairwise(parts):
        if isinstance(target, list):
            target = _item(target, part, key)
        elif part not in target and below.isdigit():
            raise InputError(f"--set {key}: {part!r} has no items in this scenario")
        else:
            target = target.setdefault(part, {})
        if not isinstance(target, dict | list):
            raise InputError(f"--set {key}: {part!r} is a value, not a table")
    if isinstance(target, list):
        index = target.index(_item(target, parts[-1], key))
        target[index] = _read(value)
    else:
        target[parts[-1]] = _read(value)


def _item(items: list[Any], part: str, key: str) -> Any:
    """Return the item of a list that ``part`` names, by number or by its ``name``."""
    if part.isdigit() and int(part) < len(items):
        return items[int(part)]
    for item in items:
        if isinstance(item, dict) and item.get("name") == part:
            return item
    names = [str(item.get("name", n)) if isinstance(item, dict) else str(n) for n, item in enumerate(items)]
    raise InputError(f"--set {key}: " + _unknown("item", part, names))


def _read(value: Any) -> Any:
    """Return ``value``, parsed as a TOML value if it is a string that is one."""
    if not isinstance(value, str):
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value
