"""Instruments and the table that kernels read."""

import pytest

from abm.instruments import PERPETUAL, SPOT, Instrument, instrument_table


def test_value_of_one_lot_at_one_tick():
    assert Instrument("BTC-PERP", "BTC", "perpetual", 0.1, 0.001).tick_lot_value == 100
    assert Instrument("ALT-PERP", "ALT", "perpetual", 0.00001, 1.0).tick_lot_value == 10


@pytest.mark.parametrize(("tick", "lot"), [(0.001, 0.0001), (0.0000015, 1.0), (1e-9, 1.0)])
def test_prices_finer_than_money_are_refused(tick, lot):
    with pytest.raises(ValueError, match=r"instrument X: tick_size .* whole number of at least 1"):
        _ = Instrument("X", "X", "spot", tick, lot).tick_lot_value


def test_the_table_follows_the_list_and_links_perpetuals_to_spot():
    table = instrument_table(
        [
            Instrument("B-PERP", "B", "perpetual", 0.1, 0.01, 100, 400),
            Instrument("A-SPOT", "A", "spot", 0.5, 0.1),
            Instrument("C-PERP", "C", "perpetual", 1.0, 1.0),
            Instrument("B-SPOT", "B", "spot", 0.1, 0.01),
        ],
        ["A", "B", "C"],
    )
    assert table["kind"].tolist() == [PERPETUAL, SPOT, PERPETUAL, SPOT]
    assert table["asset"].tolist() == [1, 0, 2, 1]
    assert table["index_source"].tolist() == [3, -1, -1, -1]
    assert table["maker_fee"].tolist() == [100, 200, 200, 200]
    assert table["taker_fee"].tolist() == [400, 500, 500, 500]
    assert table["tick"].tolist() == [0.1, 0.5, 1.0, 0.1]
    assert table["lot"].tolist() == [0.01, 0.1, 1.0, 0.01]


def test_an_asset_outside_the_list_is_refused():
    with pytest.raises(ValueError, match="D"):
        instrument_table([Instrument("D-SPOT", "D", "spot", 0.1, 0.01)], ["A"])
