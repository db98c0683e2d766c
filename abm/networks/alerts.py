"""Alerts that make those who see them post alerts themselves: a Hawkes process on the graph.

Hawkes 1971, "Spectra of some self-exciting and mutually exciting point processes", Biometrika 58, 83-90, in
discrete time: every alert makes ``branching`` more in the mean, spread evenly over those whom it reaches,
after delays that are exponential.
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

Floats = npt.NDArray[np.float64]


@kernel
def alerts_step(
    excitation: Floats,
    alerts: npt.NDArray[np.int32],
    start: npt.NDArray[np.int64],
    reached: npt.NDArray[np.int32],
    base: float,
    branching: float,
    decay: float,
    step_s: float,
    key: np.uint64,
    when: int,
) -> int:
    """Draw the alerts of one step and let them excite.

    Parameters
    ----------
    excitation
        Rate of each node above ``base``, 1/s; rewritten.
    alerts
        On return the alerts of each node in this step.
    start, reached
        Whom each node reaches: the graph of `followers`. Alerts of who reaches nobody excite nobody.
    base
        Rate of alerts without cause in the graph, 1/s.
    branching
        Mean number of alerts that one causes directly.
    decay
        Inverse mean delay, 1/s.

    Returns
    -------
    int
        Alerts in all.

    Notes
    -----
    The jump is ``branching (1 - exp(-decay step)) / step``, so that the mean number caused is ``branching``
    at every step length.
    """
    kept = math.exp(-decay * step_s)
    jump = branching * (1.0 - kept) / step_s
    total = 0
    for v in range(len(excitation)):
        mean = (base + excitation[v]) * step_s
        excitation[v] *= kept
        alerts[v] = 0
        u = uniform(key, v, when, 0)
        if u < -math.expm1(-mean):
            chance = math.exp(-mean)
            below = chance
            while u < 1.0 - below and alerts[v] < 1000:
                alerts[v] += 1
                chance *= mean / alerts[v]
                below += chance
            total += alerts[v]
    for v in range(len(excitation)):
        reach = start[v + 1] - start[v]
        if alerts[v] > 0 and reach > 0:
            for k in range(start[v], start[v + 1]):
                excitation[reached[k]] += jump * alerts[v] / reach
    return total


class Alerts:
    """Alerts about liquidations that breed alerts, and the fear of those who see them.

    Parameters
    ----------
    graph
        Who follows whom.
    key
        Key of the random stream.
    base_per_s
        Rate of alerts of each node without cause in the graph, 1/s.
    branching
        Mean number of alerts that one causes directly, below one.
    mean_delay_s
        Mean delay of those.
    fear
        Fear caused by an excitation of one alert for each ``mean_delay_s``.
    """

    def __init__(
        self,
        graph: SocialGraph,
        key: np.uint64,
        base_per_s: float = 0.0,
        branching: float = 0.5,
        mean_delay_s: float = 60.0,
        fear: float = 1.0,
    ) -> None:
        if not 0.0 <= branching < 1.0:
            raise ValueError(f"branching is {branching}; it must be from 0 to below 1")
        if not mean_delay_s > 0.0:
            raise ValueError(f"mean_delay_s is {mean_delay_s}; it must be above 0")
        self.reach = followers(graph)
        self.key = key
        self.base_per_s = checked_rate("base_per_s", base_per_s)
        self.branching, self.mean_delay_s = branching, mean_delay_s
        self.fear = checked_rate("fear", fear)
        self.excitation = np.zeros(graph.nodes)
        self.alerts = np.zeros(graph.nodes, np.int32)
        self.alerts_of_step = 0
        self._calls = 0

    def post(self, nodes: Nodes, tone: float) -> None:
        """Excite ``nodes`` as one alert for each of them would, times ``-tone``; greed excites nobody."""
        self.excitation[nodes] += self.branching / self.mean_delay_s * max(-checked_tone(tone), 0.0)

    def step(self, step_s: float) -> None:
        """Draw the alerts of the step."""
        self.alerts_of_step = alerts_step(
            self.excitation,
            self.alerts,
            self.reach.start,
            self.reach.followed,
            self.base_per_s,
            self.branching,
            1.0 / self.mean_delay_s,
            step_s,
            self.key,
            self._calls,
        )
        self._calls += 1

    def sentiment(self) -> Floats:
        """Return fear by excitation, from 0 to -1."""
        return -np.minimum(self.fear * self.mean_delay_s * self.excitation, 1.0)
