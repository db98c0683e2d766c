"""The real event beside the simulated one: from bars that the user gives, or from published figures."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.errors import InputError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RealEvent:
    """Price of the real event on the clock of the simulated one.

    Attributes
    ----------
    label
        Where the prices come from.
    base
        P0 in words.
    published
        Whether these are a few published figures and not bars.
    minute, price_percent
        Minutes from P0 (ends of bars) and price (close) in percent of the price at P0, shape ``(points,)``.
    low_percent, high_percent
        Lowest and highest price of each bar in percent of the price at P0; the price itself where published.
    recovery_hours, recovery
        Hours after the low and share of the fall given back.
    """

    label: str
    base: str
    published: bool
    minute: Floats
    price_percent: Floats
    low_percent: Floats
    high_percent: Floats
    recovery_hours: Floats
    recovery: Floats


@cache
def _published_table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("published.toml").read_text(encoding="utf-8"))


def published_event(event: str) -> RealEvent | None:
    """Return the published figures of ``event``, or ``None`` when there are none."""
    table = _published_table().get(event)
    if table is None:
        return None
    price, recovery = np.array(table["price"], np.float64).T, np.array(table["recovery"], np.float64).T
    return RealEvent(
        label=table["label"],
        base=table["base"],
        published=True,
        minute=price[0],
        price_percent=price[1],
        low_percent=price[1],
        high_percent=price[1],
        recovery_hours=recovery[0],
        recovery=recovery[1],
    )


def real_event(file: Path, p0_utc_s: float, within_s: float) -> RealEvent:
    """Return the event in a file of bars, on the clock of a scenario.

    Parameters
    ----------
    file
        Bars in a public kline format.
    p0_utc_s
        P0 of the scenario in calendar time, seconds since 1970-01-01 UTC. Where the bars do not cover it, P0
        is the base of their largest fall.
    within_s
        The low is looked for within this many seconds after P0.

    Raises
    ------
    InputError
        When the file cannot be used, or the price does not fall.
    """
    from abm.measures.fall import find_fall, largest_fall_start
    from abm.measures.recovery import recovery_curve
    from experiments.bars import load_bars, stamp

    bars = load_bars(file)
    path = bars.path()
    try:
        covered = path.begin_s <= p0_utc_s and path.end_s >= p0_utc_s + within_s
        start_s = p0_utc_s if covered else largest_fall_start(path)
        fall = find_fall(path, start_s, within_s)
    except ValueError as error:
        raise InputError(f"--bars: {file.name}: {error}") from error
    after_s, shares = recovery_curve(path, fall)
    return RealEvent(
        label=bars.name,
        base=f"{fall.start_price:,.6g} USD at {stamp(start_s)} UTC",
        published=False,
        minute=(path.time_s - start_s) / 60.0,
        price_percent=100.0 * path.close / fall.start_price,
        low_percent=100.0 * path.low / fall.start_price,
        high_percent=100.0 * path.high / fall.start_price,
        recovery_hours=after_s / 3600.0,
        recovery=shares,
    )
