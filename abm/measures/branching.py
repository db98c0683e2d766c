"""The branching ratio of liquidations: how many a liquidation causes directly, and how sure that is."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.measures.hawkes import FEWEST_EVENTS, HawkesFit, fit_hawkes

Floats = npt.NDArray[np.float64]


def first_closures(liquidations: pd.DataFrame) -> pd.DataFrame:
    """Return the first row of each account in each instrument: who is closed in slices counts once."""
    return liquidations.drop_duplicates(["instrument", "account"])


def spread_over_steps(times: Floats, time_s: Floats) -> Floats:
    """Return event times spread evenly over the steps that end at them, rising.

    Parameters
    ----------
    times
        When events were recorded: at ends of steps.
    time_s
        End of each step, rising.
    """
    ordered = np.sort(times)
    step = np.searchsorted(time_s, ordered - 1e-6)
    begin = np.where(step > 0, time_s[np.maximum(step - 1, 0)], 0.0)
    first = np.searchsorted(step, step)
    count = np.searchsorted(step, step, side="right") - first
    return np.asarray(begin + (ordered - begin) * (np.arange(len(step)) - first + 0.5) / count)


def branching_of_liquidations(
    liquidations: pd.DataFrame, time_s: Floats, begin_s: float, end_s: float
) -> HawkesFit | None:
    """Return the Hawkes process most like the liquidations of a window; None with too few of them.

    One constant rate of liquidations without cause among themselves is assumed: a fall of value that sweeps
    through crowded prices in a part of the window counts as branching, and raises the ratio.
    """
    chosen = first_closures(liquidations)
    times = chosen["time_s"].to_numpy(np.float64)
    times = times[(times > begin_s) & (times <= end_s)]
    if len(times) < FEWEST_EVENTS:
        return None
    return fit_hawkes(spread_over_steps(times, time_s) - begin_s, end_s - begin_s)
