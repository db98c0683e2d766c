"""Averaging of opinions over the graph.

DeGroot 1974, "Reaching a consensus", JASA 69, 118-121: everybody moves to the mean of those they follow.
"""

import math

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel
from abm.networks.checked import checked_rate, checked_tone
from abm.networks.exposures import csr_table
from abm.networks.social_graph import SocialGraph
from abm.networks.social_rule import Nodes

Floats = npt.NDArray[np.float64]


@kernel
def degroot_step(
    opinion: Floats,
    before: npt.NDArray[np.float32],
    nodes: npt.NDArray[np.int32],
    start: npt.NDArray[np.int64],
    followed: npt.NDArray[np.int32],
    pull: float,
) -> None:
    """Replace every opinion by ``(1 - pull)`` of it plus ``pull`` times the mean of those followed.

    Parameters
    ----------
    opinion
        Shape ``(nodes,)``; rewritten. Those who follow nobody keep theirs.
    before
        Scratch of the same shape: reading others' opinions in any order costs most of the time, half as much
        in single precision.
    nodes, start, followed
        Whom each follows, in the order of `rows_by_length`.
    """
    for v in range(len(opinion)):
        before[v] = opinion[v]
    for row in range(len(nodes)):
        begin, end = start[row], start[row + 1]
        if end > begin:
            total = 0.0
            for k in range(begin, end):
                total += float(before[followed[k]])  # in double precision with compilation off too
            v = nodes[row]
            opinion[v] = (1.0 - pull) * opinion[v] + pull * total / (end - begin)


def rows_by_length(graph: SocialGraph) -> tuple[npt.NDArray[np.int32], SocialGraph]:
    """Return the nodes in order of how many they follow, and the rows of the graph in that order.

    A processor guesses the end of a row right where rows are as long as the one before.
    """
    length = np.diff(graph.start)
    nodes = np.argsort(length, kind="stable")
    length = length[nodes]
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(length)])
    place = np.repeat(graph.start[nodes] - start[:-1], length) + np.arange(len(graph.followed))
    return nodes.astype(np.int32), SocialGraph(start, graph.followed[place])


def consensus_weights(graph: SocialGraph) -> Floats:
    """Return the weight of each node's first opinion in the consensus: the left eigenvector of the averaging.

    Only where the graph is strongly connected; the weights do not depend on the pull.
    """
    from scipy import sparse
    from scipy.sparse.linalg import splu

    degree = np.diff(graph.start)
    if (degree == 0).any():
        raise ValueError("graph: a node follows nobody; consensus weights need a strongly connected graph")
    shares = sparse.csr_array(
        (np.repeat(1.0 / degree, degree), graph.followed, graph.start), shape=(graph.nodes, graph.nodes)
    )
    if sparse.csgraph.connected_components(shares, connection="strong")[0] != 1:
        raise ValueError("graph: consensus weights need a strongly connected graph")
    # balance of every node but the first, and weights that sum to one
    balance = csr_table(sparse.eye_array(graph.nodes) - shares.T)[1:]
    total = sparse.csr_array(np.ones((1, graph.nodes)))
    right = np.zeros(graph.nodes)
    right[-1] = 1.0
    return np.asarray(splu(sparse.csc_array(sparse.vstack([balance, total]))).solve(right))


class DeGroot:
    """Opinions in [-1, 1] that are averaged at a rate.

    Parameters
    ----------
    graph
        Who follows whom.
    key
        Not used: nothing is random.
    rate
        Pull to the mean of those followed, 1/s.

    Attributes
    ----------
    opinion
        Shape ``(nodes,)``; may be replaced by an array of the same shape, and is rewritten in place.
    """

    def __init__(self, graph: SocialGraph, key: np.uint64, rate: float = 1e-3) -> None:  # noqa: ARG002
        self.graph = graph
        self.rate = checked_rate("rate", rate)
        self.opinion = np.zeros(graph.nodes)
        self._before = np.zeros(graph.nodes, np.float32)
        self._nodes, self._rows = rows_by_length(graph)

    def post(self, nodes: Nodes, tone: float) -> None:
        """Set the opinion of ``nodes``."""
        self.opinion[nodes] = checked_tone(tone)

    def step(self, step_s: float) -> None:
        """Average over ``step_s``: in two halves it comes close to the same as at once."""
        pull = 1.0 - math.exp(-self.rate * step_s)
        degroot_step(self.opinion, self._before, self._nodes, self._rows.start, self._rows.followed, pull)

    def sentiment(self) -> Floats:
        """Return the opinions."""
        return self.opinion
