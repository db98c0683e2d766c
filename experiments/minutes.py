"""One trace on a clock of whole minutes from P0, so that runs can be laid over each other."""

import numpy as np
import numpy.typing as npt

from abm.trace import Trace

Floats = npt.NDArray[np.float64]
Minutes = dict[str, Floats]

MINUTE_S = 60.0


class MinuteClock:
    """Maps the steps of a trace to minutes counted from P0.

    Minute ``k`` is the interval ``(k - 1, k]`` minutes after P0, so a level at ``k = 0`` is the level at P0.

    Parameters
    ----------
    time_s
        End of each step in seconds, shape ``(steps,)``, increasing; steps need not be equal.
    zero_s
        Time of P0 in the same seconds.

    Attributes
    ----------
    minute
        The minutes covered, shape ``(minutes,)``.
    zero_s
        Time of P0.
    """

    def __init__(self, time_s: Floats, zero_s: float) -> None:
        first = int(np.ceil((time_s[0] - zero_s) / MINUTE_S - 1e-9))
        last = int(np.floor((time_s[-1] - zero_s) / MINUTE_S + 1e-9))
        self.minute = np.arange(first, last + 1, dtype=np.float64)
        self.zero_s = zero_s
        self._time = time_s
        self._edges = zero_s + MINUTE_S * np.arange(first - 1, last + 1)
        # the tolerance keeps a step that ends on a minute in that minute despite rounding of sums of steps
        self._last_step = np.searchsorted(time_s, self._edges + 1e-6, side="right") - 1

    def level(self, series: Floats) -> Floats:
        """Return the value in force at the end of each minute (that of the last step that has ended)."""
        return series[np.maximum(self._last_step[1:], 0)]

    def flow(self, series: Floats) -> Floats:
        """Return the amount within each minute; a longer step is spread evenly over its minutes."""
        start = self._time[0] - (self._time[1] - self._time[0] if self._time.size > 1 else MINUTE_S)
        total = np.concatenate(([0.0], np.cumsum(np.nan_to_num(series))))
        return np.diff(np.interp(self._edges, np.concatenate(([start], self._time)), total))

    def lowest(self, series: Floats) -> Floats:
        """Return the lowest value of the steps that end within each minute."""
        return self._reduce(np.minimum, series)

    def highest(self, series: Floats) -> Floats:
        """Return the highest value of the steps that end within each minute."""
        return self._reduce(np.maximum, series)

    def mean(self, series: Floats) -> Floats:
        """Return the mean over the steps that end within each minute, leaving out what is not a number."""
        begins, ends = self._spans()
        valid = ~np.isnan(series)
        total = np.concatenate(([0.0], np.cumsum(np.where(valid, series, 0.0))))
        count = np.concatenate(([0], np.cumsum(valid)))
        with np.errstate(invalid="ignore"):
            return (total[ends] - total[begins]) / (count[ends] - count[begins])

    def _spans(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return for each minute its steps as a half-open range (the step in force where none ends)."""
        ends = np.maximum(self._last_step[1:], 0) + 1
        begins = np.minimum(np.maximum(self._last_step[:-1] + 1, 0), ends - 1)
        return begins, ends

    def _reduce(self, pick: np.ufunc, series: Floats) -> Floats:
        begins, ends = self._spans()
        pairs = np.column_stack((begins, ends)).ravel()
        padded = np.append(series, series[-1])
        return pick.reduceat(padded, pairs)[::2]


def minute_series(
    trace: Trace, clock: MinuteClock, main: str, others: dict[str, str], spot: str | None = None
) -> Minutes:
    """Return the series of one run that metrics and figures need, by minute from P0.

    Parameters
    ----------
    trace
        The run.
    clock
        Minutes from P0.
    main
        Name of the main instrument.
    others
        Short name -> instrument, for the prices of other assets (``{"eth": "ETH-PERP"}``).
    spot
        Spot instrument of the main asset, for the basis.

    Returns
    -------
    dict
        ``minute`` and one array of the same shape for each series; names and units in `MINUTE_SERIES`.
    """
    of_main = {name: trace.instrument(name, main) for name in trace.by_instrument}
    result: Minutes = {
        "minute": clock.minute,
        "price": clock.level(of_main["last"]),
        "low": clock.lowest(of_main["low"]),
        "high": clock.highest(of_main["high"]),
        "depth_bid": clock.mean(of_main["depth_bid"]),
        "depth_ask": clock.mean(of_main["depth_ask"]),
        "volume": clock.flow(of_main["volume"]),
        "open_interest": clock.level(of_main["open_interest"]),
        "funding": clock.level(of_main["funding"]) * 1e4,
        "spread": clock.mean(1e4 * (of_main["ask"] - of_main["bid"]) / of_main["last"]),
    }
    if spot is not None:
        result["basis"] = 1e4 * (result["price"] / clock.level(trace.instrument("last", spot)) - 1.0)
    for short, instrument in others.items():
        result[f"{short}_price"] = clock.level(trace.instrument("last", instrument))
        result[f"{short}_low"] = clock.lowest(trace.instrument("low", instrument))
    for name in ("liquidated_long", "liquidated_short", "adl"):
        result[name] = clock.flow(trace.by_instrument[name].sum(axis=1))
    held = trace.by_instrument["open_interest"] * trace.by_instrument["mark"]
    result["open_interest_value"] = clock.level(np.nansum(held, axis=1))
    for name in ("sentiment", "equity_index", "insurance_fund", "makers_quoting"):
        if name in trace.world:
            result[name] = clock.level(trace.world[name])
    return result


MINUTE_SERIES: dict[str, str] = {
    "minute": "minutes since P0, at the end of the minute",
    "price": "USD, last price of the main instrument",
    "low": "USD, lowest price within the minute",
    "high": "USD, highest price within the minute",
    "depth_bid": "USD resting within 1 % below the mid of the main instrument, mean over the minute",
    "depth_ask": "USD resting within 1 % above the mid of the main instrument, mean over the minute",
    "volume": "USD traded in the main instrument within the minute",
    "open_interest": "open interest of the main instrument, units of the asset, one side",
    "open_interest_value": "open interest of all perpetuals at mark prices, USD, one side",
    "funding": "funding rate in force, basis points per 8 hours",
    "spread": "best ask minus best bid, basis points of the price, mean over the minute",
    "basis": "main instrument against the spot of the same asset, basis points",
    "eth_price": "USD, last price of the ETH instrument",
    "eth_low": "USD, lowest price of the ETH instrument within the minute",
    "alt_price": "USD, last price of the ALT instrument",
    "alt_low": "USD, lowest price of the ALT instrument within the minute",
    "liquidated_long": "USD of longs closed by force within the minute, all instruments",
    "liquidated_short": "USD of shorts closed by force within the minute, all instruments",
    "adl": "USD auto-deleveraged within the minute, all instruments",
    "sentiment": "mean sentiment of the social graph, -1 to 1",
    "equity_index": "outside equity index, 100 at the start",
    "insurance_fund": "USD, cash of the insurance fund",
    "makers_quoting": "share of market makers that quote, 0 to 1",
}
