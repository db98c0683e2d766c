"""Clusters of traders on a random graph, and the net demand that they make.

Cont and Bouchaud 2000, "Herd behavior and aggregate fluctuations in financial markets", Macroeconomic
Dynamics 4, 170-196. Near a mean degree of one, moments are far from their limits at any size that can be
simulated; so sizes are compared at one and moments at one half.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.networks.clusters import cluster_orders, cluster_sizes, demand_kurtosis, expected_clusters
from abm.networks.graphs import make_graph
from abm.random_streams import generator
from experiments.reproduce.comparison import Row, compared, mean_and_error

ACTIVITY = 0.01
SIZES = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32])
SLOPE_FROM, SLOPE_TO = 8, 512


def sizes_of(nodes: int, mean_degree: float, seed: int) -> npt.NDArray[np.int64]:
    """Return the cluster sizes of one random graph."""
    return cluster_sizes(
        make_graph("random", nodes, generator(seed, "cont-bouchaud"), mean_degree=mean_degree)
    )


def net_demands(
    sizes: npt.NDArray[np.int64], periods: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return net demand, bought less sold, in each period."""
    each = np.arange(len(sizes), dtype=np.int32)
    return np.array([float(cluster_orders(each, ACTIVITY, rng) @ sizes) for _ in range(periods)])


def tail_slope(sizes: npt.NDArray[np.int64]) -> float:
    """Return minus the exponent of a power law between `SLOPE_FROM` and `SLOPE_TO`, by maximum likelihood."""
    inside = sizes[(sizes >= SLOPE_FROM) & (sizes < SLOPE_TO)].astype(np.float64)
    support = np.arange(SLOPE_FROM, SLOPE_TO, dtype=np.float64)
    exponents = np.linspace(1.5, 4.0, 2501)
    logs = np.log(support)
    norm = np.log(np.exp(-exponents[:, None] * logs).sum(axis=1))
    return -float(exponents[np.argmin(exponents * np.log(inside).mean() + norm)])


def reproduce(
    graphs: int = 100, nodes: int = 100_000, small_graphs: int = 100, periods: int = 1500
) -> pd.DataFrame:
    """Return clusters by size at a mean degree of one, and moments of clusters and demand at one half."""
    rows = []
    critical = [sizes_of(nodes, 1.0, seed) for seed in range(graphs)]
    exact = expected_clusters(1.0, SIZES)
    counts = np.array([np.bincount(sizes, minlength=SIZES[-1] + 1)[SIZES] for sizes in critical]) / nodes
    for k, size in enumerate(SIZES):
        ours, error = mean_and_error(counts[:, k])
        rows.append(
            Row(
                "clusters for one node by size, mean degree 1",
                ours,
                exact[k],
                error,
                at=float(size),
                runs=graphs,
            )
        )
    ours, error = mean_and_error([tail_slope(sizes) for sizes in critical])
    rows.append(Row("slope of the law of sizes, 8 to 511", ours, -2.5, error, "paper", allowed=0.03))
    small = [sizes_of(10_000, 0.5, 10_000 + seed).astype(np.float64) for seed in range(small_graphs)]
    for name, values, limit in (
        ("sum of squared sizes for one node, mean degree 1/2", [(w**2).sum() / 1e4 for w in small], 2.0),
        ("sum of fourth powers for one node, mean degree 1/2", [(w**4).sum() / 1e4 for w in small], 64.0),
        ("clusters for one node, mean degree 1/2", [len(w) / 1e4 for w in small], 0.75),
    ):
        ours, error = mean_and_error(values)
        rows.append(Row(name, ours, limit, error, runs=small_graphs))
    rows.append(_kurtosis(small, periods))
    return compared(rows)


def _kurtosis(small: list[npt.NDArray[np.float64]], periods: int) -> Row:
    # each graph's fourth moment over its own exact variance, so that graphs can be averaged
    values = []
    for seed, sizes in enumerate(small):
        demand = net_demands(sizes.astype(np.int64), periods, generator(seed, "orders"))
        values.append(float((demand**4).mean() / (2 * ACTIVITY * (sizes**2).sum()) ** 2 - 3.0))
    ours, error = mean_and_error(values)
    expected = float(np.mean([demand_kurtosis(sizes, ACTIVITY) for sizes in small]))
    return Row("excess kurtosis of net demand, mean degree 1/2", ours, expected, error, runs=len(small))
