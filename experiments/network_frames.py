"""Pictures of both networks while a crash goes over them: moods and balance sheets at some moments."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from abm.model import MarketModel
from abm.networks.credit_network import CreditNetwork
from abm.networks.social_graph import SocialGraph
from abm.trace import Trace

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

Frames = dict[str, npt.NDArray[Any]]

PEOPLE = 110
"""People shown: those with most links."""
PICTURES = 120
"""Pictures between P0 and the end of the crash."""
LEAD_S, TRAIL_S = 600.0, 3600.0
"""How long before P0 and after the end of the crash pictures are taken."""
MOMENTS = ("before the news", "trigger", "low", "an hour after the low", "end of the run")


class NetworkCamera:
    """Takes pictures of a model's networks; it stands among them and changes nothing.

    Parameters
    ----------
    model
        What to watch.
    scenario
        Says when the crash is.
    """

    def __init__(self, model: MarketModel, scenario: "Scenario") -> None:
        crash = scenario.crash
        self._clock = model.clock
        self._next_s = crash.start_s - LEAD_S
        self._every_s = (crash.end_s - crash.start_s) / PICTURES
        self._last_s = crash.end_s + TRAIL_S
        networks: list[Any] = list(model.networks)
        herd = [item for item in networks if isinstance(getattr(item, "graph", None), SocialGraph)]
        self._herd: Any = herd[0] if herd else None
        credit = [item for item in model.networks if isinstance(item, CreditNetwork)]
        self._credit = credit[0] if credit else None
        self._people = most_linked(herd[0].graph) if herd else np.zeros(0, np.int64)
        self._first = self._debts() if self._credit else np.zeros((0, 0))
        self._time_s: list[float] = []
        self._moods: list[npt.NDArray[Any]] = []
        self._sheets: list[npt.NDArray[Any]] = []

    def on_liquidations(
        self, exchange: int, accounts: npt.NDArray[np.int64], was_long: npt.NDArray[np.bool_]
    ) -> None:
        """Do nothing."""

    def spread(self, momentum: npt.NDArray[np.float64], step_s: float) -> None:  # noqa: ARG002
        """Take a picture if it is time for one."""
        if self._next_s <= self._clock.start_ns / 1e9 <= self._last_s:
            self._next_s += self._every_s * max(1.0, np.ceil(step_s / self._every_s))
            self.take()

    def take(self) -> None:
        """Take a picture."""
        self._time_s.append(self._clock.start_ns / 1e9)
        moods = self._herd.sentiment[self._people] if self._herd is not None else np.zeros(0)
        self._moods.append(np.array(moods, np.float32))
        if self._credit is not None:
            table, book = self._credit.table, self._credit.debts
            left = np.clip(table["equity"] / table["first_equity"], 0.0, 1.0)
            self._sheets.append(np.stack([table["state"], left, book.written.sum(axis=1) / 1e6]))

    def _debts(self) -> npt.NDArray[np.float64]:
        assert self._credit is not None
        usd: npt.NDArray[np.float64] = self._credit.debts.owed / 1e6
        return usd

    def frames(self) -> Frames:
        """Return all pictures, the last one taken now.

        Returns
        -------
        dict
            ``time_s``; ``moods`` ``(pictures, people)``, -1 to 1; ``links``, pairs of people, the first
            follows the second; ``sheets`` ``(pictures, 3, institutions)``: state, equity over that at the
            start, and what creditors have written off, USD; ``debts``, rows of debtor, creditor, USD;
            ``size``, first assets, USD; ``kind``, place in `agents.institution_kinds`.
        """
        self.take()
        frames: Frames = {"time_s": np.array(self._time_s), "moods": np.array(self._moods)}
        if self._herd is not None:
            frames["links"] = links_among(self._herd.graph, self._people)
        if self._credit is not None:
            rows, columns = np.nonzero(self._first)
            frames["sheets"] = np.array(self._sheets, np.float32)
            frames["debts"] = np.column_stack((rows, columns, self._first[rows, columns]))
            frames["size"] = self._credit.table["first_assets"] / 1e6
            frames["kind"] = self._credit.table["kind"].astype(np.int64)
        return frames


def most_linked(graph: SocialGraph) -> npt.NDArray[np.int64]:
    """Return the nodes with most followers, at most `PEOPLE`."""
    followers = np.bincount(graph.followed, minlength=graph.nodes)
    chosen: npt.NDArray[np.int64] = np.argsort(-followers, kind="stable")[:PEOPLE]
    return chosen


def links_among(graph: SocialGraph, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the links between chosen nodes as pairs of their places, each once."""
    place = np.full(graph.nodes, -1)
    place[chosen] = np.arange(len(chosen))
    u = np.repeat(np.arange(graph.nodes), np.diff(graph.start))
    pairs = np.column_stack((place[u], place[graph.followed]))
    pairs = np.sort(pairs[(pairs >= 0).all(axis=1)], axis=1)
    return np.unique(pairs, axis=0)


def five_moments(trace: Trace, scenario: "Scenario", low_minute: float) -> Frames:
    """Return the pictures of a run nearest to five moments, `MOMENTS`; empty when there are none.

    Parameters
    ----------
    low_minute
        When the low was, minutes from P0; the middle of the crash when there was none.
    """
    frames = dict(trace.frames)
    if not frames:
        return {}
    crash = scenario.crash
    news = [item for item in scenario.news if item.shock and item.time_s >= crash.start_s]
    first_s = news[0].time_s if news else crash.start_s
    arrived_s = first_s + min(news[0].duration_s, 3600.0) if news else crash.start_s
    low_s = crash.start_s + 60.0 * low_minute
    if not np.isfinite(low_s):
        low_s = 0.5 * (crash.start_s + crash.end_s)
    wanted = np.array([first_s, arrived_s, low_s, low_s + 3600.0, frames["time_s"][-1]])
    chosen = np.abs(frames["time_s"][:, None] - wanted).argmin(axis=0)
    chosen[0] = max(0, np.searchsorted(frames["time_s"], first_s, side="right") - 1)
    for name in ("time_s", "moods", "sheets"):
        if name in frames:
            frames[name] = frames[name][chosen]
    frames["time_s"] = frames["time_s"] - crash.start_s
    return frames
