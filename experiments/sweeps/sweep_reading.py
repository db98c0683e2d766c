"""Reading sweep files, and saying what is wrong with them."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from experiments.errors import InputError
from experiments.scenarios import fault_sentences
from experiments.sweeps.sweep_file import SweepFile


def read_sweep(path: Path) -> SweepFile:
    """Return a validated sweep file.

    Raises
    ------
    InputError
        With one line for each fault, each beginning with the file's key.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"sweep file {path}: no such file") from error
    except OSError as error:
        raise InputError(f"sweep file {path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"sweep file {path}: not UTF-8 text (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"sweep file {path}: not valid TOML ({error})") from error
    return parse_sweep(data)


def parse_sweep(data: Mapping[str, Any]) -> SweepFile:
    """Return the sweep that ``data`` describes.

    Raises
    ------
    InputError
        With one line for each fault.
    """
    given = dict(data)
    if isinstance(given.get("set"), dict):
        given["set"] = dict(flat(given["set"]))
    try:
        return SweepFile.model_validate(given)
    except ValidationError as error:
        raise InputError("\n".join(fault_sentences(error, SweepFile))) from None


def flat(table: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """Return nested tables as pairs of dotted path and value."""
    pairs = []
    for key, value in table.items():
        path = f"{above}{key}"
        pairs += flat(value, f"{path}.") if isinstance(value, dict) else [(path, value)]
    return pairs
