"""Write the reference of the command line from what the commands say of themselves."""

from typing import Any

from sphinx.application import Sphinx
from typer.testing import CliRunner

from experiments.cli import app as commands

MARK = "<!-- commands -->"


def help_of(*words: str) -> str:
    """Return what ``undertow WORDS --help`` prints."""
    environment = {"NO_COLOR": "1"}
    return (
        CliRunner().invoke(commands, [*words, "--help"], prog_name="undertow", env=environment).output.strip()
    )


def markdown() -> str:
    """Return the reference as Markdown, one section for each command."""
    names = [command.name or "" for command in commands.registered_commands]
    text = f"```text\n{help_of()}\n```\n\n"
    return text + "".join(f"## `undertow {name}`\n\n```text\n{help_of(name)}\n```\n\n" for name in names)


def fill_in(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the reference where a page asks for it."""
    if MARK in source[0]:
        source[0] = source[0].replace(MARK, markdown())


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("source-read", fill_in)
    return {"parallel_read_safe": True}
