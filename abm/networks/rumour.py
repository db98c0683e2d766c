"""Rumours that die because they become stale: ignorants, spreaders and stiflers.

Maki and Thompson 1973 (after Daley and Kendall 1965, "Stochastic rumours", J. Inst. Maths Applics 1, 42-55):
a spreader tells somebody; one who did not know it spreads it too; from one who knew it the teller learns
that it is stale, and stops. Where everybody meets everybody a share x = .2032 never hears of it, the root of
``x = exp(-2 (1 - x))``.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel
from abm.networks.checked import checked_rate, checked_share, checked_tone
from abm.networks.graph_links import followers
from abm.networks.social_graph import SocialGraph, empty_graph
from abm.networks.social_rule import Nodes
from abm.random_streams import uniform

IGNORANT, SPREADER, STIFLER = 0, 1, 2

Floats = npt.NDArray[np.float64]


@kernel
def rumour_meetings(
    state: npt.NDArray[np.int8],
    spreaders: npt.NDArray[np.int32],
    spreading: int,
    start: npt.NDArray[np.int64],
    reached: npt.NDArray[np.int32],
    believed: float,
    span: float,
    meetings: int,
    key: np.uint64,
    when: int,
) -> int:
    """Let spreaders tell somebody, each at rate one, until time is up, enough have met or all is quiet.

    Parameters
    ----------
    state
        `IGNORANT`, `SPREADER` or `STIFLER` of each node; rewritten.
    spreaders, spreading
        Spreaders in any order, and how many; space for all nodes.
    start, reached
        Whom each node reaches: the graph of `followers`. Who reaches nobody becomes a stifler.
    believed
        Probability that somebody new to it starts to spread it; else that person becomes a stifler.
    span
        Time, in units of the mean time between two meetings of a spreader. Meetings come one after the
        other, after exponential waits, so that two spans are in law what they are at once.
    meetings
        Largest number of meetings.
    key, when
        Random stream, and the number of this call.

    Returns
    -------
    int
        How many spread it now.
    """
    left = span
    for m in range(meetings):
        if spreading == 0:
            break
        left += math.log(1.0 - uniform(key, m, when, 3)) / spreading
        if left < 0.0:
            break
        place = np.int64(uniform(key, m, when, 0) * spreading)
        v = spreaders[place]
        reach = start[v + 1] - start[v]
        stale = True
        if reach > 0:
            u = reached[start[v] + np.int64(uniform(key, m, when, 1) * reach)]
            if state[u] == 0:
                stale = False
                if uniform(key, m, when, 2) < believed:
                    state[u] = 1
                    spreaders[spreading] = u
                    spreading += 1
                else:
                    state[u] = 2
        if stale:
            state[v] = 2
            spreading -= 1
            spreaders[place] = spreaders[spreading]
    return spreading


def ignorants_left(believed: float = 1.0) -> float:
    """Return the share that never hears of it in a large population in which everybody meets everybody.

    Each meeting with somebody new makes ``believed`` spreaders, every other one takes one away: the share x
    solves ``ln x = (1 + believed) (x - 1)``; .2032 for ``believed`` of one.
    """
    from scipy.optimize import brentq

    checked_share("believed", believed)
    if believed == 0.0:
        return 1.0
    return float(brentq(lambda x: np.log(x) + (1 + believed) * (1 - x), 1e-9, 1 / (1 + believed)))


class Rumour:
    """A rumour that frightens everybody who has heard it.

    Parameters
    ----------
    graph
        Who follows whom.
    key
        Key of the random stream.
    meetings_per_s
        How often a spreader tells somebody, 1/s.
    believed
        Probability that a listener spreads it on.
    """

    def __init__(
        self, graph: SocialGraph, key: np.uint64, meetings_per_s: float = 1e-2, believed: float = 1.0
    ) -> None:
        self._begin([(followers(graph), checked_rate("meetings_per_s", meetings_per_s))], graph.nodes)
        self.key = key
        self.believed = checked_share("believed", believed)

    @classmethod
    def along(
        cls, ways: Sequence[tuple[SocialGraph, float]], nodes: int, key: np.uint64, believed: float = 1.0
    ) -> "Rumour":
        """Return a rumour told in several ways at once: whom nodes reach there, and meetings a second."""
        rumour = cls(empty_graph(0), key, 0.0, believed)
        rumour._begin(ways, nodes)
        return rumour

    def _begin(self, ways: Sequence[tuple[SocialGraph, float]], nodes: int) -> None:
        self.ways = list(ways)
        self.state = np.zeros(nodes, np.int8)
        self.spreaders = np.zeros(nodes, np.int32)
        self.spreading = 0
        self.tone = -1.0
        self._calls = 0

    def post(self, nodes: Nodes, tone: float) -> None:
        """Let ``nodes`` start to spread it; a tone of 0 or more is a correction, and silences them."""
        silent = checked_tone(tone) >= 0.0
        self.tone = self.tone if silent else tone
        self.state[nodes] = STIFLER if silent else SPREADER
        found = np.flatnonzero(self.state == SPREADER)
        self.spreading = len(found)
        self.spreaders[: len(found)] = found

    def step(self, step_s: float) -> None:
        """Let the spreaders talk."""
        for way in range(len(self.ways)):
            self._meet(way, self.ways[way][1] * step_s, np.iinfo(np.int64).max)

    def meet(self, meetings: int) -> int:
        """Let ``meetings`` take place, fewer if the rumour dies; return how many still spread it."""
        return self._meet(0, np.inf, meetings)

    def _meet(self, way: int, span: float, meetings: int) -> int:
        reach = self.ways[way][0]
        self.spreading = rumour_meetings(
            self.state,
            self.spreaders,
            self.spreading,
            reach.start,
            reach.followed,
            self.believed,
            span,
            meetings,
            self.key,
            self._calls,
        )
        self._calls += 1
        return self.spreading

    def sentiment(self) -> Floats:
        """Return the rumour's tone for those who have heard it, 0 for the others."""
        return np.where(self.state == IGNORANT, 0.0, self.tone)
