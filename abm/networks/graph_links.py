"""Between links and graphs: from pairs of nodes, to those whom a node reaches, to networkx."""

import networkx as nx
import numpy as np
import numpy.typing as npt
from scipy import sparse

from abm.networks.social_graph import SocialGraph


def graph_from_pairs(
    nodes: int, source: npt.ArrayLike, target: npt.ArrayLike, directed: bool = False
) -> SocialGraph:
    """Return the graph with a link for each pair; self-loops and repeated pairs are dropped.

    Parameters
    ----------
    nodes
        Number of nodes; those that no pair names follow nobody.
    source, target
        Node numbers, shape ``(links,)``: ``source`` follows ``target``, and the other way round too unless
        ``directed``.

    Raises
    ------
    ValueError
        If a number is not from 0 to ``nodes - 1``.
    """
    u, v = np.asarray(source, np.int64), np.asarray(target, np.int64)
    for ends in (u, v):
        outside = ends[(ends < 0) | (ends >= nodes)]
        if len(outside):
            raise ValueError(f"social graph: node {outside[0]} in a link; nodes are 0 to {nodes - 1}")
    u, v = u[u != v], v[u != v]
    if not directed:
        u, v = np.concatenate([u, v]), np.concatenate([v, u])
    table = sparse.coo_array((np.ones(len(u), np.bool_), (u, v)), shape=(nodes, nodes)).tocsr()
    table.sum_duplicates()
    return SocialGraph(table.indptr.astype(np.int64), table.indices.astype(np.int32))


def followers(graph: SocialGraph) -> SocialGraph:
    """Return the graph whose rows are those that a node's posts reach: those who follow it."""
    ones = np.ones(len(graph.followed), np.bool_)
    table = sparse.csr_array((ones, graph.followed, graph.start), shape=(graph.nodes, graph.nodes))
    turned = table.tocsc()
    return SocialGraph(turned.indptr.astype(np.int64), turned.indices.astype(np.int32))


def to_networkx(graph: SocialGraph) -> "nx.DiGraph[int]":
    """Return the graph for networkx: ``u -> v`` means that ``u`` follows ``v``."""
    drawn: nx.DiGraph[int] = nx.DiGraph()
    drawn.add_nodes_from(range(graph.nodes))
    source = np.repeat(np.arange(graph.nodes), np.diff(graph.start))
    drawn.add_edges_from(zip(source.tolist(), graph.followed.tolist(), strict=True))
    return drawn
