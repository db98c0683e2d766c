"""The table of liquidation prices in the documentation says what the venues' own examples say."""

from importlib import import_module
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def page():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).resolve().parents[2] / "docs" / "_ext")
        yield import_module("liquidation_prices")


@pytest.mark.parametrize(
    ("rule", "published"), [("Binance USDS-M", 8.0808), ("OKX, Gate", 8.0857), ("Bybit 2024", 8.1000)]
)
def test_published_prices_of_one_position(page, rule, published):
    found = {name: price for (name, _), price in page.linear_prices(1).items()}
    assert round(found[rule], 4) == published


def test_short_prices_are_those_of_the_same_sources(page):
    # freqtrade test_exchange.py: OKX-type 11.8741, Bybit 11.9
    found = {name: price for (name, _), price in page.linear_prices(-1).items()}
    assert round(found["OKX, Gate"], 4) == 11.8741
    assert round(found["Bybit 2024"], 4) == 11.9


def test_every_rule_is_between_entry_and_bankruptcy(page):
    for prices in (page.linear_prices, page.inverse_prices):
        for side in (1, -1):
            found = {name: price for (name, _), price in prices(side).items()}
            bankrupt = found.pop("bankruptcy price")
            assert all(side * bankrupt < side * price < side * page.ENTRY for price in found.values())


def test_page_has_a_row_for_each_rule(page):
    rows = page.markdown().splitlines()[2:]
    assert len(rows) == len(page.linear_prices(1)) + len(page.inverse_prices(1))
    assert "| linear | Bybit 2024 | entry | 8.1000 | 11.9000 |" in rows
