"""Saying something to a social graph from outside."""

from typing import Any

import numpy as np
import numpy.typing as npt

from abm.networks.social_graph import SocialGraph


def most_followed(graph: SocialGraph, count: int) -> npt.NDArray[np.int64]:
    """Return the ``count`` nodes with most followers."""
    followers = np.bincount(graph.followed, minlength=graph.nodes)
    return np.argsort(-followers, kind="stable")[:count]


def say(network: Any, nodes: npt.NDArray[np.int64], tone: float) -> None:
    """Let ``nodes`` take on a mood of ``tone``, -1 fear to 1 greed, whatever rule spreads moods then."""
    for name in ("feeling", "sentiment"):
        if hasattr(network, name):
            getattr(network, name)[nodes] = tone
