"""Stationary law of Kirman's herding switch, run agent by agent where everybody meets everybody.

Kirman 1993, "Ants, rationality, and recruitment", Quarterly Journal of Economics 108, 137-156.
"""

import numpy as np
import pandas as pd

from abm.networks.graphs import make_graph
from abm.networks.herding_switch import HerdingSwitch, stationary_optimists
from abm.random_streams import generator, stream_key
from experiments.reproduce.comparison import Row, compared, mean_and_error

AGENTS = 100
CASES = {"calm": (0.15, 0.7), "two-peaked": (0.005, 0.99), "all or nothing": (0.002, 0.99)}
"""Probabilities of a change by own whim and by recruitment (Kirman's epsilon, and one less delta)."""
BINS = 10
RAREST = 0.005
"""Least probability that is compared: what hardly happens has no standard error to speak of."""


def optimists(
    own: float, convince: float, samples: int, seed: int
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return the number of optimists after each `AGENTS` updates, ten relaxation times left out."""
    graph = make_graph("complete", AGENTS, generator(seed, "kirman"))
    rule = HerdingSwitch(graph, stream_key(seed, "kirman"), own=own, convince=convince)
    rule.think(int(10 * AGENTS / (2 * own)))
    return np.array([rule.think(AGENTS) for _ in range(samples)], np.int64)


def reproduce(samples: int = 50_000, chains: int = 12) -> pd.DataFrame:
    """Return variance, weight of the tails and deciles of the share of optimists, beside the exact law."""
    rows = []
    number = np.arange(AGENTS + 1)
    for case, (own, convince) in CASES.items():
        law = stationary_optimists(AGENTS, own, convince)
        paths = [optimists(own, convince, samples, seed) for seed in range(chains)]
        tails = (number <= 10) | (number >= 90)
        spread = float((law * (number / AGENTS - 0.5) ** 2).sum())
        within = [np.mean((path / AGENTS - 0.5) ** 2) for path in paths]
        ours, error = mean_and_error(within)
        rows.append(Row(f"variance of the share of optimists, {case}", ours, spread, error, runs=chains))
        ours, error = mean_and_error([tails[path].mean() for path in paths])
        if law[tails].sum() >= RAREST:
            rows.append(
                Row(
                    f"at most 10 or at least 90 of 100 optimists, {case}",
                    ours,
                    law[tails].sum(),
                    error,
                    runs=chains,
                )
            )
        for low in range(0, AGENTS, BINS):
            inside = (number >= low) & (number < low + BINS)
            if law[inside].sum() < RAREST:
                continue
            ours, error = mean_and_error([inside[path].mean() for path in paths])
            name = f"probability by number of optimists (tens), {case}"
            rows.append(Row(name, ours, law[inside].sum(), error, at=low, runs=chains))
    return compared(rows)
