"""Write the tables of recorded series from the dictionaries that name them."""

from typing import Any

from sphinx.application import Sphinx

from abm import trace

NAMES = ("INSTRUMENT_SERIES", "ASSET_SERIES", "WORLD_SERIES", "CREDIT_SERIES", "EXCHANGE_SERIES")


def table(series: dict[str, str]) -> str:
    """Return a Markdown table of names and meanings."""
    rows = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in series.items())
    return f"| name | unit and meaning |\n| --- | --- |\n{rows}"


def fill_in(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put each table where a page asks for it."""
    for name in NAMES:
        source[0] = source[0].replace(f"<!-- series: {name} -->", table(getattr(trace, name)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("source-read", fill_in)
    return {"parallel_read_safe": True}
