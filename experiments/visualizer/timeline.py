"""Snapshots of a run on the screen, so that one can go back."""

import pickle
from collections.abc import Sequence

from experiments.visualizer.lane import Lane

EVERY_S = 600.0
MOST = 5


class Timeline:
    """A few snapshots, thinned out when there are too many: memory stays flat however long one plays."""

    def __init__(self) -> None:
        self._snapshots: list[tuple[float, int, bytes]] = []

    def remember(self, lanes: Sequence[Lane], changes: int) -> None:
        """Take a snapshot of the runs as they are now, after so many changes by hand."""
        self._snapshots.append((lanes[0].now_s, changes, pickle.dumps(list(lanes))))
        if len(self._snapshots) > MOST:
            times = [snapshot[0] for snapshot in self._snapshots]
            gaps = [after - before for before, after in zip(times[:-2], times[2:], strict=True)]
            del self._snapshots[1 + gaps.index(min(gaps))]

    def is_due(self, now_s: float) -> bool:
        """Tell whether it is time for another snapshot."""
        return not self._snapshots or now_s - self._snapshots[-1][0] >= EVERY_S

    def back_to(self, time_s: float) -> tuple[list[Lane], int]:
        """Return the last snapshot up to ``time_s`` (else the first) with its changes; forget later ones."""
        while len(self._snapshots) > 1 and self._snapshots[-1][0] > time_s:
            self._snapshots.pop()
        _, changes, data = self._snapshots[-1]
        lanes: list[Lane] = pickle.loads(data)
        return lanes, changes
