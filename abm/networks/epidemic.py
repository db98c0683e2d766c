"""Fear as an infection: susceptible, infected, recovered.

Kermack and McKendrick 1927 in discrete time on a graph: in each step an infected node infects each of those
it reaches with one probability and then recovers with another (Newman 2002, Phys. Rev. E 66, 016128, for the
graph as percolation).
"""

import math

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel
from abm.networks.checked import checked_rate, checked_tone
from abm.networks.graph_links import followers
from abm.networks.social_graph import SocialGraph
from abm.networks.social_rule import Nodes
from abm.random_streams import uniform

SUSCEPTIBLE, INFECTED, RECOVERED = 0, 1, 2

Floats = npt.NDArray[np.float64]


@kernel
def epidemic_step(
    state: npt.NDArray[np.int8],
    start: npt.NDArray[np.int64],
    reached: npt.NDArray[np.int32],
    infect: float,
    recover: float,
    key: np.uint64,
    when: int,
) -> int:
    """Let everybody infected at the start of the step infect and recover, in this order.

    Parameters
    ----------
    state
        `SUSCEPTIBLE`, `INFECTED` or `RECOVERED` of each node; rewritten.
    start, reached
        Whom each node reaches: the graph of `followers`.
    infect, recover
        Probability, in this step, that an infected node infects one that it reaches, and that it recovers.

    Returns
    -------
    int
        How many are infected at the end of the step.
    """
    n = len(state)
    ill = np.empty(n, np.int32)
    many = 0
    for v in range(n):
        if state[v] == 1:
            ill[many] = v
            many += 1
    infected = many
    for i in range(many):
        v = ill[i]
        for k in range(start[v], start[v + 1]):
            if state[reached[k]] == 0 and uniform(key, k, when, 0) < infect:
                state[reached[k]] = 1
                infected += 1
        if uniform(key, v, when, 1) < recover:
            state[v] = 2
            infected -= 1
    return infected


def transmissibility(infect: float, recover: float) -> float:
    """Return the probability that an infected node infects one that it reaches before it recovers.

    ``infect / (infect + recover - infect recover)``: a step ends the tie by infection, by recovery or not.
    """
    return infect / (infect + recover - infect * recover)


def final_size(reproduction: float) -> float:
    """Return the share infected in a large outbreak, the root of ``s = 1 - exp(-R0 s)``; 0 for R0 up to 1.

    Exact where everybody meets everybody, and on a large random graph with ``R0`` the mean degree times
    `transmissibility`, whose degrees are Poisson.
    """
    if reproduction <= 1.0:
        return 0.0
    from scipy.optimize import brentq

    return float(brentq(lambda s: s - 1.0 + math.exp(-reproduction * s), 1e-9, 1.0))


class Epidemic:
    """Fear that infects, and of which people recover for good.

    Parameters
    ----------
    graph
        Who follows whom.
    key
        Key of the random stream.
    infections_per_s, recoveries_per_s
        Rates at which an infected node infects each one that it reaches, and recovers.
    """

    def __init__(
        self,
        graph: SocialGraph,
        key: np.uint64,
        infections_per_s: float = 1e-4,
        recoveries_per_s: float = 1e-4,
    ) -> None:
        self.reach = followers(graph)
        self.key = key
        self.infections_per_s = checked_rate("infections_per_s", infections_per_s)
        self.recoveries_per_s = checked_rate("recoveries_per_s", recoveries_per_s)
        self.state = np.zeros(graph.nodes, np.int8)
        self.infected = 0
        self._calls = 0

    def post(self, nodes: Nodes, tone: float) -> None:
        """Infect ``nodes`` (tone below 0) or make them immune."""
        self.state[nodes] = INFECTED if checked_tone(tone) < 0.0 else RECOVERED
        self.infected = int((self.state == INFECTED).sum())

    def step(self, step_s: float) -> None:
        """Let fear spread."""
        infect = 1.0 - math.exp(-self.infections_per_s * step_s)
        recover = 1.0 - math.exp(-self.recoveries_per_s * step_s)
        self.infected = epidemic_step(
            self.state, self.reach.start, self.reach.followed, infect, recover, self.key, self._calls
        )
        self._calls += 1

    def sentiment(self) -> Floats:
        """Return -1 for the infected, 0 for the others."""
        return -(self.state == INFECTED).astype(np.float64)
