"""Which column of a bar file means what, and which rows belong to the instrument asked for."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.bars import Times
from experiments.errors import InputError

TIME_NAMES = ("time", "open_time", "open time", "timestamp", "datetime", "unix", "date")
SYMBOL_NAMES = ("symbol", "pair", "ticker", "instrument", "market")
VENUE_NAMES = ("exchange", "venue")
VOLUME_NAMES = ("vol_base", "volume", "vol", "base_volume")
NOTIONAL_NAMES = ("vol_quote", "quote_volume", "quote asset volume", "quote_asset_volume", "notional")
NOT_PRICES = (*TIME_NAMES, *SYMBOL_NAMES, *VENUE_NAMES, *VOLUME_NAMES, *NOTIONAL_NAMES, "count", "trades")
EQUITY_NAMES = ("spx", "spy", "s&p500", "sp500", "^gspc", "qqq")
OHLC = ("open", "high", "low", "close")
KLINE_ARCHIVE = (
    "open_time",
    *OHLC,
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "buy",
    "buy_quote",
    "ignore",
)


@dataclass(frozen=True)
class Columns:
    """Names of the columns to read: time, open to close, volume and notional (None where there is none)."""

    time: str
    prices: tuple[str, str, str, str]
    volume: str | None
    notional: str | None

    @property
    def close(self) -> str:
        """Return the column of the close."""
        return self.prices[3]


def read_table(file: Path) -> pd.DataFrame:
    """Read a CSV file, with or without a header, plain or compressed, into columns with lower-case names."""
    if not file.exists():
        raise InputError(f"{file}: no such file")
    if file.is_dir():
        raise InputError(f"{file}: is a folder, not a file of bars")
    try:
        first = pd.read_csv(file, header=None, nrows=1, dtype=str).iloc[0].tolist()
        # CryptoDataDownload puts its address above the header
        skip = 1 if len(first) == 1 and str(first[0]).startswith("http") else 0
        headerless = _is_number(first[0])
        table = pd.read_csv(file, header=None if headerless else 0, skiprows=skip, low_memory=False)
    except (OSError, ValueError, EOFError) as error:  # the parser's own errors and bad bytes are ValueErrors
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{file.name}: cannot be read as CSV ({reason})") from error
    if headerless:
        return _name_headerless(table, file.name)
    table.columns = pd.Index([str(column).strip().lower() for column in table.columns])
    return table


def _name_headerless(table: pd.DataFrame, file: str) -> pd.DataFrame:
    width = table.shape[1]
    if width < 5:
        raise InputError(f"{file}: no header, and {width} columns; a kline archive has 12")
    known = KLINE_ARCHIVE if width == len(KLINE_ARCHIVE) else KLINE_ARCHIVE[:6]
    table.columns = pd.Index([*known[:width], *(f"column {i}" for i in range(len(known) + 1, width + 1))])
    return table


def _is_number(text: object) -> bool:
    try:
        float(str(text))
    except ValueError:
        return False
    return True


def choose_rows(table: pd.DataFrame, symbol: str | None, file: str) -> pd.DataFrame:
    """Return the rows of one instrument of a table with a symbol column, else the whole table."""
    column = _present(table, SYMBOL_NAMES)
    if column is None:
        return table
    names = table[column].astype(str)
    venue = _present(table, VENUE_NAMES)
    full = names if venue is None else table[venue].astype(str) + "/" + names
    present = list(dict.fromkeys(full))
    if symbol is None:
        if len(present) == 1:
            return table
        raise InputError(f"{file}: {len(present)} instruments, choose one with --symbol: {_listing(present)}")
    wanted = (full.str.lower() == symbol.lower()) | (names.str.lower() == symbol.lower())
    found = list(dict.fromkeys(full[wanted]))
    if not found:
        raise InputError(
            f"{file}: no symbol {symbol!r}{_nearest(symbol, present)}; there are {_listing(present)}"
        )
    if len(found) > 1:
        raise InputError(f"{file}: {symbol!r} is there {len(found)} times, choose one of {_listing(found)}")
    return table[wanted]


def choose_columns(table: pd.DataFrame, symbol: str | None, file: str, *, equity: bool = False) -> Columns:
    """Return which columns hold what.

    Parameters
    ----------
    table
        From `choose_rows`.
    symbol
        The price column of a file with one for each asset.
    file
        Name of the file, for messages.
    equity
        Of several price columns, take the one named like an equity index.
    """
    time = _present(table, TIME_NAMES)
    if time is None:
        raise InputError(_missing("time", table, file))
    volume, notional = _present(table, VOLUME_NAMES), _present(table, NOTIONAL_NAMES)
    if any(name in table.columns for name in ("open", "high", "low")):
        for name in OHLC:
            if name not in table.columns:
                raise InputError(_missing(name, table, file))
        return Columns(time, ("open", "high", "low", "close"), volume, notional)
    close = "close" if "close" in table.columns else _price_column(table, symbol, file, equity)
    return Columns(time, (close, close, close, close), volume, notional)


def _price_column(table: pd.DataFrame, symbol: str | None, file: str, equity: bool) -> str:
    prices = [
        str(name) for name in table.columns if name not in NOT_PRICES and table[name].dtype.kind in "fi"
    ]
    if symbol is not None and _present(table, SYMBOL_NAMES) is None:
        if symbol.lower() in prices:
            return symbol.lower()
        raise InputError(
            f"{file}: no price column {symbol!r}{_nearest(symbol, prices)}; {_listing(prices)} are there"
        )
    if len(prices) == 1:
        return prices[0]
    if equity:
        named = [name for name in EQUITY_NAMES if name in prices]
        if named:
            return named[0]
    if not prices or difflib.get_close_matches("close", prices, 1, 0.7):
        raise InputError(_missing("close", table, file))
    raise InputError(f"{file}: {len(prices)} price columns, choose one with --symbol: {_listing(prices)}")


def parse_times(column: "pd.Series[Any]", file: str) -> Times:
    """Return ISO 8601 times, or s, ms, us or ns since 1970, as UTC ``datetime64[ns]``."""
    if column.dtype.kind in "fi":
        size = float(column.abs().max())
        per_second = 1.0 if size < 1e11 else 1e3 if size < 1e14 else 1e6 if size < 1e17 else 1e9
        times = pd.to_datetime(column / per_second, unit="s", utc=True)
    else:
        times = pd.to_datetime(column, format="ISO8601", utc=True, errors="coerce")
    unknown = np.flatnonzero(times.isna().to_numpy())
    if len(unknown):
        bar = int(unknown[0])
        found = str(column.iloc[bar])
        raise InputError(f"{file}: {found!r} is neither ISO 8601 nor epoch time (bar {bar + 1})")
    return np.asarray(times.dt.tz_localize(None).to_numpy(dtype="datetime64[ns]"))


def _present(table: pd.DataFrame, names: Sequence[str]) -> str | None:
    return next((name for name in names if name in table.columns), None)


def _missing(wanted: str, table: pd.DataFrame, file: str) -> str:
    present = [str(name) for name in table.columns]
    return f"{file}: no column {wanted!r}{_nearest(wanted, present)}; there are {_listing(present)}"


def _nearest(wanted: str, present: list[str]) -> str:
    by_lower = {name.lower(): name for name in present}
    match = difflib.get_close_matches(wanted.lower(), list(by_lower), 1, 0.5)
    return f" (nearest: {by_lower[match[0]]!r})" if match else ""


def _listing(names: list[str]) -> str:
    shown = ", ".join(names[:12])
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"
