"""The social graph and the spreading of sentiment over it.

Nodes are traders. Each carries a sentiment in [-1, 1] that is pulled to the mean of those it follows (DeGroot
1974, "Reaching a consensus", JASA 69, 118-121, in continuous time), fades to neutral, reacts to returns and
is shaken by alerts about liquidations among those it follows.
"""

import math
from dataclasses import dataclass

import networkx as nx
import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.compiled import kernel

sentiment_parameters_dtype = np.dtype(
    [
        ("peer_rate", "f8"),  # 1/s, pull to the mean of those followed
        ("fade_rate", "f8"),  # 1/s, return to neutral
        ("return_weight", "f8"),  # 1/s for a return of one unit of `return_scale`
        ("return_scale", "f8"),  # log-return that counts as large
        ("alert_weight", "f8"),  # sentiment lost for each liquidated trader followed
    ],
    align=True,
)


@dataclass(frozen=True)
class SocialGraph:
    """A directed graph in compressed sparse rows: node ``v`` follows ``followed[start[v]:start[v + 1]]``."""

    start: npt.NDArray[np.int64]
    followed: npt.NDArray[np.int32]

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.start) - 1

    def relabelled(self, new_name: npt.NDArray[np.int64]) -> "SocialGraph":
        """Return the graph in which node ``v`` is called ``new_name[v]``."""
        degrees = np.diff(self.start)
        source = np.repeat(new_name, degrees)
        target = new_name[self.followed]
        order = np.lexsort((target, source))
        start = np.zeros_like(self.start)
        np.cumsum(np.bincount(source, minlength=self.nodes), out=start[1:])
        return SocialGraph(start, target[order].astype(np.int32))


def follow_graph(graph: "nx.Graph[int]") -> SocialGraph:
    """Return the compressed form of a networkx graph whose nodes are ``0..n-1``.

    Undirected edges are followed both ways; in a directed graph ``u -> v`` means that ``u`` follows ``v``.
    Self-loops are dropped: nobody is swayed by their own post.

    Raises
    ------
    ValueError
        If the nodes are not numbered ``0..n-1``.
    """
    n = graph.number_of_nodes()
    if set(graph.nodes) != set(range(n)):
        raise ValueError(f"social graph: nodes must be numbered 0 to {n - 1}")
    pairs = np.array([(u, v) for u, v in graph.edges if u != v], dtype=np.int64).reshape(-1, 2)
    if not graph.is_directed():
        pairs = np.concatenate([pairs, pairs[:, ::-1]])
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    start = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(pairs[:, 0], minlength=n), out=start[1:])
    return SocialGraph(start, np.ascontiguousarray(pairs[:, 1], dtype=np.int32))


def barabasi_albert(nodes: int, links: int, rng: np.random.Generator) -> SocialGraph:
    """Return a preferential-attachment graph (Barabasi and Albert 1999): few have very many followers."""
    return follow_graph(nx.barabasi_albert_graph(nodes, links, seed=int(rng.integers(2**31))))


@kernel
def spread_sentiment(
    sentiment: npt.NDArray[np.float64],
    before: npt.NDArray[np.float64],
    start: npt.NDArray[np.int64],
    followed: npt.NDArray[np.int32],
    alerts: npt.NDArray[np.int64],
    watched: npt.NDArray[np.int16],
    returns: npt.NDArray[np.float64],
    parameters: Records,
    step_s: float,
) -> float:
    """Move every node's sentiment over ``step_s`` and return the mean.

    Parameters
    ----------
    sentiment
        State, shape ``(nodes,)``; rewritten.
    before
        Scratch of the same shape; holds the state at the start of the step afterwards.
    alerts
        +1 for each long of the node liquidated since the last call, -1 for each short; shape ``(nodes,)``.
    watched
        Instrument that each node watches, shape ``(nodes,)``.
    returns
        Recent log-return of each instrument, shape ``(instruments,)``.
    """
    p = parameters[0]
    n = len(sentiment)
    before[:] = sentiment
    pull = 1.0 - math.exp(-p.peer_rate * step_s)
    fade = math.exp(-p.fade_rate * step_s)
    push = 1.0 - math.exp(-p.return_weight * step_s)
    news = np.empty(len(returns))
    for i in range(len(returns)):
        news[i] = math.tanh(returns[i] / p.return_scale)
    total = 0.0
    for v in range(n):
        s = before[v] * fade
        begin, end = start[v], start[v + 1]
        if end > begin:
            mean = 0.0
            shaken = 0
            for k in range(begin, end):
                u = followed[k]
                mean += before[u]
                shaken += alerts[u]
            mean /= end - begin
            s += pull * (mean - s)
            s -= p.alert_weight * shaken
        s += push * news[watched[v]]
        sentiment[v] = min(1.0, max(-1.0, s))
        total += sentiment[v]
    return total / n if n > 0 else 0.0
