"""Branching ratio of a self-exciting process, found again from its events.

Hawkes 1971; Filimonov and Sornette 2012, "Quantifying reflexivity in financial markets", Phys. Rev. E 85,
056108, and Hardiman, Bercot and Bouchaud 2013, Eur. Phys. J. B 86, 442, find ratios from .3 to 1 in markets,
by kernel and window: so it is the estimator that is tested.
"""

import pandas as pd

from abm.measures.hawkes import fano_factor, fit_hawkes, simulate_hawkes
from abm.random_streams import generator
from experiments.reproduce.comparison import Row, compared, mean_and_error

RATIOS = (0.3, 0.7, 0.9)
REFERENCE = {0.3: 2.18, 0.7: 10.7, 0.9: 85.0}
"""Ratio -> variance over mean of counts in windows of 200 delays, an independent simulation of 10 paths."""
END_S, WINDOW_S = 20_000.0, 200.0


def reproduce(paths: int = 20) -> pd.DataFrame:
    """Return the estimated ratio, rate and Fano factor of processes with a mean rate and decay of one."""
    ratios, rates, fanos = [], [], []
    for ratio in RATIOS:
        events = [
            simulate_hawkes(1.0 - ratio, ratio, 1.0, END_S, generator(seed, f"hawkes {ratio}"))
            for seed in range(paths)
        ]
        ours, error = mean_and_error([fit_hawkes(times, END_S).branching for times in events])
        ratios.append(Row("estimated by true branching ratio", ours, ratio, error, at=ratio, runs=paths))
        ours, error = mean_and_error([len(times) / END_S for times in events])
        rates.append(Row("events for each delay by branching ratio", ours, 1.0, error, at=ratio, runs=paths))
        ours, error = mean_and_error([fano_factor(times, END_S, WINDOW_S) for times in events])
        name = "Fano factor by branching ratio, windows of 200 delays"
        earlier = error * (paths / 10) ** 0.5
        fanos.append(Row(name, ours, REFERENCE[ratio], error, "reference run", earlier, at=ratio, runs=paths))
    return compared(ratios + rates + fanos)
