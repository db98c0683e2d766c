"""A rumour with a date, told along several channels, and the correction that runs after it.

Both spread as `abm.networks.rumour` says. Who hears the rumour is frightened; who hears the correction stops
telling the rumour, and is reassured if it had frightened them.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from abm.networks.channels import Channel
from abm.networks.rumour import IGNORANT, Rumour

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
NOBODY = np.zeros(0, np.int64)


class RumourAndCorrection:
    """One rumour over its life.

    Parameters
    ----------
    fear
        What hearing the rumour takes from each node's mood, shape ``(nodes,)``.
    channels
        Where it is told; those that do not carry rumours, or corrections, are left out.
    key, correction_key
        Keys of random streams.
    first
        Who tell it first.
    time_s
        When, seconds from the start of the run.
    corrected_s
        When the same nodes correct it; infinity: never.
    believed
        Probability that a listener tells it on.

    Attributes
    ----------
    heard, reassured
        Nodes that have heard the rumour, and the correction.
    """

    def __init__(
        self,
        fear: Floats,
        channels: Sequence[Channel],
        key: np.uint64,
        correction_key: np.uint64,
        first: Integers,
        time_s: float,
        corrected_s: float = math.inf,
        believed: float = 1.0,
    ) -> None:
        ways = [(item.reach, item.tells_per_s) for item in channels if "rumour" in item.carries]
        answers = [(item.reach, item.tells_per_s) for item in channels if "correction" in item.carries]
        self.rumour = Rumour.along(ways, len(fear), key, believed)
        self.correction = Rumour.along(answers, len(fear), correction_key)
        self.fear, self.first = fear, first
        self.time_s, self.corrected_s = time_s, corrected_s
        self._begun: list[Rumour] = []

    @property
    def heard(self) -> npt.NDArray[np.bool_]:
        """Who has heard the rumour, or was immune to it."""
        return self.rumour.state != IGNORANT

    @property
    def reassured(self) -> npt.NDArray[np.bool_]:
        """Who has heard the correction."""
        return self.correction.state != IGNORANT

    def step(self, mood: Floats, now_s: float, span_s: float) -> tuple[Integers, Integers]:
        """Let the ``span_s`` seconds up to ``now_s`` pass; return who was frightened, and who reassured."""
        if now_s < self.time_s:
            return NOBODY, NOBODY
        told = self._told(self.rumour, self.time_s, now_s, span_s)
        mood[told] -= self.fear[told]
        if now_s < self.corrected_s:
            return told, NOBODY
        before = self.heard
        answered = self._told(self.correction, self.corrected_s, now_s, span_s)
        calmed = answered[before[answered]]
        mood[calmed] += self.fear[calmed]
        if len(answered):
            self.rumour.post(answered, 0.0)
        return told, answered

    def _told(self, message: Rumour, since_s: float, now_s: float, span_s: float) -> Integers:
        """Return who hears a message now; its first tellers do when it begins."""
        begins = message not in self._begun
        if not begins and not message.spreading:
            return NOBODY
        before = message.state == IGNORANT
        if begins:
            self._begun.append(message)
            message.post(self.first[before[self.first]], -1.0)
            span_s = min(span_s, now_s - since_s)
        message.step(span_s)
        return np.flatnonzero(before & (message.state != IGNORANT))
