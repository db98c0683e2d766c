"""Tables of what happened to exchanges in a run: outages, halts, refused orders."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.book.messages import STATUS_NAMES

OUTAGE_DELAY_S = 2.0
"""A feed that lags by more than this is an outage."""
OUTAGE_COLUMNS = ("time_s", "end_s", "exchange", "cause", "largest_delay_s")
HALT_COLUMNS = ("time_s", "end_s", "exchange", "instrument")
REFUSED_COLUMNS = ("exchange", "reason", "orders")

Windows = Sequence[tuple[float, float]]


def outage_table(
    time_s: npt.NDArray[np.float64],
    delay_s: Mapping[str, npt.NDArray[np.float64]],
    scheduled: Mapping[str, Windows],
    above_s: float = OUTAGE_DELAY_S,
) -> pd.DataFrame:
    """Return the windows in which an exchange's feed lagged.

    Parameters
    ----------
    time_s
        End of each step, seconds, shape ``(steps,)``.
    delay_s
        Exchange -> by how many seconds its feed lagged at the end of each step.
    scheduled
        Exchange -> windows without service that were set in advance, ``(start_s, end_s)``.
    above_s
        Lag above which there is an outage.

    Returns
    -------
    pandas.DataFrame
        Columns `OUTAGE_COLUMNS`: first step seen with the lag, first step without (nan: it lasts to the end),
        ``cause`` (``"scheduled"`` when it overlaps a window set in advance, else ``"load"``), largest lag.
    """
    rows = []
    for name, delay in delay_s.items():
        late = np.flatnonzero(np.diff(np.concatenate(([False], delay > above_s, [False]))))
        for first, after in late.reshape(-1, 2):
            end_s = float(time_s[after]) if after < time_s.size else np.nan
            begin_s = float(time_s[first - 1]) if first else 0.0
            last_s = float(time_s[after - 1])
            overlaps = any(start < last_s and begin_s < end for start, end in scheduled.get(name, ()))
            cause = "scheduled" if overlaps else "load"
            rows.append((float(time_s[first]), end_s, name, cause, float(delay[first:after].max())))
    return pd.DataFrame(rows, columns=list(OUTAGE_COLUMNS)).sort_values(
        "time_s", kind="stable", ignore_index=True
    )


def halt_table(halts: Mapping[str, Iterable[tuple[float, str, bool]]]) -> pd.DataFrame:
    """Return the windows in which an instrument did not trade.

    Parameters
    ----------
    halts
        Exchange -> events in order: time in seconds, instrument, whether it stopped (or trades again).

    Returns
    -------
    pandas.DataFrame
        Columns `HALT_COLUMNS`; ``end_s`` is nan where trading did not come back.
    """
    rows = []
    for name, events in halts.items():
        since: dict[str, float] = {}
        for time_s, instrument, stopped in events:
            if stopped:
                since.setdefault(instrument, time_s)
            elif instrument in since:
                rows.append((since.pop(instrument), time_s, name, instrument))
        rows += [(time_s, np.nan, name, instrument) for instrument, time_s in since.items()]
    return pd.DataFrame(rows, columns=list(HALT_COLUMNS)).sort_values(
        "time_s", kind="stable", ignore_index=True
    )


def refusal_table(refused: Mapping[str, Mapping[int, int]], rate_limited: Mapping[str, int]) -> pd.DataFrame:
    """Return how many orders each exchange refused before matching, by reason, over the whole run.

    Parameters
    ----------
    refused
        Exchange -> status code -> orders refused at admission.
    rate_limited
        Exchange -> orders refused by its gateway's rate limit.
    """
    rows = []
    for name, counts in refused.items():
        for status, orders in sorted(counts.items()):
            rows.append((name, STATUS_NAMES[status].removeprefix("rejected: "), orders))
        if rate_limited.get(name, 0):
            rows.append((name, "too many orders", rate_limited[name]))
    return pd.DataFrame(rows, columns=list(REFUSED_COLUMNS))
