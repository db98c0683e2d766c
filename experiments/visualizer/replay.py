"""A finished run on the screen: nothing is simulated, time only moves along what was recorded."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from abm.measures.stages import STAGES
from abm.trace import Trace
from experiments.errors import InputError
from experiments.visualizer import book_picture, liquidation_map
from experiments.visualizer.changes import Change
from experiments.visualizer.happenings import first_steps, flows, latest, stages, totals
from experiments.visualizer.layout import SERIES, world_series
from experiments.visualizer.pace import Pace
from experiments.visualizer.packing import number
from experiments.visualizer.recordings import Recording
from experiments.visualizer.roster import COLUMNS
from experiments.visualizer.shown import Arrays
from experiments.visualizer.track import TRACK
from experiments.visualizer.view import View

FIXED = "this is a replay: what happened cannot be changed; press Simulate to run it anew"


class Replay:
    """A finished run; see `experiments.visualizer.shown.Shown`.

    Parameters
    ----------
    recording
        The run.
    """

    def __init__(self, recording: Recording) -> None:
        self.trace, self.scenario = recording.trace, recording.scenario
        self.steps = max(1, int(np.searchsorted(self.trace.time_s, self.scenario.crash.start_s - 600.0)))
        names = self.trace.instruments
        self.shown = [i for i, name in enumerate(names) if "-PERP" in name or name in self.trace.collateral]
        self.pictures = None
        self.changes: list[tuple[float, str]] = []
        self.followed: tuple[int, int] | None = None
        self.track: list[tuple[float, ...]] = []

    @property
    def recorder(self) -> Trace:
        """The series of the run, all of them."""
        return self.trace

    @property
    def world(self) -> list[str]:
        """Names of the series of the whole market that frames carry."""
        return world_series(self.trace.exchanges)

    @property
    def now_s(self) -> float:
        """Time of the last step that is shown."""
        return float(self.trace.time_s[self.steps - 1])

    @property
    def finished(self) -> bool:
        """Whether everything is shown."""
        return self.steps == len(self.trace.time_s)

    def step(self) -> None:
        """Show one step more."""
        self.steps = min(self.steps + 1, len(self.trace.time_s))

    def go_to(self, time_s: float) -> None:
        """Show what happened up to a time."""
        found = int(np.searchsorted(self.trace.time_s, time_s + 1e-6, side="right"))
        self.steps = min(max(found, 1), len(self.trace.time_s))

    def maker_states(self) -> npt.NDArray[np.uint8] | None:
        """Return None: a trace does not hold them."""
        return None

    def details(self, view: View) -> tuple[dict[str, Any], Arrays]:
        """Return stages, events and sums so far; a trace holds neither accounts nor books."""
        trace = first_steps(self.trace, self.steps)
        recorded = latest(trace)
        mark = trace.by_instrument["mark"][-1, view.focus]
        return {
            "mark": number(float(mark), 9),
            "agents": {"total": 0, "rows": []},
            "stages": stages(trace, self.scenario),
            "latest": recorded or flows(trace),
            "totals": {name: number(value) for name, value in totals(trace).items()},
            "switches": {},
        }, {}

    def layout(self) -> dict[str, Any]:
        """Return names, units and scales of everything in its frames."""
        trace, scenario = self.trace, self.scenario
        return {
            "scenario": scenario.name,
            "title": f"Replay: {scenario.title}",
            "seed": trace.seed,
            "start_utc": scenario.start_utc,
            "duration_s": float(trace.time_s[-1]),
            "steps": len(trace.time_s),
            "times": np.round(trace.time_s, 3).tolist(),
            "phases": [],
            "crash": {"start_s": scenario.crash.start_s, "end_s": scenario.crash.end_s},
            "news": [{"name": item.name, "time_s": item.time_s} for item in scenario.news],
            "exchanges": list(trace.exchanges),
            "assets": list(trace.assets),
            "coins": [item.name for item in scenario.assets if item.perpetual and item.name in trace.assets],
            "instruments": [self._instrument(name) for name in trace.instruments],
            "shown": self.shown,
            "series": list(SERIES),
            "world": self.world,
            "stages": STAGES,
            "kinds": [],
            "makers": 0,
            "reasons": {},
            "agents": list(COLUMNS),
            "track": list(TRACK),
            "sliders": [],
            "heatmap": {
                "bins": book_picture.BINS,
                "reach": book_picture.REACH,
                "low_usd": book_picture.LOW_USD,
                "high_usd": book_picture.HIGH_USD,
            },
            "social": None,
            "credit": None,
            "pegged": [],
            "replay": True,
            "map": {"bins": liquidation_map.BINS, "reach": liquidation_map.REACH},
        }

    def _instrument(self, name: str) -> Mapping[str, Any]:
        return {
            "name": name,
            "exchange": self.trace.exchange_of(name),
            "coin": self.trace.asset_of(name),
            "kind": "perpetual" if "-PERP" in name else "spot",
            "pool": False,
        }


class ReplayPlayback(Pace[Replay]):
    """Playing a finished run: going back is as cheap as going on, and nothing can be changed."""

    def jump(self, time_s: float) -> bool:
        """Go to a time at once; tell whether that was back."""
        self.playing = False
        before = self.lanes[0].steps
        self.lanes[0].go_to(time_s)
        return self.lanes[0].steps < before

    def go_on(self, _seconds: float) -> bool:
        """Return True: a jump is over at once."""
        return True

    def change(self, _which: int, _change: Change) -> str:
        """Refuse."""
        raise InputError(FIXED)

    def fork(self, _change: Change | None) -> str:
        """Refuse."""
        raise InputError(FIXED)

    def unite(self, _keep: int) -> None:
        """Refuse."""
        raise InputError(FIXED)

    def follow(self, exchange: str | None, _account: int) -> None:
        """Refuse, unless nobody is to be followed."""
        if exchange is not None:
            raise InputError("this is a replay: accounts were not recorded; press Simulate to run it anew")
