"""Bars as users bring them: public kline files in, checked columns out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from abm.measures.price_path import Floats, PricePath

Times = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Gap:
    """Bars that are missing: the last bar before and the first after (beginnings, seconds), and how many."""

    after_s: float
    before_s: float
    missing: int


@dataclass(frozen=True)
class Bars:
    """Bars of one instrument.

    Attributes
    ----------
    name
        File and instrument.
    time
        Beginning of each bar, UTC, ``datetime64[ns]``, increasing, shape ``(n,)``.
    open, high, low, close
        USD (or the quote asset of the file), shape ``(n,)``.
    volume, notional
        Traded within the bar in units of the asset and in USD, shape ``(n,)``, or None where the file has
        neither. Where it has only one of the two, the other follows by way of the close.
    step_s
        Length of a bar, seconds.
    gaps
        Where bars are missing.
    """

    name: str
    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats | None
    notional: Floats | None
    step_s: float
    gaps: tuple[Gap, ...] = ()

    @property
    def begin_s(self) -> Floats:
        """Return the beginning of each bar, seconds since 1970-01-01 UTC."""
        return seconds(self.time)

    @property
    def end_s(self) -> Floats:
        """Return the end of each bar, seconds since 1970-01-01 UTC."""
        return self.begin_s + self.step_s

    @property
    def span(self) -> str:
        """Return beginning of the first and end of the last bar, in words."""
        return f"{stamp(float(self.begin_s[0]))} to {stamp(float(self.end_s[-1]))} UTC"

    def path(self) -> PricePath:
        """Return the bars as a price path, on the clock of seconds since 1970-01-01 UTC."""
        return PricePath(self.end_s, self.low, self.high, self.close, self.notional)


def seconds(time: Times) -> Floats:
    """Return UTC times as seconds since 1970-01-01."""
    return np.asarray(time.astype("datetime64[ns]").astype(np.int64) / 1e9, dtype=np.float64)


def stamp(at_s: float) -> str:
    """Return seconds since 1970-01-01 as ``2025-10-10 20:50`` (with seconds where there are any)."""
    moment = datetime.fromtimestamp(round(at_s), tz=UTC)
    return moment.strftime("%Y-%m-%d %H:%M" if moment.second == 0 else "%Y-%m-%d %H:%M:%S")


def load_bars(file: str | Path, symbol: str | None = None, *, closed_markets: bool = False) -> Bars:
    """Load bars from a CSV file, plain or compressed (``.gz``, ``.zip``, ``.xz``, ``.bz2``).

    Known shapes: a header with a time column and open, high, low, close (names in any case, volume optional);
    the headerless kline archives of Binance (12 columns); closes only; one price column for each asset
    (``symbol`` picks it); one row for each symbol and time (``symbol`` picks the rows, as ``BTCUSD`` or
    ``coinbase/BTCUSD``). Times are those of the beginning of a bar: ISO 8601 (UTC unless they say otherwise),
    or seconds, milliseconds or microseconds since 1970.

    Parameters
    ----------
    file
        The file.
    symbol
        Which instrument, where the file holds several.
    closed_markets
        For an outside asset whose market closes: rows without a price are left out and gaps are none. Of
        several price columns the one named like an equity index is taken.

    Raises
    ------
    InputError
        One line that says what is wrong and where: no such file, unreadable, a missing column, times that are
        out of order or come twice, prices missing or not positive, a high below the low, too few bars.
    """
    from experiments.bar_checks import check_prices, find_gaps, numbers, step_of, volumes
    from experiments.bar_columns import choose_columns, choose_rows, parse_times, read_table

    name = Path(file).name
    table = choose_rows(read_table(Path(file)), symbol, name)
    columns = choose_columns(table, symbol, name, equity=closed_markets)
    if closed_markets:
        table = table[table[columns.close].notna()]
    time = parse_times(table[columns.time], name)
    step_s = step_of(time, name)
    open_, high, low, close = (numbers(table, column, name) for column in columns.prices)
    check_prices(time, columns.prices, (open_, high, low, close), name)
    volume, notional = volumes(table, columns.volume, columns.notional, close, name)
    gaps = () if closed_markets else find_gaps(time, step_s, name)
    whole = name if symbol is None else f"{name} {symbol}"
    return Bars(whole, time, open_, high, low, close, volume, notional, step_s, gaps)
