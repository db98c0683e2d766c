"""Clusters of traders who act as one: the connected components of the graph on which they talk.

Cont and Bouchaud 2000, "Herd behavior and aggregate fluctuations in financial markets", Macroeconomic
Dynamics 4, 170-196: every cluster of a random graph buys, sells or waits as a whole.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from abm.networks.social_graph import SocialGraph


def cluster_of_each(graph: SocialGraph) -> npt.NDArray[np.int32]:
    """Return the number of the cluster of each node, from 0; a link in either direction joins."""
    ones = np.ones(len(graph.followed), np.int8)
    table = sparse.csr_array((ones, graph.followed, graph.start), shape=(graph.nodes, graph.nodes))
    return np.asarray(connected_components(table, directed=True, connection="weak")[1], np.int32)


def cluster_sizes(graph: SocialGraph) -> npt.NDArray[np.int64]:
    """Return the number of nodes in each cluster."""
    return np.bincount(cluster_of_each(graph)).astype(np.int64)


def cluster_orders(
    cluster: npt.NDArray[np.int32], activity: float, rng: np.random.Generator
) -> npt.NDArray[np.int8]:
    """Return what each node does, +1 buy, -1 sell or 0, the same for all of a cluster.

    Parameters
    ----------
    cluster
        From `cluster_of_each`.
    activity
        Probability to buy, and that to sell, of a cluster in one period; from 0 to 1/2.
    """
    if not 0.0 <= activity <= 0.5:
        raise ValueError(f"activity is {activity}; it must be from 0 to 0.5")
    draw = rng.random(int(cluster.max(initial=-1)) + 1)
    order = (draw < activity).astype(np.int8) - (draw > 1.0 - activity).astype(np.int8)
    return order[cluster]


def expected_clusters(mean_degree: float, sizes: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return clusters of each size for one node of a large random graph: the Borel law over the size.

    ``n_s = s^(s-2) c^(s-1) e^(-c s) / s!`` with ``c`` the mean degree, for ``c <= 1`` all of them.
    """
    from scipy.special import gammaln

    s = np.asarray(sizes, np.float64)
    return np.exp((s - 2) * np.log(s) + (s - 1) * np.log(mean_degree) - mean_degree * s - gammaln(s + 1))


def demand_kurtosis(sizes: npt.ArrayLike, activity: float) -> float:
    """Return the excess kurtosis of net demand, given the clusters.

    ``(1 - 6 a) / (2 a) * sum W^4 / (sum W^2)^2`` for clusters of sizes W that buy or sell with probability
    ``a`` each: fourth cumulants over squared variances of independent orders.
    """
    w = np.asarray(sizes, np.float64)
    return float((1 - 6 * activity) / (2 * activity) * (w**4).sum() / (w**2).sum() ** 2)
