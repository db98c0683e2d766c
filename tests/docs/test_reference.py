"""Hand-written reference tables name everything that the code has."""

import re
from pathlib import Path

import pytest

from abm.book import messages
from abm.market_view import view_dtype
from experiments.metrics import METRICS

REFERENCE = Path(__file__).resolve().parent.parent.parent / "docs" / "reference"


def first_cells(page: str) -> set[str]:
    """Return every code word in the first cell of a table row."""
    rows = re.findall(r"^\| (`[^|]+) \|", (REFERENCE / page).read_text("utf-8"), re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("order-book.md", messages.message_dtype.names),
        ("order-book.md", messages.fill_dtype.names),
        ("python.md", view_dtype.names),
    ],
)
def test_every_column_is_documented(page, names):
    assert set(names) - first_cells(page) == set()


def test_every_code_of_a_message_is_documented():
    codes = {name for name, value in vars(messages).items() if name.isupper() and isinstance(value, int)}
    assert codes - first_cells("order-book.md") == {"BUY", "SELL", "OWN", "LIQUIDATION", "FUND", "STOP"}


def test_every_metric_is_documented():
    text = (REFERENCE / "summary.md").read_text("utf-8")
    assert [name for name in METRICS if f"`{name}`" not in text] == []
