import numpy as np

from abm.book.messages import REJECTED_BAND, REJECTED_MARGIN
from abm.exchange_events import (
    HALT_COLUMNS,
    OUTAGE_COLUMNS,
    REFUSED_COLUMNS,
    halt_table,
    outage_table,
    refusal_table,
)

TIME = np.arange(1.0, 11.0)


def test_an_outage_lasts_while_the_feed_is_late():
    delay = np.array([0.0, 2.0, 3.0, 4.0, 2.0, 0.0, 0.0, 0.0, 9.0, 9.0])
    table = outage_table(TIME, {"hub": delay, "dex": np.zeros(10)}, {"hub": [(8.0, 20.0)]})
    assert tuple(table.columns) == OUTAGE_COLUMNS
    assert table["exchange"].tolist() == ["hub", "hub"]
    assert table["time_s"].tolist() == [3.0, 9.0]
    assert table["end_s"].iloc[0] == 5.0
    assert np.isnan(table["end_s"].iloc[1])
    assert table["cause"].tolist() == ["load", "scheduled"]
    assert table["largest_delay_s"].tolist() == [4.0, 9.0]


def test_a_delay_of_two_seconds_is_no_outage():
    table = outage_table(TIME, {"hub": np.full(10, 2.0)}, {})
    assert len(table) == 0
    assert tuple(table.columns) == OUTAGE_COLUMNS


def test_a_window_that_ends_before_the_feed_is_late_is_not_its_cause():
    delay = np.where(TIME == 7.0, 5.0, 0.0)
    table = outage_table(TIME, {"hub": delay}, {"hub": [(1.0, 5.0), (7.0, 9.0)]})
    assert table["cause"].tolist() == ["load"]


def test_halts_are_windows_of_each_instrument():
    events = [(5.0, "BTC-PERP", True), (6.0, "ETH-PERP", True), (9.0, "BTC-PERP", False)]
    table = halt_table({"hub": events, "dex": [(2.0, "BTC-PERP@dex", True), (3.0, "BTC-PERP@dex", False)]})
    assert tuple(table.columns) == HALT_COLUMNS
    assert table["instrument"].tolist() == ["BTC-PERP@dex", "BTC-PERP", "ETH-PERP"]
    assert table["end_s"].iloc[:2].tolist() == [3.0, 9.0]
    assert np.isnan(table["end_s"].iloc[2])


def test_refused_orders_have_reasons_in_words():
    refused = {"hub": {REJECTED_MARGIN: 3, REJECTED_BAND: 2}, "dex": {}}
    table = refusal_table(refused, {"hub": 0, "dex": 7})
    assert tuple(table.columns) == REFUSED_COLUMNS
    assert table.values.tolist() == [
        ["hub", "not enough margin", 3],
        ["hub", "price outside the price band", 2],
        ["dex", "too many orders", 7],
    ]
