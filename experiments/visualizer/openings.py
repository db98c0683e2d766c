"""Runs brought to where it gets interesting, once for all pages that ask for the same."""

import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # loading the simulator takes seconds
    from experiments.scenarios.schema import Scenario
    from experiments.visualizer.lane import Lane

LEAD_S = 600.0
"""A page opens so long before P0."""
KEPT = 2
LOADING = "Loading the simulator. The first start after an update compiles it, which takes about a minute."
Tell = Callable[[str], None]


class Openings:
    """Builds markets and runs their calm, one at a time, and keeps the last few as snapshots.

    Attributes
    ----------
    message
        What is going on now, one sentence.
    """

    def __init__(self) -> None:
        self.message = ""
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int, bool], bytes] = OrderedDict()

    def open(self, scenario: "Scenario", seed: int, tell: Tell, *, from_start: bool = False) -> "Lane":
        """Return a lane of ``scenario`` at `LEAD_S` before P0, or at its start.

        Parameters
        ----------
        tell
            Hears what is going on, in this thread, also while another page's market is built.
        """
        key = (scenario.model_dump_json(), seed, from_start)
        while not self._lock.acquire(timeout=0.3):
            tell(self.message)
        try:
            if key not in self._kept:
                self._kept[key] = pickle.dumps(self._run(scenario, seed, tell, from_start=from_start))
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            snapshot = self._kept[key]
        finally:
            self._lock.release()
        lane: Lane = pickle.loads(snapshot)
        return lane

    def _run(self, scenario: "Scenario", seed: int, tell: Tell, *, from_start: bool) -> "Lane":
        def say(message: str) -> None:
            self.message = message
            tell(message)

        say(LOADING)
        from experiments.build import build
        from experiments.visualizer.lane import Lane

        model = build(scenario, seed, views=False)
        lane = Lane(model, scenario)
        until_s = 0.0 if from_start else max(0.0, scenario.crash.start_s - LEAD_S)
        say("Compiling and taking the first step.")
        lane.step()
        lane.layout()  # also arranges the social graph, once
        while lane.now_s < until_s and not lane.finished:
            for _ in range(20):
                if lane.now_s < until_s:
                    lane.step()
            say(f"Running the calm before: {lane.now_s / until_s:.0%} done.")
        return lane
