"""Riots that hang on one threshold.

Granovetter 1978, "Threshold models of collective behavior", American Journal of Sociology 83, 1420-1443.
"""

import numpy as np
import pandas as pd
from scipy.stats import norm

from abm.networks.graph_links import followers
from abm.networks.graphs import make_graph
from abm.networks.threshold import mean_field_activity, threshold_cascade, well_mixed_cascade
from abm.random_streams import generator
from experiments.reproduce.comparison import Row, compared

MEAN = 25.0
LEAST = {12.0: 4.02, 12.1: 4.55, 12.2: 5.48, 12.25: 100.0}
"""Standard deviation of thresholds among a hundred -> least number of rioters that sways exactly itself."""


def rioters_on_graph(needed: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> int:
    """Return how many riot where everybody sees everybody, on the graph itself."""
    reach = followers(make_graph("complete", len(needed), generator(0, "granovetter")))
    active = np.zeros(len(needed), np.bool_)
    return threshold_cascade(active, reach.start, reach.followed, needed.astype(np.int32))


def normal_rioters(deviation: float) -> float:
    """Return the least fixed point among a hundred with normal thresholds of mean 25, in the mean field."""
    return 100.0 * mean_field_activity(lambda r: float(norm.cdf((100.0 * r - MEAN) / deviation)))


def critical_deviation() -> float:
    """Return the standard deviation above which nearly all riot."""
    low, high = 12.0, 13.0
    while high - low > 1e-3:
        middle = (low + high) / 2.0
        low, high = (middle, high) if normal_rioters(middle) < 50.0 else (low, middle)
    return high


def reproduce(people: int = 1_000_000) -> pd.DataFrame:
    """Return rioters with thresholds 0 to 99, after one change, and with normal thresholds."""
    even = np.arange(100)
    changed = np.where(even == 1, 2, even)
    rows = []
    for name, needed, rioters in (("0 to 99", even, 100.0), ("0 to 99 with 2 in place of 1", changed, 1.0)):
        rows.append(Row(f"rioters, thresholds {name}", well_mixed_cascade(needed), rioters, source="paper"))
        rows.append(
            Row(
                f"the same through a graph, thresholds {name}",
                rioters_on_graph(needed),
                rioters,
                source="paper",
            )
        )
    # the crowd's thresholds are the quantiles of the normal law, cut at nobody
    quantiles = norm.ppf((np.arange(people) + 0.5) / people)
    crowds = []
    for deviation, least in LEAST.items():
        ours = normal_rioters(deviation)
        rows.append(
            Row("rioters of 100 by standard deviation, mean field", ours, least, allowed=0.006, at=deviation)
        )
        needed = np.ceil((MEAN + deviation * quantiles) * people / 100.0)
        ours = 100.0 * well_mixed_cascade(needed) / people
        name = f"rioters in 100 by standard deviation, crowd of {people:,}"
        crowds.append(Row(name, ours, least, allowed=0.01, at=deviation))
    tipping = Row(
        "standard deviation at which the crowd tips", critical_deviation(), 12.2, source="paper", allowed=0.05
    )
    return compared([*rows, *crowds, tipping])
