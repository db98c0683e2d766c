"""Write the table of target bands from the file that scenarios are judged by."""

from typing import TYPE_CHECKING, Any

from experiments.report.words import number, span
from experiments.targets import Target, load_targets

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MARK = "<!-- targets: {} -->"
EVENTS = ("calm", "october-2025", "march-2020")
HEAD = "| band | what | real | accepted | measured as | source |\n| --- | --- | ---: | --- | --- | --- |\n"


def row(target: Target) -> str:
    """Return the row of a band; times stay in the unit of the file."""
    unit = "" if target.unit in ("ratio", "correlation", "minutes") else target.unit
    accepted = span(target.low, target.high, unit).strip()
    real = number(100.0 * target.real) + " %" if target.unit == "share" else number(target.real)
    if target.unit == "minutes":
        accepted, real = f"{number(target.low)} to {number(target.high)} minutes", f"{real} minutes"
    measured = f"`{target.metric}`" if target.metric else f"share removed by `{target.twin}` off"
    if target.why_not:
        measured = f"not measured: {target.why_not}"
    return f"| {target.id} | {target.title} | {real} | {accepted} | {measured} | {target.source} |\n"


def markdown(event: str) -> str:
    """Return the table of one event as Markdown."""
    return HEAD + "".join(row(target) for target in load_targets() if target.event == event)


def fill_in(app: "Sphinx", docname: str, source: list[str]) -> None:
    """Put each table where a page asks for it."""
    for event in EVENTS:
        if MARK.format(event) in source[0]:
            source[0] = source[0].replace(MARK.format(event), markdown(event))


def setup(app: "Sphinx") -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("source-read", fill_in)
    return {"parallel_read_safe": True}
