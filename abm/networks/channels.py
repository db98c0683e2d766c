"""Channels: the ways that posts take, each with readers, a speed and a loudness of its own."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel
from abm.networks.checked import checked_rate
from abm.networks.social_graph import SocialGraph

PostKind = Literal["liquidation", "call", "rumour", "correction"]
POST_KINDS: tuple[PostKind, ...] = ("liquidation", "call", "rumour", "correction")
"""What people post: that they were liquidated, where the price goes, that somebody is insolvent or is not."""

FORGOTTEN = 1e-5
"""What is left of a post and no longer felt part by part: it is given at once."""

Floats = npt.NDArray[np.float64]


@kernel
def hand_out(
    waiting: Floats,
    mood: Floats,
    start: npt.NDArray[np.int64],
    reached: npt.NDArray[np.int32],
    share: float,
) -> int:
    """Add a share of every waiting post to the mood of its readers; return how many still wait.

    Parameters
    ----------
    waiting
        What the posts of each node have still to add to a reader's mood, shape ``(nodes,)``; rewritten.
    mood
        Shape ``(nodes,)``; rewritten, not kept on the scale.
    start, reached
        Whom each node's posts reach.
    share
        Share of what waits that is read now, 0 to 1.
    """
    left = 0
    for v in range(len(waiting)):
        if waiting[v] == 0.0:
            continue
        given = waiting[v]
        if abs(given) > FORGOTTEN:
            given *= share
        for k in range(start[v], start[v + 1]):
            mood[reached[k]] += given
        waiting[v] -= given
        left += waiting[v] != 0.0
    return left


class Channel:
    """A way that posts take.

    Parameters
    ----------
    name
        For messages and tables.
    reach
        Whom each node's posts reach: those who follow it, or the members of its group.
    delay_s
        Mean time until a reader has read a post, seconds; readers look at random times, and moods move by
        the share of readers' attention that a post has had. 0: at the next look.
    loudness
        Factor on what a post adds to a reader's mood.
    tells_per_s
        How often one who spreads a rumour tells somebody there, 1/s.
    carries
        Kinds of post, of `POST_KINDS`, that it carries.
    """

    def __init__(
        self,
        name: str,
        reach: SocialGraph,
        delay_s: float = 0.0,
        loudness: float = 1.0,
        tells_per_s: float = 0.01,
        carries: Sequence[PostKind] = POST_KINDS,
    ) -> None:
        self.name = name
        self.reach = reach
        self.delay_s = checked_rate("delay_s", delay_s)
        self.loudness = checked_rate("loudness", loudness)
        self.tells_per_s = checked_rate("tells_per_s", tells_per_s)
        self.carries = carries
        self.authors = 0
        self._waiting = np.zeros(reach.nodes)

    def post(self, nodes: npt.NDArray[np.int64], force: float | Floats) -> None:
        """Let ``nodes`` post something that adds ``force`` to the mood of every reader in the end."""
        np.add.at(self._waiting, nodes, force * self.loudness)
        self.authors += len(nodes)

    def deliver(self, mood: Floats, span_s: float) -> None:
        """Let ``span_s`` seconds of reading pass."""
        if self.authors:
            share = 1.0 if self.delay_s == 0.0 else 1.0 - math.exp(-span_s / self.delay_s)
            self.authors = hand_out(self._waiting, mood, self.reach.start, self.reach.followed, share)
