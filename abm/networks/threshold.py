"""Contagion by thresholds: a person acts once enough of those they follow act.

Granovetter 1978, "Threshold models of collective behavior", American Journal of Sociology 83, 1420-1443 (a
number of others); Watts 2002, "A simple model of global cascades on random networks", PNAS 99, 5766-5771 (a
share of the neighbours).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel
from abm.networks.checked import checked_tone
from abm.networks.graph_links import followers
from abm.networks.social_graph import SocialGraph
from abm.networks.social_rule import Nodes

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NEVER = np.iinfo(np.int32).max
"""A number of others that is never reached."""


def needed_for_share(graph: SocialGraph, share: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Return how many of those followed must act before each node does: the share, rounded up.

    Those who follow nobody are never swayed. ``share`` is one number or one for each node, above 0.
    """
    wanted = np.asarray(share, np.float64)
    if not (wanted > 0.0).all():
        raise ValueError("share: thresholds must be above 0")
    degree = np.diff(graph.start)
    needed = np.ceil(wanted * degree - 1e-9)
    return np.where((degree == 0) | (needed > degree), NEVER, needed).astype(np.int32)


@kernel
def threshold_step(
    active: Flags,
    before: Flags,
    start: npt.NDArray[np.int64],
    followed: npt.NDArray[np.int32],
    needed: npt.NDArray[np.int32],
) -> int:
    """Let everybody look at those followed at once; whoever sees ``needed`` of them act acts from now on.

    Returns
    -------
    int
        How many joined.
    """
    before[:] = active
    joined = 0
    for v in range(len(active)):
        if before[v]:
            continue
        seen = 0
        for k in range(start[v], start[v + 1]):
            if before[followed[k]]:
                seen += 1
                if seen >= needed[v]:
                    break
        if seen >= needed[v]:
            active[v] = True
            joined += 1
    return joined


@kernel
def threshold_cascade(
    active: Flags,
    start: npt.NDArray[np.int64],
    reached: npt.NDArray[np.int32],
    needed: npt.NDArray[np.int32],
) -> int:
    """Repeat `threshold_step` until nobody joins, looking only at those that somebody new reaches.

    Parameters
    ----------
    active
        Who acts at first, shape ``(nodes,)``; rewritten. Also those with ``needed`` of zero act.
    start, reached
        Whom each node reaches: the graph of `followers`.

    Returns
    -------
    int
        How many act in the end.
    """
    n = len(active)
    queue = np.empty(n, np.int64)
    seen = np.zeros(n, np.int32)
    filled = 0
    for v in range(n):
        active[v] = active[v] or needed[v] <= 0
        if active[v]:
            queue[filled] = v
            filled += 1
    done = 0
    while done < filled:
        v = queue[done]
        done += 1
        for k in range(start[v], start[v + 1]):
            u = reached[k]
            seen[u] += 1
            if not active[u] and seen[u] >= needed[u]:
                active[u] = True
                queue[filled] = u
                filled += 1
    return filled


def well_mixed_cascade(needed: npt.ArrayLike) -> int:
    """Return how many act in the end where everybody sees everybody: Granovetter's riot, without a graph.

    ``needed``: for each person, how many others must act first. The least number ``r`` such that exactly
    ``r`` people need at most ``r`` others.
    """
    ordered = np.sort(np.asarray(needed))
    waiting = ordered > np.arange(len(ordered))
    return int(waiting.argmax()) if waiting.any() else len(ordered)


def mean_field_activity(
    share_swayed: Callable[[float], float], first: float = 0.0, rounds: int = 1_000_000
) -> float:
    """Return the least share from ``first`` upward that sways exactly itself, ``r = F(r)``.

    ``share_swayed`` is the distribution function of thresholds, as shares of the population.
    """
    share = first
    for _ in range(rounds):
        swayed = max(share_swayed(share), first)
        if abs(swayed - share) < 1e-13:
            return swayed
        share = swayed
    raise ArithmeticError(f"no fixed point after {rounds} rounds; the last share is {share}")


def cascade_window(share: float) -> tuple[float, float]:
    """Return the mean degrees of a random graph between which one node can set off a global cascade.

    ``z P(Poisson(z) <= K - 2) = 1`` with ``K = floor(1 / share)``: whoever has at most K neighbours is
    swayed by a single one (Watts 2002, equation 5; the same for the interbank network of Gai and Kapadia
    2010, "Contagion in financial networks", Proc. R. Soc. A 466, 2401-2423). nan, nan if there is none.
    """
    from scipy.optimize import brentq
    from scipy.stats import poisson

    vulnerable = int(np.floor(1.0 / share + 1e-9))
    grid = np.linspace(1e-3, 5.0 * vulnerable + 5.0, 20_000)
    excess = grid * poisson.cdf(vulnerable - 2, grid) - 1.0
    turns = np.flatnonzero(np.diff(np.sign(excess)))
    if len(turns) < 2:
        return float("nan"), float("nan")

    def branching(z: float) -> float:
        return float(z * poisson.cdf(vulnerable - 2, z) - 1.0)

    low, high = (float(brentq(branching, grid[k], grid[k + 1])) for k in turns[:2])
    return low, high


class Threshold:
    """People who panic, for good, once a share of those they follow does.

    Parameters
    ----------
    graph
        Who follows whom.
    key
        Not used: nothing is random once the thresholds are given.
    share
        Threshold, one number or one for each node.
    look_s
        Seconds between two looks at the others.
    """

    def __init__(
        self,
        graph: SocialGraph,
        key: np.uint64,  # noqa: ARG002
        share: float | Floats = 0.18,
        look_s: float = 60.0,
    ) -> None:
        if not look_s > 0.0:
            raise ValueError(f"look_s is {look_s}; it must be above 0")
        self.graph = graph
        self.needed = needed_for_share(graph, share)
        self.look_s = look_s
        self.active = np.zeros(graph.nodes, np.bool_)
        self._before = np.zeros(graph.nodes, np.bool_)
        self._waited_s = 0.0

    def post(self, nodes: Nodes, tone: float) -> None:
        """Let ``nodes`` panic (tone below 0) or calm down (0 and above)."""
        self.active[nodes] = checked_tone(tone) < 0.0

    def step(self, step_s: float) -> None:
        """Let as many looks pass as fit in the time since the last one."""
        self._waited_s += step_s
        while self._waited_s >= self.look_s - 1e-9:
            self._waited_s -= self.look_s
            threshold_step(self.active, self._before, self.graph.start, self.graph.followed, self.needed)

    def cascade(self) -> int:
        """Let the panic run out at once; return how many panic."""
        reach = followers(self.graph)
        return threshold_cascade(self.active, reach.start, reach.followed, self.needed)

    def sentiment(self) -> Floats:
        """Return -1 for those who panic, 0 for the others."""
        return -self.active.astype(np.float64)
