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
    start: npt.NDArray[np.int64],
    followed: npt.NDArray[np.int32],
    pull: float,
) -> None:
    """Replace every opinion by ``(1 - pull)`` of it plus ``pull`` times the mean of those followed.

    ``before`` is scratch of the same shape, ``(nodes,)``: reading others' opinions in any order costs most of
    the time, half as much in single precision. Those who follow nobody keep their opinion.
    """
    for v in range(len(opinion)):
        before[v] = opinion[v]
    for v in range(len(opinion)):
        begin, end = start[v], start[v + 1]
        if end > begin:
            total = 0.0
            for k in range(begin, end):
                total += float(before[followed[k]])  # in double precision with compilation off too
            opinion[v] = (1.0 - pull) * opinion[v] + pull * total / (end - begin)


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

    def post(self, nodes: Nodes, tone: float) -> None:
        """Set the opinion of ``nodes``."""
        self.opinion[nodes] = checked_tone(tone)

    def step(self, step_s: float) -> None:
        """Average over ``step_s``: in two halves it comes close to the same as at once."""
        pull = 1.0 - math.exp(-self.rate * step_s)
        degroot_step(self.opinion, self._before, self.graph.start, self.graph.followed, pull)

    def sentiment(self) -> Floats:
        """Return the opinions."""
        return self.opinion
