"""``undertow venues``: every preset in one line, and its rules in words with numbers."""

import pytest

from abm.venues.presets import preset_names
from experiments.errors import InputError
from experiments.venues import print_venue, venue_lines


def test_every_preset_has_one_line():
    lines = venue_lines()
    assert list(lines) == preset_names()
    assert all(line and "\n" not in line for line in lines.values())


@pytest.mark.parametrize("name", preset_names())
def test_rules_are_printed_in_words(name, capsys):
    print_venue(name)
    shown = capsys.readouterr().out
    for title in ("liquidation", "auto-deleveraging", "mark", "funding", "sources"):
        assert title in shown
    assert "{" not in shown


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("hyperliquid-2025", ("20% of positions above 100,000 USD", "66.7%", "1.25 %", "previous mark")),
        ("okx-2025", ("cut by 2", "30% below its peak of 8 h", "0.06 %")),
        ("bybit-2024", ("average entry price", "until less than 25%", "BTC 98 %, 95 % from 10")),
        ("gmx-v2", ("to the power 2", "6e-11", "90% of the pool")),
    ],
)
def test_numbers_of_the_rules_are_there(name, numbers, capsys):
    print_venue(name)
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for number in numbers:
        assert number in shown


def test_unknown_preset_names_the_nearest():
    with pytest.raises(InputError, match="unknown name 'okx'; did you mean 'okx-2025'"):
        print_venue("okx")
