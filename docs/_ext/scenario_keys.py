"""Write the references of scenario and sweep keys from the models that validate these files."""

import json
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from sphinx.application import Sphinx

from experiments.calibration.calibration_file import CalibrationFile
from experiments.scenarios.schema import Scenario
from experiments.sweeps.sweep_file import SweepFile

MARKS: dict[str, tuple[type[BaseModel], str]] = {
    "<!-- scenario keys -->": (Scenario, "keys"),
    "<!-- sweep keys -->": (SweepFile, "sweep-keys"),
    "<!-- calibration keys -->": (CalibrationFile, "calibration-keys"),
}
HEAD = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n"
STYLE = ":::{rst-class} keys\n:::\n\n"
SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
NAMES = {float: "number", int: "whole number", str: "text", bool: "true or false", Any: "value"}


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Return the model inside an annotation such as ``tuple[Asset, ...]`` or ``Whale | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_of(part))), None)


def repeats(annotation: Any) -> bool:
    """Tell whether the key holds a list."""
    return get_origin(annotation) is tuple


def type_words(annotation: Any) -> str:
    """Return the type of a key in words."""
    origin, parts = get_origin(annotation), [part for part in get_args(annotation) if part is not type(None)]
    if origin is Annotated:
        return type_words(parts[0])
    if origin is Literal:
        return "one of " + ", ".join(f"`{choice}`" for choice in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(type_words(part) for part in parts)
    if origin is tuple:
        return f"list of {type_words(parts[0])}s"
    if origin is dict:
        return f"table of {type_words(parts[1])}s"
    if model_of(annotation):
        return "table"
    return NAMES[annotation]


def bounds(field: FieldInfo) -> str:
    """Return the bounds of a key, such as ``> 0, ≤ 125``."""
    given = {
        key: getattr(rule, key)
        for rule in field.metadata
        for key in ("gt", "ge", "lt", "le", "min_length", "max_length")
        if hasattr(rule, key)
    }
    words = [f"{sign}&nbsp;{given[key]:,g}" for key, sign in SIGNS.items() if key in given]
    unit = "characters" if field.annotation is str else "entries"
    if "max_length" in given:
        words.append(f"{given.get('min_length', 0)} to {given['max_length']} {unit}")
    return ", ".join(words).replace("e+0", "e").replace("e+", "e")


def default(field: FieldInfo) -> str:
    """Return the default of a key as TOML would write it."""
    if field.is_required():
        return "*required*"
    if model_of(field.annotation):
        return "none" if field.default in (None, ()) else "see there"
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value in (None, (), {}):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`' if value else ""
    if isinstance(value, tuple):
        return f"`{json.dumps(value)}`"
    return f"`{value:g}`".replace("e+0", "e")


def sections(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield (TOML header, model) of a model and all the models below it."""
    yield path, model
    for name, field in model.model_fields.items():
        below = model_of(field.annotation)
        if below:
            header = f"{path.strip('[]')}.{name}".lstrip(".")
            yield from sections(below, f"[[{header}]]" if repeats(field.annotation) else f"[{header}]")


def label(path: str, prefix: str) -> str:
    """Return the link target of a table of the file."""
    return f"{prefix}-" + (path.strip("[]").replace(".", "-") or "top")


def link(path: str, name: str, field: FieldInfo, prefix: str) -> str:
    """Return the name of a key, linked to its own table if it has one."""
    below = f"{path.strip('[]')}.{name}".lstrip(".")
    return f"[`{name}`](#{label(below, prefix)})" if model_of(field.annotation) else f"`{name}`"


def table(path: str, model: type[BaseModel], prefix: str) -> str:
    """Return the Markdown table of one model's keys."""
    rows = ""
    for name, field in model.model_fields.items():
        value = ", ".join(filter(None, (type_words(field.annotation), bounds(field))))
        key = link(path, name, field, prefix)
        rows += f"| {key} | {value} | {default(field)} | {field.description or ''} |\n"
    return HEAD + rows


def markdown(root: type[BaseModel], prefix: str) -> str:
    """Return the reference as Markdown: one section and one table for each table of a file."""
    text = ""
    for path, model in sections(root):
        summary = " ".join((model.__doc__ or "").strip().partition("\n\n")[0].split())
        title = f"`{path}`" if path else "Top level"
        text += (
            f"({label(path, prefix)})=\n\n## {title}\n\n{summary}\n\n{STYLE}{table(path, model, prefix)}\n"
        )
    return text


def fill_in(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put a reference where a page asks for it."""
    for mark, (root, prefix) in MARKS.items():
        if mark in source[0]:
            source[0] = source[0].replace(mark, markdown(root, prefix))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("source-read", fill_in)
    return {"parallel_read_safe": True}
