"""Where the people of a social graph stand on the screen: those with most followers, the others in bubbles.

A graph of tens of thousands cannot be read. Shown are the `SHOWN` nodes with most followers, each with the
link to the most followed of those whom it follows; all others are counted in bubbles by that same choice.
Hubs are placed by the force layout of Fruchterman and Reingold 1991 ("Graph drawing by force-directed
placement", Software 21, 1129-1164; networkx), the rest beside whom they follow, then moved apart.
"""

from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from abm.model import MarketModel

SHOWN = 2000
HUBS = 220
BUBBLES = 16
_ROUNDS = 30

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def social_network(model: MarketModel) -> Any:
    """Return the network of a market that has a graph of people and their sentiment, None without one."""
    for network in model.networks:
        if hasattr(network, "graph") and hasattr(network, "sentiment") and network.graph.nodes > 1:
            return network
    return None


@dataclass
class SocialPicture:
    """Places of people.

    Attributes
    ----------
    node
        Which nodes are shown, most followed first, shape ``(shown,)``.
    followers
        How many follow each of them.
    place
        Where they stand, from -1 to 1, shape ``(shown, 2)``.
    links
        Each with the most followed of those it follows, places in ``node``, shape ``(links, 2)``.
    bubble
        For each node of the graph the bubble that it is counted in, -1 for those who are shown.
    at
        Where the bubbles stand, shape ``(bubbles, 2)``.
    """

    node: Integers
    followers: Integers
    place: Floats
    links: Integers
    bubble: Integers
    at: Floats

    def mood(self, sentiment: Floats) -> npt.NDArray[np.int8]:
        """Return sentiment in hundredths: of each that is shown, then the mean of each bubble."""
        inside = self.bubble >= 0
        count = np.maximum(self.counts, 1)
        means = np.bincount(self.bubble[inside], sentiment[: len(self.bubble)][inside], len(self.at)) / count
        both = np.concatenate((sentiment[self.node], means))
        return np.rint(100.0 * np.clip(both, -1.0, 1.0)).astype(np.int8)

    @property
    def counts(self) -> Integers:
        """How many people each bubble counts."""
        return np.bincount(self.bubble[self.bubble >= 0], minlength=len(self.at))

    def layout(self) -> dict[str, Any]:
        """Return what a page must know once: places in thousandths, followers, links, bubbles."""
        return {
            "people": len(self.bubble),
            "place": np.rint(1000.0 * self.place).astype(int).ravel().tolist(),
            "followers": self.followers.tolist(),
            "links": self.links.ravel().tolist(),
            "bubbles": np.rint(1000.0 * self.at).astype(int).ravel().tolist(),
            "counts": self.counts.tolist(),
        }


def social_picture(model: MarketModel, shown: int = SHOWN) -> SocialPicture | None:
    """Return the picture of the social graph of a market, None where there is none."""
    network = social_network(model)
    if network is None:
        return None
    graph = network.graph
    followers = np.bincount(graph.followed, minlength=graph.nodes)
    node = np.argsort(-followers, kind="stable")[:shown]
    rank = np.full(graph.nodes, -1, np.int64)
    rank[node] = np.arange(len(node))
    source = np.repeat(np.arange(graph.nodes), np.diff(graph.start))
    target = graph.followed.astype(np.int64)
    best = np.full(graph.nodes, len(rank), np.int64)
    np.minimum.at(best, source, np.where(rank[target] >= 0, rank[target], len(rank)))
    first = best[node]
    tied = (first < len(node)) & (first != np.arange(len(node)))
    links = np.column_stack((np.flatnonzero(tied), first[tied]))
    place = arrange(len(node), links)
    bubble, at = _bubbles(rank, best, place)
    return SocialPicture(node, followers[node].astype(np.int64), place, links, bubble, at)


def arrange(nodes: int, links: Integers) -> Floats:
    """Return places from -1 to 1 of nodes that are numbered by rank, shape ``(nodes, 2)``.

    Parameters
    ----------
    links
        Pairs of nodes, each once, shape ``(links, 2)``.
    """
    hubs = min(nodes, HUBS)
    core: nx.Graph[int] = nx.Graph()
    core.add_nodes_from(range(hubs))
    core.add_edges_from(links[(links < hubs).all(axis=1)].tolist())
    found = nx.spring_layout(core, seed=1, iterations=80, k=2.4 / np.sqrt(max(hubs, 1)))
    place = np.zeros((nodes, 2))
    place[:hubs] = [found[k] for k in range(hubs)]
    leader = np.arange(nodes)
    leader[links[:, 0]] = links[:, 1]
    angle = 2.399963 * np.arange(nodes)  # the golden angle: nobody starts where another does
    ring = np.column_stack((np.cos(angle), np.sin(angle)))
    for k in range(hubs, nodes):
        place[k] = (place[leader[k]] if leader[k] != k else 0.8 * ring[k]) + 0.05 * ring[k]
    _move_apart(place, leader, hubs)
    centred = place - place.mean(axis=0)
    reach = np.quantile(np.abs(centred), 0.995) if nodes > 1 else 1.0
    return np.clip(centred / max(float(reach), 1e-9), -1.0, 1.0)


def _move_apart(place: Floats, leader: Integers, hubs: int) -> None:
    """Move people away from their neighbours on the screen, and those who are no hubs to their leaders."""
    apart = 1.6 * np.sqrt(1.0 / max(len(place), 1))
    free = (np.arange(len(place)) >= hubs)[:, None]
    for _ in range(_ROUNDS):
        move = np.where(free, 0.05 * (place[leader] - place), 0.0)
        pairs = cKDTree(place).query_pairs(apart, output_type="ndarray")
        gap = place[pairs[:, 0]] - place[pairs[:, 1]]
        far = np.sqrt((gap**2).sum(axis=1, keepdims=True)) + 1e-9
        push = 0.4 * gap / far * (apart - far)
        for axis in (0, 1):
            move[:, axis] += np.bincount(pairs[:, 0], push[:, axis], len(place))
            move[:, axis] -= np.bincount(pairs[:, 1], push[:, axis], len(place))
        place += np.clip(move, -apart, apart)


def _bubbles(rank: Integers, best: Integers, place: Floats) -> tuple[Integers, Floats]:
    """Return the bubble of each node and where bubbles stand; ``best`` is the rank of whom each follows."""
    bubbles = min(BUBBLES, len(place))
    bubble = np.where(rank < 0, best % bubbles, -1)
    direction = np.arctan2(place[:bubbles, 1], place[:bubbles, 0])
    order = np.argsort(np.argsort(direction))
    angle = 2.0 * np.pi * order / max(bubbles, 1) - np.pi
    return bubble, 1.14 * np.column_stack((np.cos(angle), np.sin(angle)))
