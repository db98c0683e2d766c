"""Reading what was typed, and saying what is wrong with it."""

import shlex
import sys
from itertools import pairwise
from typing import NoReturn

from experiments.errors import InputError


def parse_overrides(items: list[str], option: str = "--set") -> dict[str, str]:
    """Return the ``KEY=VALUE`` items of an option as a dictionary."""
    return dict(split_pair(option, item, "KEY=VALUE") for item in items)


def split_pair(option: str, item: str, form: str) -> tuple[str, str]:
    """Split ``item`` at its first equals sign.

    Raises
    ------
    InputError
        When there is none, or nothing on one of its sides.
    """
    name, sign, value = item.partition("=")
    if not (sign and name.strip() and value.strip()):
        raise InputError(f"{option}: {item!r} is not of the form {form}")
    return name.strip(), value.strip()


def available_cores() -> int:
    """Return how many processor cores this process may use."""
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def command_line() -> str:
    """Return the command as it was typed, quoted for a shell."""
    return shlex.join(["undertow", *sys.argv[1:]])


def print_list(items: dict[str, str]) -> None:
    """Print names and one line each, in columns."""
    width = max(map(len, items), default=0)
    for name, line in items.items():
        print(f"{name:<{width}}  {line}")


def fail(message: str, status: int = 2) -> NoReturn:
    """Print each line of ``message`` as an error and leave."""
    for line in message.splitlines():
        print(f"undertow: error: {line}", file=sys.stderr)
    raise SystemExit(status)


def usage_message(error: BaseException, commands: list[str]) -> str:
    """Return Click's message on one line, with the value that was given and the nearest command."""
    formatted = getattr(error, "format_message", None)
    message = " ".join(str(formatted() if callable(formatted) else error).split())
    words = sys.argv[1:]
    for option, value in pairwise(words):
        if f"'{option}'" in message and "Invalid value" in message:
            return f"{message}, got {value!r}"
    if words and f"'{words[0]}'" in message and "did you mean" not in message.lower():  # as some versions ask
        return message.rstrip(".") + _nearest_command(words[0], commands)
    return message


def _nearest_command(word: str, commands: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word, commands, n=1, cutoff=0.4)
    return f"; did you mean {near[0]}?" if near else f" (known: {', '.join(commands)})"
