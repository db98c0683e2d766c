"""What the herd posts, on which channels, and how many posts of each kind there were."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.compiled import kernel
from abm.networks.channels import Channel, PostKind
from abm.random_streams import uniform

POST_COLUMNS = ("time_s", "kind", "posts", "force")
"""Time of the look at which they were made, kind, how many, and mean change of a reader's mood by one."""


class Posts:
    """Posts of everybody on all channels, counted from look to look.

    Parameters
    ----------
    channels
        Ways that posts take.
    """

    def __init__(self, channels: Sequence[Channel]) -> None:
        self.channels = tuple(channels)
        self._made: dict[str, list[float]] = {}
        self._counted: list[tuple[float, str, int, float]] = []

    def post(self, kind: PostKind, nodes: npt.NDArray[np.int64], force: npt.NDArray[np.float64]) -> None:
        """Let ``nodes`` post on every channel that carries ``kind``.

        Parameters
        ----------
        kind
            One of `abm.networks.channels.POST_KINDS`.
        nodes
            Authors.
        force
            What each post adds to the mood of its readers, same shape; below zero it frightens.
        """
        if len(nodes) == 0:
            return
        for channel in self.channels:
            if kind in channel.carries:
                channel.post(nodes, force)
        self.count(kind, len(nodes), float(np.sum(force)))

    def count(self, kind: PostKind, posts: int, force: float) -> None:
        """Count posts since the last look, with the sum of what they add to the mood of a reader."""
        if posts:
            made = self._made.setdefault(kind, [0.0, 0.0])
            made[0] += posts
            made[1] += force

    def deliver(self, mood: npt.NDArray[np.float64], span_s: float) -> None:
        """Let ``span_s`` seconds of reading on all channels pass."""
        for channel in self.channels:
            channel.deliver(mood, span_s)

    def close_look(self, now_s: float) -> None:
        """Write down what was counted since the last look."""
        self._counted += [
            (now_s, kind, int(posts), force / posts) for kind, (posts, force) in self._made.items()
        ]
        self._made = {}

    def table(self) -> pd.DataFrame:
        """Return how many posts of each kind were made, look by look: the columns of `POST_COLUMNS`."""
        return pd.DataFrame(self._counted, columns=list(POST_COLUMNS))


@kernel
def callers(
    influencers: npt.NDArray[np.int64],
    mood: npt.NDArray[np.float64],
    expected: float,
    key: np.uint64,
    index: int,
    calls: npt.NDArray[np.int8],
) -> int:
    """Write 1 or -1 for each influencer who calls the price up or down now; return how many do.

    ``expected`` is the number of calls that one in an extreme mood makes in the time.
    """
    made = 0
    for k in range(len(influencers)):
        v = influencers[k]
        calls[k] = 0
        if uniform(key, v, index, 2) < 1.0 - math.exp(-expected * abs(mood[v])):
            calls[k] = 1 if mood[v] > 0.0 else -1
            made += 1
    return made
