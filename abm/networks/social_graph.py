"""Who follows whom: a directed graph in compressed sparse rows, and how a networkx graph becomes one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import networkx as nx


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
        """Return the graph in which node ``v`` is called ``new_name[v]``; each row rises."""
        from scipy import sparse

        source = np.repeat(new_name.astype(np.int32), np.diff(self.start))
        target = new_name.astype(np.int32)[self.followed]
        ones = np.ones(len(target), np.bool_)
        table = sparse.coo_array((ones, (source, target)), shape=(self.nodes, self.nodes)).tocsr()
        table.sort_indices()
        return SocialGraph(table.indptr.astype(np.int64), table.indices.astype(np.int32))

    def most_followed(self, count: int) -> npt.NDArray[np.int64]:
        """Return the ``count`` nodes with most followers, most first; of equals the lower number first."""
        followers = np.bincount(self.followed, minlength=self.nodes)
        return np.argsort(-followers, kind="stable")[:count]


def empty_graph(nodes: int) -> SocialGraph:
    """Return the graph in which nobody follows anybody."""
    return SocialGraph(np.zeros(nodes + 1, np.int64), np.zeros(0, np.int32))


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
