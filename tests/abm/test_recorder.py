"""The recorder: one row a step, in the units of the trace."""

import numpy as np
import pytest

from abm.book.messages import BUY, LIMIT, MARKET, SELL, message_table
from abm.book.orderbook import OrderBooks
from abm.compiled import for_kernels
from abm.instruments import Instrument, instrument_table
from abm.market_view import market_view, refresh
from abm.recorder import Recorder, record_books, record_fills
from abm.trace import EXCHANGE_SERIES, INSTRUMENT_SERIES, WORLD_SERIES

TABLE = for_kernels(
    instrument_table(
        [Instrument("X-PERP", "X", "perpetual", 0.1, 0.01), Instrument("X-SPOT", "X", "spot", 0.1, 0.01)],
        ["X"],
    )
)
PERP, SPOT = 0, 1


@pytest.fixture
def books():
    made = OrderBooks(2, 4)
    rows = message_table(7)
    rows["id"] = np.arange(1, 8)
    rows["kind"] = LIMIT
    rows["side"] = [BUY, BUY, BUY, SELL, SELL, SELL, SELL]
    rows["price"] = [999, 991, 980, 1001, 1010, 1012, 1000]
    rows["lots"] = [10, 20, 40, 10, 30, 50, 7]
    rows["account"] = [0, 0, 0, 1, 1, 1, 1]
    rows["instrument"] = [PERP] * 6 + [SPOT]
    made.process(rows)
    return made


def trade(books, recorder, side, lots):
    row = message_table(1)
    row["id"], row["kind"], row["side"], row["lots"], row["account"] = 100 + side, MARKET, side, lots, 2
    fills = books.process(row)
    record_fills(recorder.row, for_kernels(fills), TABLE)
    return fills


def write(books, recorder, time_s):
    view = market_view(np.array([100.0, 100.0]), np.full(2, 1e-4))
    plain = for_kernels(books.books)
    refresh(view, plain, TABLE, 1.0)
    record_books(recorder.row, plain, view, TABLE, books.position, 8.0)
    recorder.finish_step(time_s, np.array([101.0]), sentiment=-0.5)


def test_a_row_of_prices_depth_volume_and_open_interest(books):
    recorder = Recorder(2, 2, 1)
    trade(books, recorder, BUY, 12)  # 10 at 100.1 and 2 at 101
    trade(books, recorder, SELL, 4)  # 4 at 99.9
    write(books, recorder, 1.0)
    row = recorder.by_instrument[0, PERP]
    assert (row["last"], row["low"], row["high"]) == pytest.approx((99.9, 99.9, 101.0))
    assert (row["bid"], row["ask"]) == pytest.approx((99.9, 101.0))
    assert row["volume"] == pytest.approx(0.01 * (10 * 100.1 + 2 * 101.0 + 4 * 99.9))
    assert row["taker_buy"] == pytest.approx(0.01 * (10 * 100.1 + 2 * 101.0))
    # mid 100.45: bids from 99.4455 up, asks up to 101.4545
    assert row["depth_bid"] == pytest.approx(0.01 * 6 * 99.9)
    assert row["depth_ask"] == pytest.approx(0.01 * (28 * 101.0 + 50 * 101.2))
    assert row["open_interest"] == pytest.approx(0.01 * 12)  # the buyer of 12 sold 4; account 0 bought 4
    spot = recorder.by_instrument[0, SPOT]
    assert np.isnan(spot["bid"])
    assert spot["ask"] == pytest.approx(100.0)
    assert spot["open_interest"] == spot["volume"] == spot["depth_ask"] == 0.0
    assert recorder.time_s[0] == 1.0
    assert recorder.by_asset["value"][0, 0] == 101.0
    assert recorder.world["sentiment"][0] == -0.5


def test_rows_follow_each_other_and_a_quiet_step_repeats_the_last_price(books):
    recorder = Recorder(2, 2, 1)
    trade(books, recorder, BUY, 1)
    write(books, recorder, 1.0)
    books.reset_range()
    write(books, recorder, 2.0)
    quiet = recorder.by_instrument[1, PERP]
    assert (quiet["last"], quiet["low"], quiet["high"]) == pytest.approx((100.1, 100.1, 100.1))
    assert quiet["volume"] == 0.0
    assert recorder.steps == 2


def test_each_exchange_has_series_of_its_own():
    world = Recorder(2, 1, 1, ("hub", "dex")).world
    assert {f"{name}@{exchange}" for name in EXCHANGE_SERIES for exchange in ("hub", "dex")} <= set(world)
    assert set(WORLD_SERIES) <= set(world)


def test_every_named_series_has_a_column():
    assert Recorder(1, 1, 1).by_instrument.dtype.names == tuple(INSTRUMENT_SERIES)
