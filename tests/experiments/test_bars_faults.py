"""Every fault of a bar file is told in one clear line that names the file and the place."""

import pytest

from experiments.bars import load_bars
from experiments.errors import InputError

HEADER = "time,open,high,low,close,volume\n"


def row(i: int, open_="100", high="101", low="99", close="100", volume="5", minute: int | None = None) -> str:
    at = i if minute is None else minute
    return f"2025-10-10T20:{at:02d}:00Z,{open_},{high},{low},{close},{volume}\n"


def whole(**changed: str) -> str:
    return HEADER + "".join(changed.get(f"bar{i}", row(i)) for i in range(20))


FAULTS = {
    "nan price": (whole(bar7=row(7, close="")), r"close at 2025-10-10 20:07 UTC is missing .*1 of 20"),
    "nan word": (whole(bar7=row(7, high="nan")), "high at 2025-10-10 20:07 UTC is missing"),
    "infinite": (whole(bar7=row(7, high="inf")), "high at 2025-10-10 20:07 UTC is missing or not finite"),
    "zero price": (whole(bar7=row(7, low="0")), "low at 2025-10-10 20:07 UTC is 0, not positive"),
    "negative price": (whole(bar7=row(7, low="-2.5")), "is -2.5, not positive"),
    "word for a price": (whole(bar7=row(7, close="n/a!")), "'n/a!' in column 'close' is not a number .bar 8"),
    "high below low": (whole(bar7=row(7, high="98")), "high 98 is below low 99 at 2025-10-10 20:07 UTC"),
    "negative volume": (whole(bar7=row(7, volume="-1")), "'volume' holds a negative volume .bar 8"),
    "twice": (whole(bar7=row(6)), "the time 2025-10-10 20:06 UTC comes twice .bars 7 and 8"),
    "unsorted": (whole(bar7=row(7, minute=3)), "times are not in order: bar 8 .2025-10-10 20:03 UTC"),
    "backwards": (
        HEADER + "".join(row(i) for i in range(19, -1, -1)),
        "all bars run backwards, sort the file",
    ),
    "bad time": (whole(bar7="noon,1,1,1,1,1\n"), "'noon' is neither ISO 8601 nor epoch time .bar 8"),
    "half bars": (whole(bar7=row(7) + "2025-10-10T20:07:30Z,1,1,1,1,1\n"), "bars are 60 s long"),
    "too few": (HEADER + "".join(row(i) for i in range(9)), "9 bars are too few, at least 10"),
    "only a header": (HEADER, "0 bars are too few"),
    "empty": ("", "cannot be read as CSV"),
    "misspelt close": (whole().replace("close", "clsoe"), "no column 'close' .nearest: 'clsoe'"),
    "no high": (whole().replace("high", "top"), "no column 'high'; there are time, open, top, low, close"),
    "no time": (whole().replace("time", "tmie"), "no column 'time' .nearest: 'tmie'"),
    "only text": ("time,note\n" + "2025-10-10,x\n" * 12, "no column 'close'"),
    "narrow headerless": ("1760130000,100\n1760130060,100\n", "no header, and 2 columns"),
    "several prices": (
        "time,btc,eth\n" + "".join(f"2025-10-{i:02d},1,2\n" for i in range(1, 15)),
        "2 price columns, choose one with --symbol: btc, eth",
    ),
    "several symbols": (
        "time,symbol,close\n2025-10-10,BTC,1\n2025-10-10,ETH,1\n",
        "2 instruments, choose one with --symbol: BTC, ETH",
    ),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_faults(tmp_path, text, message):
    file = tmp_path / "bars.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        load_bars(file)
    assert str(caught.value).startswith("bars.csv: ")
    assert "\n" not in str(caught.value)


def test_wrong_symbols_name_the_nearest(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text("time,pair,close\n2025-10-10,BTCUSDT,1\n2025-10-10,ETHUSDT,1\n")
    with pytest.raises(
        InputError, match=r"no symbol 'BTCUSD' .nearest: 'BTCUSDT'.; there are BTCUSDT, ETHUSDT"
    ):
        load_bars(file, "BTCUSD")
    file.write_text("time,exchange,symbol,close\n2025-10-10,a,BTC,1\n2025-10-10,b,BTC,1\n")
    with pytest.raises(InputError, match="'BTC' is there 2 times, choose one of a/BTC, b/BTC"):
        load_bars(file, "BTC")
    file.write_text("time,btc,eth\n" + "".join(f"2025-10-{i:02d},1,2\n" for i in range(1, 15)))
    with pytest.raises(InputError, match=r"no price column 'btx' .nearest: 'btc'"):
        load_bars(file, "btx")


def test_files_that_are_not_there_or_not_text(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.csv: no such file"):
        load_bars(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match="is a folder"):
        load_bars(tmp_path)
    broken = tmp_path / "bars.csv.gz"
    broken.write_bytes(b"not compressed at all")
    with pytest.raises(InputError, match=r"bars\.csv\.gz: cannot be read as CSV"):
        load_bars(broken)
    binary = tmp_path / "bars.csv"
    binary.write_bytes(bytes(range(128, 256)) * 20)
    with pytest.raises(InputError, match="cannot be read as CSV"):
        load_bars(binary)
