"""A frame: what a page needs to catch up with the runs it shows.

Series are sent from the step after the last one that the page has, so a page that missed frames misses
nothing. What is dear to work out (the liquidation map, the table of agents, stages, events) comes only in
frames that are asked for with details.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from abm.model import MarketModel
from agents.market_maker import MarketMakers
from experiments.scenarios.schema import Scenario
from experiments.visualizer.difference import difference
from experiments.visualizer.happenings import latest, running_trace, stages, totals
from experiments.visualizer.lane import TRACK, Lane
from experiments.visualizer.layout import SERIES, world_series
from experiments.visualizer.liquidation_map import liquidation_map
from experiments.visualizer.packing import number, pack
from experiments.visualizer.roster import Query


@dataclass
class View:
    """What a page looks at, and what it has already.

    Attributes
    ----------
    focus
        Instrument of heatmap and liquidation map, by its place among all.
    query
        What of the table of agents is shown.
    have, have_pictures, have_track
        For each lane, how many steps of series, of pictures of the focus, and of the followed agent the page
        has.
    """

    focus: int = 0
    query: Query = field(default_factory=Query)
    have: list[int] = field(default_factory=lambda: [0, 0])
    have_pictures: list[int] = field(default_factory=lambda: [0, 0])
    have_track: list[int] = field(default_factory=lambda: [0, 0])

    def forget(self) -> None:
        """Note that the page has nothing."""
        self.have, self.have_pictures, self.have_track = [0, 0], [0, 0], [0, 0]


def frame(
    lanes: Sequence[Lane], view: View, *, details: bool = True, state: dict[str, Any] | None = None
) -> bytes:
    """Return one frame of one or two runs; ``view`` then holds that the page has what it carries.

    Parameters
    ----------
    state
        More for the header, such as whether the run plays.
    """
    header: dict[str, Any] = dict(state or {})
    header["lanes"] = []
    arrays: dict[str, npt.NDArray[Any]] = {}
    for number_of_lane, lane in enumerate(lanes):
        part, own = lane_part(lane, view, number_of_lane, details=details)
        header["lanes"].append(part)
        arrays |= {f"{name}:{number_of_lane}": array for name, array in own.items()}
    if details and len(lanes) == 2:
        header["difference"] = difference(lanes[0], lanes[1])
    return pack(header, arrays)


def frame_of(model: MarketModel, scenario: Scenario) -> bytes:
    """Return one whole frame of a model on its own, for a notebook or another page."""
    return frame([Lane(model, scenario)], View())


def lane_part(
    lane: Lane, view: View, which: int, *, details: bool
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return header and arrays of one lane."""
    n, recorder = lane.steps, lane.model.recorder
    since = min(view.have[which], n)
    rows = recorder.by_instrument[since:n]
    header: dict[str, Any] = {
        "now_s": lane.now_s,
        "from": since,
        "steps": n,
        "finished": lane.finished,
        "changes": [[time_s, text] for time_s, text in lane.changes],
        "followed": list(lane.followed) if lane.followed else None,
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        "time": recorder.time_s[since:n],
        "series": np.stack([rows[name] for name in SERIES], axis=-1).astype("f4"),
        "value": recorder.by_asset["value"][since:n].astype("f4"),
        "world": np.stack([recorder.world[name][since:n] for name in world_series(lane)], -1).astype("f4"),
    }
    view.have[which] = n
    if view.focus in lane.shown:
        first = min(view.have_pictures[which], n)
        arrays["pictures"] = lane.pictures[first:n, lane.shown.index(view.focus)]
        header["pictures_from"] = first
        view.have_pictures[which] = n
    track = lane.track[view.have_track[which] :]
    header["track_from"] = view.have_track[which]
    arrays["track"] = np.array(track, "f8").reshape(-1, 1 + len(TRACK))
    view.have_track[which] += len(track)
    makers = next((crowd for crowd in lane.model.crowds if isinstance(crowd, MarketMakers)), None)
    if makers is not None:
        arrays["makers"] = np.concatenate([item["state"] for item in makers.quotes], axis=1).astype("u1")
    if details:
        add_details(lane, view, header, arrays)
    return header, arrays


def add_details(lane: Lane, view: View, header: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Add the liquidation map, the table of agents, stages, events, totals and switches."""
    exchange = next(item for item in lane.model.exchanges if item.place.start <= view.focus < item.place.stop)
    instrument = view.focus - exchange.place.start
    arrays["map"] = liquidation_map(exchange, instrument).astype("f4")
    header["mark"] = number(float(exchange.view["mark"][instrument]), 9)
    header["agents"] = lane.roster.table(view.query)
    trace = running_trace(lane.model, lane.scenario)
    header["stages"] = stages(trace, lane.scenario)
    header["latest"] = latest(trace)
    header["totals"] = {name: number(value) for name, value in totals(trace).items()}
    header["switches"] = lane.switches
