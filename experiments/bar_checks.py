"""What must hold of bars before anything is computed from them; each fault is told in one line."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from abm.measures.price_path import Floats
from experiments.bars import Gap, Times, seconds, stamp
from experiments.errors import InputError

LEAST_BARS = 10


def numbers(table: pd.DataFrame, column: str, file: str) -> Floats:
    """Return a column as floats (nan where it is empty); anything else in it is an error."""
    values = pd.to_numeric(table[column], errors="coerce")
    broken = np.flatnonzero((values.isna() & table[column].notna()).to_numpy())
    if len(broken):
        row = int(broken[0])
        found = str(table[column].iloc[row])
        raise InputError(f"{file}: {found!r} in column {column!r} is not a number (bar {row + 1})")
    return np.asarray(values.to_numpy(dtype=np.float64))


def step_of(time: Times, file: str) -> float:
    """Return the length of a bar in seconds, the commonest distance of two; times must increase."""
    if len(time) < LEAST_BARS:
        raise InputError(f"{file}: {len(time)} bars are too few, at least {LEAST_BARS} are needed")
    steps = np.diff(seconds(time))
    bad = np.flatnonzero(steps <= 0)
    if len(bad):
        bar = int(bad[0]) + 1
        at = stamp(float(seconds(time)[bar]))
        if steps[bar - 1] == 0:
            raise InputError(f"{file}: the time {at} UTC comes twice (bars {bar} and {bar + 1})")
        hint = "; all bars run backwards, sort the file" if np.all(steps < 0) else ""
        raise InputError(
            f"{file}: times are not in order: bar {bar + 1} ({at} UTC) is before bar {bar}{hint}"
        )
    values, counts = np.unique(np.round(steps, 3), return_counts=True)
    return float(values[np.argmax(counts)])


def check_prices(time: Times, columns: Sequence[str], prices: Sequence[Floats], file: str) -> None:
    """Check that open, high, low and close are finite and positive, and no high is below its low."""
    for column, values in zip(columns, prices, strict=True):
        bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
        if len(bad):
            value = values[bad[0]]
            what = f"is {value:g}, not positive" if np.isfinite(value) else "is missing or not finite"
            at = stamp(float(seconds(time)[bad[0]]))
            raise InputError(f"{file}: {column} at {at} UTC {what} ({len(bad)} of {len(values)} bars)")
    _, high, low, _ = prices
    crossed = np.flatnonzero(high < low)
    if len(crossed):
        bar = int(crossed[0])
        at = stamp(float(seconds(time)[bar]))
        where = f"at {at} UTC ({len(crossed)} of {len(high)} bars)"
        raise InputError(f"{file}: high {high[bar]:g} is below low {low[bar]:g} {where}")


def volumes(
    table: pd.DataFrame, base: str | None, quote: str | None, close: Floats, file: str
) -> tuple[Floats | None, Floats | None]:
    """Return volume in units of the asset and in USD; None for both where there is no column for either."""
    volume = numbers(table, base, file) if base else None
    notional = numbers(table, quote, file) if quote else None
    for column, values in ((base, volume), (quote, notional)):
        if values is not None and np.any(values < 0):
            bar = int(np.argmax(values < 0)) + 1
            raise InputError(f"{file}: column {column!r} holds a negative volume (bar {bar})")
    if volume is None and notional is not None:
        volume = notional / close
    if notional is None and volume is not None:
        notional = volume * close
    return volume, notional


def find_gaps(time: Times, step_s: float, file: str) -> tuple[Gap, ...]:
    """Return where bars are missing; bars closer than their length are an error."""
    begin_s = seconds(time)
    steps = np.diff(begin_s)
    short = np.flatnonzero(steps < 0.99 * step_s)
    if len(short):
        at = stamp(float(begin_s[short[0]]))
        found = f"{steps[short[0]]:g} s"
        raise InputError(
            f"{file}: bars are {step_s:g} s long, but the next one after {at} UTC comes in {found}"
        )
    wide = np.flatnonzero(steps > 1.01 * step_s)
    return tuple(
        Gap(float(begin_s[i]), float(begin_s[i + 1]), max(1, round(float(steps[i]) / step_s) - 1))
        for i in wide
    )
