"""Switching between two moods by own whim and by recruitment.

Kirman 1993, "Ants, rationality, and recruitment", Quarterly Journal of Economics 108, 137-156: one agent at a
time changes its mood with probability ``own``, or meets another and takes over that one's mood with
probability ``convince``. Where everybody meets everybody, the number of optimists is beta-binomial.
"""

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel
from abm.networks.checked import checked_rate, checked_share, checked_tone
from abm.networks.social_graph import SocialGraph
from abm.networks.social_rule import Nodes
from abm.random_streams import uniform

Floats = npt.NDArray[np.float64]


@kernel
def herding_updates(
    optimist: npt.NDArray[np.bool_],
    start: npt.NDArray[np.int64],
    followed: npt.NDArray[np.int32],
    own: float,
    convince: float,
    updates: int,
    key: np.uint64,
    when: int,
) -> int:
    """Let ``updates`` randomly chosen agents, one after the other, think again.

    Parameters
    ----------
    optimist
        Mood of each node; rewritten.
    own, convince
        Probability of a change by own whim, and that of taking over the mood of a random one of those
        followed; their sum is at most one.
    key, when
        Random stream, and the number of this call.

    Returns
    -------
    int
        Change in the number of optimists.
    """
    change = 0
    n = len(optimist)
    for m in range(updates):
        v = np.int64(uniform(key, m, when, 0) * n)
        u = uniform(key, m, when, 1)
        turn = u < own
        if not turn and u < own + convince:
            reach = start[v + 1] - start[v]
            if reach > 0:
                met = followed[start[v] + np.int64(uniform(key, m, when, 2) * reach)]
                turn = optimist[met] != optimist[v]
        if turn:
            optimist[v] = not optimist[v]
            change += 1 if optimist[v] else -1
    return change


def stationary_optimists(agents: int, own: float, convince: float) -> Floats:
    """Return the exact stationary probability of k = 0..``agents`` optimists where everybody meets everybody.

    Beta-binomial(agents, a, a) with ``a = own (agents - 1) / convince``, by detailed balance of Kirman's
    transition probabilities; two-peaked if and only if ``a < 1``.
    """
    from scipy.stats import betabinom

    a = own * (agents - 1) / convince
    return np.asarray(betabinom.pmf(np.arange(agents + 1), agents, a, a))


class HerdingSwitch:
    """Optimists and pessimists who recruit each other.

    Parameters
    ----------
    graph
        Who follows whom.
    key
        Key of the random stream.
    thoughts_per_s
        How often each agent thinks again, 1/s.
    own, convince
        See `herding_updates`.
    """

    def __init__(
        self,
        graph: SocialGraph,
        key: np.uint64,
        thoughts_per_s: float = 1e-3,
        own: float = 0.01,
        convince: float = 0.9,
    ) -> None:
        checked_share("own", own)
        checked_share("convince", convince)
        checked_share("own + convince", own + convince)
        self.graph = graph
        self.key = key
        self.thoughts_per_s = checked_rate("thoughts_per_s", thoughts_per_s)
        self.own, self.convince = own, convince
        self.optimist = np.zeros(graph.nodes, np.bool_)
        self.optimist[::2] = True
        self.optimists = int(self.optimist.sum())
        self._owed = 0.0
        self._calls = 0

    def post(self, nodes: Nodes, tone: float) -> None:
        """Make ``nodes`` optimists (tone above 0) or pessimists."""
        self.optimist[nodes] = checked_tone(tone) > 0.0
        self.optimists = int(self.optimist.sum())

    def step(self, step_s: float) -> None:
        """Let as many agents think again as the rate asks for."""
        self._owed += self.graph.nodes * self.thoughts_per_s * step_s
        updates = int(self._owed)
        self._owed -= updates
        self.think(updates)

    def think(self, updates: int) -> int:
        """Let ``updates`` agents think again; return the number of optimists."""
        self.optimists += herding_updates(
            self.optimist,
            self.graph.start,
            self.graph.followed,
            self.own,
            self.convince,
            updates,
            self.key,
            self._calls,
        )
        self._calls += 1
        return self.optimists

    def sentiment(self) -> Floats:
        """Return 1 for optimists, -1 for pessimists."""
        return np.where(self.optimist, 1.0, -1.0)
