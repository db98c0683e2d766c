"""Playing one or two runs: step, keep pace, go to a time, change something, fork."""

import pickle
import time
from dataclasses import dataclass

from experiments.errors import InputError
from experiments.visualizer.changes import Change
from experiments.visualizer.lane import Lane
from experiments.visualizer.pace import Pace
from experiments.visualizer.timeline import Timeline


@dataclass(frozen=True)
class Deed:
    """Something done by hand at a time: a change in a lane, or a fork with a change."""

    time_s: float
    lane: int
    change: Change | None
    forks: bool


class Playback(Pace[Lane]):
    """Playing runs that are being simulated: they can go back, be changed, and fork.

    Parameters
    ----------
    lane
        The run.
    """

    def __init__(self, lane: Lane) -> None:
        super().__init__(lane)
        self._timeline = Timeline()
        self._deeds: list[Deed] = []
        self._to_repeat: list[Deed] = []
        self._timeline.remember(self.lanes, 0)

    # -- time --------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Advance all runs by one step; at the end nothing happens any more."""
        super().step()
        if self._timeline.is_due(self.now_s):
            self._timeline.remember(self.lanes, len(self._deeds))

    def jump(self, time_s: float) -> bool:
        """Set out for a time; tell whether the run was taken back.

        What was changed by hand before that time is done again on the way.
        """
        self.playing = False
        self.target_s = min(time_s, self.lanes[0].scenario.duration_s)
        if time_s >= self.now_s:
            return False
        self.lanes, changes = self._timeline.back_to(time_s)
        self._to_repeat = [deed for deed in self._deeds[changes:] if deed.time_s <= time_s]
        del self._deeds[changes:]
        return True

    def go_on(self, seconds: float) -> bool:
        """Work towards the target for so long at most; tell whether it is reached."""
        begun = time.perf_counter()
        target_s = self.now_s if self.target_s is None else self.target_s
        while time.perf_counter() - begun < seconds:
            while self._to_repeat and self._to_repeat[0].time_s <= self.now_s:
                self._repeat(self._to_repeat.pop(0))
            if self.now_s >= target_s or self.finished:
                self.target_s = None
                return True
            self.step()
        return False

    def _repeat(self, deed: Deed) -> None:
        if deed.forks:
            self.fork(deed.change)
        elif deed.change is not None:
            self.change(deed.lane, deed.change)

    # -- what is done by hand ----------------------------------------------------------------------------

    def change(self, which: int, change: Change) -> str:
        """Change something in a lane now and return one sentence that says what."""
        text = self._act(self.lane(which), change)
        self._deeds.append(Deed(self.now_s, which, change, forks=False))
        name = f" in {'AB'[which]}" if len(self.lanes) == 2 else ""
        return f"Changed{name}: {text}."

    def fork(self, change: Change | None) -> str:
        """Split the run in two; ``change`` happens in B only."""
        if len(self.lanes) == 2:
            raise InputError("there are two runs already; keep one of them first")
        twin: Lane = pickle.loads(pickle.dumps(self.lanes[0]))
        text = "nothing yet" if change is None else self._act(twin, change)
        self.lanes.append(twin)
        self._deeds.append(Deed(self.now_s, 1, change, forks=True))
        return f"Forked. B differs from A by: {text}."

    def unite(self, keep: int) -> None:
        """Go on with one of two runs; there is no way back to the other."""
        if len(self.lanes) < 2:
            raise InputError("there is only one run")
        self.lanes = [self.lanes[keep]]
        self._timeline, self._deeds = Timeline(), []
        self._timeline.remember(self.lanes, 0)

    def follow(self, exchange: str | None, account: int) -> None:
        """Follow an account of an exchange in all runs, or nobody."""
        for lane in self.lanes:
            if exchange is None:
                lane.follow(None)
                continue
            there = lane.model.exchange(exchange)
            if account >= there.ledger.accounts:
                raise InputError(f"account {account}: {exchange} has no such account")
            lane.follow((lane.model.exchanges.index(there), account))

    def _act(self, lane: Lane, change: Change) -> str:
        text = change.act(lane)
        lane.changes.append((lane.now_s, text))
        return text
