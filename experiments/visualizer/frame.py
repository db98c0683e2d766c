"""A frame: what a page needs to catch up with the runs it shows.

Series are sent from the step after the last one that the page has, so a page that missed frames misses
nothing. What is dear to work out (the liquidation map, the table of agents, stages, events) comes only in
frames that are asked for with details.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from abm.model import MarketModel
from experiments.scenarios.schema import Scenario
from experiments.visualizer.difference import difference
from experiments.visualizer.lane import Lane
from experiments.visualizer.layout import SERIES
from experiments.visualizer.packing import pack
from experiments.visualizer.shown import Shown
from experiments.visualizer.track import TRACK
from experiments.visualizer.view import View


def frame(
    lanes: Sequence[Shown], view: View, *, details: bool = True, state: dict[str, Any] | None = None
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
    both = [lane for lane in lanes if isinstance(lane, Lane)]
    if details and len(both) == 2:
        header["difference"] = difference(*both)
    return pack(header, arrays)


def frame_of(model: MarketModel, scenario: Scenario) -> bytes:
    """Return one whole frame of a model on its own, for a notebook or another page."""
    return frame([Lane(model, scenario)], View())


def lane_part(
    lane: Shown, view: View, which: int, *, details: bool
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return header and arrays of one lane."""
    n, recorder = lane.steps, lane.recorder
    since = min(view.have[which], n)
    rows = recorder.by_instrument
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
        "series": np.stack([rows[name][since:n] for name in SERIES], axis=-1).astype("f4"),
        "value": recorder.by_asset["value"][since:n].astype("f4"),
        "world": np.stack([recorder.world[name][since:n] for name in lane.world], -1).astype("f4"),
    }
    view.have[which] = n
    if view.focus in lane.shown and lane.pictures is not None:
        first = min(view.have_pictures[which], n)
        arrays["pictures"] = lane.pictures[first:n, lane.shown.index(view.focus)]
        header["pictures_from"] = first
        view.have_pictures[which] = n
    track = lane.track[view.have_track[which] :]
    header["track_from"] = view.have_track[which]
    arrays["track"] = np.array(track, "f8").reshape(-1, 1 + len(TRACK))
    view.have_track[which] += len(track)
    makers = lane.maker_states()
    if makers is not None:
        arrays["makers"] = makers
    if details:
        more, own = lane.details(view)
        header |= more
        arrays |= own
    return header, arrays
