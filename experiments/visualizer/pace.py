"""Keeping pace: runs that move on together at a speed that the page asks for."""

import time
from typing import Generic, TypeVar

from experiments.errors import InputError
from experiments.visualizer.shown import Shown

SLICE_S = 1 / 60
"""Longest time that `Pace.play` works before it returns, seconds."""
SPEED = 60.0
"""Simulated seconds in a second at first."""

AnyShown = TypeVar("AnyShown", bound=Shown)


class Pace(Generic[AnyShown]):
    """One run, or two that began as one.

    Parameters
    ----------
    lane
        The run.

    Attributes
    ----------
    lanes
        One run, or A and B; they are always at the same time.
    playing
        Whether time passes by itself.
    speed
        Simulated seconds in a second; 0 = as fast as it goes.
    measured
        Simulated seconds that passed in a second lately.
    target_s
        Time it is on its way to, or None.
    """

    def __init__(self, lane: AnyShown) -> None:
        self.lanes = [lane]
        self.playing = False
        self.speed = SPEED
        self.measured = 0.0
        self.target_s: float | None = None
        self._due_s = self._last_look = 0.0
        self._counted = (0.0, 0.0)

    @property
    def now_s(self) -> float:
        """Simulated time, seconds since the start."""
        return self.lanes[0].now_s

    @property
    def finished(self) -> bool:
        """Whether the run is over."""
        return self.lanes[0].finished

    def lane(self, which: int) -> AnyShown:
        """Return lane A (0) or B (1).

        Raises
        ------
        InputError
            If there is no such lane.
        """
        if which >= len(self.lanes):
            raise InputError("there is no run B; fork first")
        return self.lanes[which]

    def step(self) -> None:
        """Advance all runs by one step; at the end nothing happens any more."""
        if self.finished:
            self.playing = False
            return
        for lane in self.lanes:
            lane.step()

    def set_playing(self, on: bool) -> None:
        """Play or pause; what was not caught up with is forgotten."""
        self.playing = on and not self.finished
        self._last_look, self._due_s = time.perf_counter(), 0.0
        self._counted = (self._last_look, 0.0)

    def play(self) -> None:
        """Do the steps that are due by now, for `SLICE_S` at most; wait a little when none is."""
        now = time.perf_counter()
        begun_s = self.now_s
        self._due_s += (now - self._last_look) * self.speed
        self._last_look = now
        while self.playing and (self.speed == 0.0 or self._due_s > 0.0):
            before_s = self.now_s
            self.step()
            if self.speed > 0.0:  # at full speed nothing is ahead of anything
                self._due_s -= self.now_s - before_s
            if time.perf_counter() - now > SLICE_S:
                self._due_s = min(self._due_s, 0.0)
                break
        self._count(now, self.now_s - begun_s)
        if self.speed > 0.0 and self._due_s <= 0.0:
            time.sleep(min(SLICE_S / 4, -self._due_s / self.speed))

    def _count(self, now: float, moved_s: float) -> None:
        since, total = self._counted
        if now - since > 1.0:
            self.measured = total / (now - since)
            since, total = now, 0.0
        self._counted = (since, total + moved_s)
