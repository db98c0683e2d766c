"""What sets exchanges apart, on the clock of minutes: prices of the same coin, funds, pegs, withdrawals."""

from itertools import groupby

import numpy as np
import numpy.typing as npt

from abm.trace import Trace
from experiments.minutes import MINUTE_S, MinuteClock, Minutes

Floats = npt.NDArray[np.float64]

VENUE_SERIES: dict[str, str] = {
    "price@EXCHANGE": "USD, last price of the main coin there (its perpetual, else its spot pair)",
    "alt_price@EXCHANGE": "USD, the same of the ALT",
    "fund@EXCHANGE": "USD, cash of the exchange's insurance fund",
    "adl@EXCHANGE": "USD auto-deleveraged there within the minute",
    "gap": "largest difference between exchanges in the price of the main coin, % of its price at P0",
    "gap_other": "the same for the other coin in which it is largest",
    "peg@INSTRUMENT": "lowest price of a pegged collateral coin over its conversion value, share",
    "withdrawals@REASON": "maker withdrawals within the minute, for that reason",
}


def venue_series(trace: Trace, clock: MinuteClock, main: str, alt: str | None) -> Minutes:
    """Return the series of `VENUE_SERIES` that the run has, by minute.

    With one exchange there are no prices by exchange and no gaps.

    Parameters
    ----------
    trace
        The run.
    clock
        Minutes from P0.
    main, alt
        Instruments of the main coin and of the ALT on the hub.
    """
    result: Minutes = {}
    for name in trace.exchanges:
        if len(trace.exchanges) > 1:
            for short, instrument in (("price", main), ("alt_price", alt)):
                listed = None if instrument is None else listing(trace, trace.asset_of(instrument), name)
                if listed is not None:
                    result[f"{short}@{name}"] = clock.level(trace.instrument("last", listed))
        if f"insurance_fund@{name}" in trace.world:
            result[f"fund@{name}"] = clock.level(trace.world[f"insurance_fund@{name}"])
        here = [trace.exchange_of(item) == name for item in trace.instruments]
        result[f"adl@{name}"] = clock.flow(trace.by_instrument["adl"][:, here].sum(axis=1))
    gaps = gaps_by_coin(trace, clock, "last")
    own = trace.asset_of(main)
    if own in gaps:
        result["gap"] = gaps.pop(own)
    if gaps:
        result["gap_other"] = np.max(list(gaps.values()), axis=0)
    for coin in trace.pegged:
        result[f"peg@{coin}"] = clock.lowest(peg(trace, coin))
    table = trace.events["maker_withdrawals"]
    for reason, rows in table.groupby("reason"):
        # a step that ends on a minute belongs to it; minute k covers (k - 1, k] minutes after P0
        minute = np.ceil((rows["time_s"].to_numpy(np.float64) - clock.zero_s) / MINUTE_S - 1e-9)
        place = (minute - clock.minute[0]).astype(np.int64)
        inside = place[(place >= 0) & (place < clock.minute.size)]
        result[f"withdrawals@{reason}"] = np.bincount(inside, minlength=clock.minute.size).astype(np.float64)
    return result


def listing(trace: Trace, asset: str, exchange: str) -> str | None:
    """Return the perpetual of a coin on an exchange, else its spot pair, else None."""
    own = [
        name
        for name in trace.instruments
        if trace.asset_of(name) == asset and trace.exchange_of(name) == exchange
    ]
    return next((name for name in own if "-PERP" in name), own[0] if own else None)


def peg(trace: Trace, coin: str) -> Floats:
    """Return the lowest trade of each step over the conversion value, shape ``(steps,)``."""
    return trace.instrument("low", coin) / trace.conversion_value(coin)


def gaps_by_coin(trace: Trace, clock: MinuteClock, series: str) -> dict[str, Floats]:
    """Return coin -> largest difference between exchanges by minute, % of the coin's price at P0.

    Perpetuals are compared with perpetuals and spot pairs with spot pairs; the larger difference counts.

    Parameters
    ----------
    series
        ``"last"`` compares the prices at the end of each minute, ``"low"`` the lowest of each minute.
    """
    by_minute = clock.level if series == "last" else clock.lowest
    result: dict[str, Floats] = {}
    for plain, group in groupby(sorted(trace.instruments), key=lambda name: name.partition("@")[0]):
        names = list(group)
        if len(names) > 1:
            prices = np.stack([by_minute(trace.instrument(series, name)) for name in names])
            at_p0 = clock.level(trace.instrument("last", names[0]))[clock.minute == 0.0]
            gap = 100.0 * np.ptp(prices, axis=0) / at_p0
            asset = trace.asset_of(plain)
            result[asset] = np.maximum(result[asset], gap) if asset in result else gap
    return result
