"""Sampling on a regular grid: the last price known at a time, returns, sums."""

import numpy as np

from abm.measures.price_path import Floats, PricePath

TOLERANCE_S = 1e-6  # keeps an interval that ends on a grid time there, whatever the rounding of sums of steps


def last_known(time_s: Floats, values: Floats, at_s: Floats, max_age_s: float = np.inf) -> Floats:
    """Return the last value known at each time of ``at_s``.

    Parameters
    ----------
    time_s, values
        When each value became known (increasing), and the values, shape ``(n,)``.
    at_s
        Times asked for, shape ``(m,)``.
    max_age_s
        A value older than this is not used.

    Returns
    -------
    Floats
        Shape ``(m,)``; nan before the first value and where the last one is too old.
    """
    at_s = np.asarray(at_s, dtype=np.float64)
    index = np.searchsorted(time_s, at_s + TOLERANCE_S, side="right") - 1
    safe = np.maximum(index, 0)
    usable = (index >= 0) & (at_s - time_s[safe] <= max_age_s)
    return np.where(usable, values[safe], np.nan)


def grid(from_s: float, to_s: float, sampling_s: float) -> Floats:
    """Return the multiples of ``sampling_s`` within ``[from_s, to_s]``: full hours for 3600, and so on."""
    first, last = np.ceil(from_s / sampling_s), np.floor(to_s / sampling_s)
    return np.arange(first, last + 1.0) * sampling_s


def log_returns(path: PricePath, from_s: float, to_s: float, sampling_s: float) -> Floats:
    """Return log returns between neighbouring grid times in ``[from_s, to_s]``; unknown ones are left out.

    A price older than one grid interval is taken as unknown (a gap in the file), so a gap adds no zero
    returns.
    """
    prices = last_known(path.time_s, path.close, grid(from_s, to_s, sampling_s), max_age_s=0.999 * sampling_s)
    returns = np.diff(np.log(prices))
    return returns[np.isfinite(returns)]


def standard_deviation(values: Floats) -> float:
    """Return the sample standard deviation (n - 1 in the denominator); nan for fewer than two values."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def sums(path: PricePath, from_s: float, to_s: float, sampling_s: float) -> Floats:
    """Return the USD traded in each grid interval inside ``[from_s, to_s]``; empty when volume is unknown.

    An interval of the path counts where it ends. Grid intervals without any known volume are left out.
    """
    if path.notional is None:
        return np.empty(0)
    edges = grid(from_s, to_s, sampling_s)
    known = np.isfinite(path.notional) & (path.time_s > from_s) & (path.time_s <= to_s)
    if len(edges) < 2 or not known.any():
        return np.empty(0)
    bucket = np.searchsorted(edges + TOLERANCE_S, path.time_s[known], side="left")
    total = np.bincount(bucket, weights=path.notional[known], minlength=len(edges) + 1)
    count = np.bincount(bucket, minlength=len(edges) + 1)
    inside = slice(1, len(edges))
    return np.asarray(total[inside][count[inside] > 0], dtype=np.float64)
