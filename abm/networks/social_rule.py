"""What a rule of social contagion is: who has said something, what a step does, what mood comes of it."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

Nodes = npt.NDArray[np.int64] | npt.NDArray[np.bool_] | list[int]


class SocialRule(Protocol):
    """Mood that spreads over a graph. Made from a graph, a key of a random stream, and own parameters."""

    def post(self, nodes: Nodes, tone: float) -> None:
        """Let ``nodes`` say or hear something from outside the graph, of tone -1 (fear) to 1 (greed)."""

    def step(self, step_s: float) -> None:
        """Let ``step_s`` seconds of talk pass."""

    def sentiment(self) -> npt.NDArray[np.float64]:
        """Return the mood of every node, from -1 to 1, shape ``(nodes,)``."""


def checked_tone(tone: float) -> float:
    """Return ``tone``, or raise ValueError when it is not from -1 to 1."""
    if not -1.0 <= tone <= 1.0:
        raise ValueError(f"tone is {tone}; it must be from -1 to 1")
    return tone


def checked_share(name: str, value: float) -> float:
    """Return ``value``, or raise ValueError when it is not from 0 to 1."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} is {value}; it must be from 0 to 1")
    return value


def checked_rate(name: str, value: float) -> float:
    """Return ``value``, or raise ValueError when it is not a finite number of 0 or more."""
    if not 0.0 <= value < np.inf:
        raise ValueError(f"{name} is {value}; it must be 0 or more")
    return value
