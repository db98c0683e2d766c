"""Every shape of a bar file that users bring gives the same bars."""

import gzip
from datetime import UTC, datetime

import numpy as np
import pytest
from real_data import real_file

from experiments.bars import load_bars

START = datetime(2025, 10, 10, 20, 0, tzinfo=UTC)
EPOCH = int(START.timestamp())
N = 12
PRICES = [(100.0 + i, 101.5 + i, 99.5 + i, 100.5 + i, 10.0 * (i + 1)) for i in range(N)]


def epochs(scale: int) -> list[str]:
    return [str((EPOCH + 300 * i) * scale) for i in range(N)]


def iso(i: int) -> str:
    return datetime.fromtimestamp(EPOCH + 300 * i, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def rows(times: list[str]) -> str:
    return "".join(f"{t},{','.join(map(str, p))}\n" for t, p in zip(times, PRICES, strict=True))


def archive(scale: int) -> str:
    lines = []
    for i, (o, h, low, c, v) in enumerate(PRICES):
        begin = (EPOCH + 300 * i) * scale
        lines.append(f"{begin},{o},{h},{low},{c},{v},{begin + 300 * scale - 1},{v * c},7,1.0,2.0,0\n")
    return "".join(lines)


ISO = [iso(i) for i in range(N)]
SHAPES = {
    "iso": "time,open,high,low,close,volume\n" + rows(ISO),
    "zone": "date,open,high,low,close,vol_base\n" + rows([t.replace(" ", "T") + "+00:00" for t in ISO]),
    "capital": "Date,Open,High,Low,Close,Volume\n" + rows(ISO),
    "seconds": "timestamp,open,high,low,close,volume\n" + rows(epochs(1)),
    "milliseconds": "open_time,open,high,low,close,volume\n" + rows(epochs(1000)),
    "microseconds": "open_time,open,high,low,close,volume\n" + rows(epochs(1_000_000)),
    "archive ms": archive(1000),
    "archive us": archive(1_000_000),
    "archive header": "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore\n" + archive(1000),
    "headerless": rows(epochs(1)),
    "address above": "https://www.CryptoDataDownload.com\nunix,open,high,low,close,Volume\n"
    + rows(epochs(1000)),
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_known_shapes_agree(tmp_path, text):
    file = tmp_path / "bars.csv"
    file.write_text(text)
    bars = load_bars(file)
    assert (bars.step_s, bars.gaps, len(bars.time)) == (300.0, (), N)
    assert bars.time.dtype == np.dtype("datetime64[ns]")
    assert bars.begin_s[0] == EPOCH
    assert bars.span == "2025-10-10 20:00 to 2025-10-10 21:00 UTC"
    for column, values in zip(
        ("open", "high", "low", "close", "volume"), zip(*PRICES, strict=True), strict=True
    ):
        np.testing.assert_allclose(getattr(bars, column), values)
    np.testing.assert_allclose(bars.notional, [p[3] * p[4] for p in PRICES])
    path = bars.path()
    assert path.time_s[0] == EPOCH + 300
    assert path.begin_s == EPOCH


def test_compressed_files(tmp_path):
    file = tmp_path / "bars.csv.gz"
    file.write_bytes(gzip.compress(SHAPES["iso"].encode()))
    assert len(load_bars(file).time) == N


def test_other_zones_become_utc(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text("time,close\n" + "".join(f"2025-10-10T16:{5 * i:02d}:00-04:00,1\n" for i in range(N)))
    assert load_bars(file).begin_s[0] == EPOCH


def test_closes_only(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text(
        "time,btc_synth_close\n" + "".join(f"{t},{p[3]}\n" for t, p in zip(ISO, PRICES, strict=True))
    )
    bars = load_bars(file)
    for column in (bars.open, bars.high, bars.low, bars.close):
        np.testing.assert_array_equal(column, [p[3] for p in PRICES])
    assert bars.volume is None
    assert bars.notional is None


def test_quote_volume_alone_gives_both(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text("time,open,high,low,close,vol_quote\n" + rows(ISO))
    bars = load_bars(file)
    np.testing.assert_allclose(bars.notional, [p[4] for p in PRICES])
    np.testing.assert_allclose(bars.volume, [p[4] / p[3] for p in PRICES])


def test_one_of_several_instruments(tmp_path):
    file = tmp_path / "bars.csv"
    lines = [f"{t},{venue},{name},{10 * k + 1}\n" for t in ISO for k, (venue, name) in enumerate(PAIRS)]
    file.write_text("time,exchange,symbol,close\n" + "".join(lines))
    assert load_bars(file, "gemini/BTCUSD").close[0] == 11.0
    assert load_bars(file, "ethusd").close[0] == 21.0
    assert load_bars(file, "ethusd").name == "bars.csv ethusd"


PAIRS = [("coinbase", "BTCUSD"), ("gemini", "BTCUSD"), ("coinbase", "ETHUSD")]


def test_one_of_several_price_columns(tmp_path):
    file = tmp_path / "daily.csv"
    days = [f"2020-03-{d:02d}" for d in range(1, 21)]
    lines = [f"{d},1500,{'' if i % 7 == 0 else 3000 + i},{9000 - i}\n" for i, d in enumerate(days)]
    file.write_text("Date,GOLD,SPX,BTC\n" + "".join(lines))
    btc = load_bars(file, "BTC")
    assert (btc.step_s, btc.close[0], len(btc.close)) == (86400.0, 9000.0, 20)
    # of an outside asset the equity index is taken, and days without a price are closed days
    equity = load_bars(file, closed_markets=True)
    assert (equity.close[0], len(equity.close), equity.gaps) == (3001.0, 17, ())
    assert load_bars(file, "gold", closed_markets=True).close[0] == 1500.0


def test_missing_volume_in_single_bars_is_unknown(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text(
        "time,close,volume\n" + "".join(f"{t},1,{'' if i == 3 else 5}\n" for i, t in enumerate(ISO))
    )
    volume = load_bars(file).volume
    assert volume is not None
    assert np.isnan(volume[3])
    assert np.nansum(volume) == 5 * (N - 1)


def test_gaps_are_reported_with_their_size(tmp_path):
    file = tmp_path / "bars.csv"
    kept = [EPOCH + 300 * i for i in range(30) if i not in (3, 4, 8)]
    file.write_text("time,close\n" + "".join(f"{t},1\n" for t in kept))
    gaps = load_bars(file).gaps
    assert [(gap.missing, gap.after_s - EPOCH) for gap in gaps] == [(2, 600.0), (1, 2100.0)]


@pytest.mark.parametrize(
    ("name", "symbol", "step_s", "gaps"),
    [
        ("oct2025/btcusdt_perp_5m_2025.csv.gz", None, 300.0, 0),
        ("oct2025/btcusdt_index_5m_2025-10_12.csv.gz", None, 300.0, 1),
        ("oct2025/btcusdt_mark_1h_2025-09_12.csv", None, 3600.0, 0),
        ("oct2025/btc_coinm_index_1m_2025-10-09_10.csv", None, 60.0, 0),
        ("mar2020/btcusdt_spot_1h_2020-02-20_06-15.csv", None, 3600.0, 0),
        ("mar2020/btcusdt_spot_5m_2020-02-01_03-12T2110.csv.gz", None, 300.0, 3),
        ("mar2020/btcusdt_synthetic_5m_from_XTZ_2020-03-05_20.csv", None, 300.0, 0),
        ("mar2020/alts_btc_pairs_5m_2020-03-05_20.csv.gz", "LTCBTC", 300.0, 0),
        ("calm/btcusdt_spot_1h_2017_2026.csv.gz", None, 3600.0, 15),
        ("calm/ethusdt_spot_1m_2021-09-17_10-17.csv.gz", None, 60.0, 1),
    ],
)
def test_real_files_load(name, symbol, step_s, gaps):
    bars = load_bars(real_file(name), symbol)
    assert (bars.step_s, len(bars.gaps)) == (step_s, gaps)
    assert np.all(bars.low <= np.minimum(bars.open, bars.close))
    assert np.all(bars.high >= np.maximum(bars.open, bars.close))
