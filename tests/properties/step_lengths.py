"""What tests of the step length share: runs measured at several step lengths, and whether they agree."""

from itertools import combinations

import numpy as np
import pandas as pd

STANDARD_ERRORS = 3.0


def last_known(mid):
    """Mids with those of empty books, nan, replaced by the one before; the first known one at the start."""
    return pd.Series(mid).ffill().bfill().to_numpy()


def price_measures(trace, start_s, every_s=60.0):
    """Fall of the leader's mid after ``start_s``, volatility of its returns, volume of everything."""
    grid = np.arange(start_s, trace.time_s[-1] + 1.0, every_s)
    quotes = np.stack([trace.by_instrument[side][:, 0] for side in ("bid", "ask")])
    price = last_known(quotes.mean(axis=0))[np.searchsorted(trace.time_s, grid)]
    after = trace.time_s > start_s
    return {
        "fall": np.log(price[0] / price.min()),
        "volatility": np.std(np.diff(np.log(price))),
        "volume": trace.by_instrument["volume"][after].sum(),
    }


def disagreements(samples):
    """Pairs of step lengths whose means differ by more than their standard errors allow."""
    found = []
    for name in next(iter(samples.values()))[0]:
        moments = {}
        for step_s, runs in samples.items():
            values = np.array([run[name] for run in runs])
            moments[step_s] = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
        shown = ", ".join(f"{step} s: {mean:.4g} +- {error:.2g}" for step, (mean, error) in moments.items())
        print(f"{name}: {shown}")
        for (a, error_a), (b, error_b) in combinations(moments.values(), 2):
            if abs(a - b) > STANDARD_ERRORS * np.hypot(error_a, error_b):
                found.append(f"{name}: {shown}")
    return found
