"""What a rule of social contagion is: who has said something, what a step does, what mood comes of it."""

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Nodes = npt.NDArray[np.int64] | npt.NDArray[np.bool_] | list[int]


class SocialRule(Protocol):
    """Mood that spreads over a graph. Made from a graph, a key of a random stream, and own parameters.

    In a market it hears by `post` of those whose own mood has become strong.
    """

    def post(self, nodes: Nodes, tone: float) -> None:
        """Let ``nodes`` say or hear something from outside the graph, of tone -1 (fear) to 1 (greed)."""

    def step(self, step_s: float) -> None:
        """Let ``step_s`` seconds of talk pass."""

    def sentiment(self) -> npt.NDArray[np.float64]:
        """Return the mood of every node, from -1 to 1, shape ``(nodes,)``."""


@runtime_checkable
class AveragingRule(SocialRule, Protocol):
    """A rule that averages moods: a market puts its own array there, on which posts and returns act too.

    Attributes
    ----------
    opinion
        Mood of every node, -1 to 1, shape ``(nodes,)``; `step` rewrites it in place.
    """

    opinion: npt.NDArray[np.float64]
