"""A lane: one run on the screen, with what only the screen remembers of it."""

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from abm.instruments import PERPETUAL
from abm.model import MarketModel
from abm.recorder import Recorder
from agents.market_maker import MarketMakers
from experiments.mechanisms import switched_off
from experiments.scenarios.schema import Scenario
from experiments.switches import SWITCHES
from experiments.visualizer.book_picture import BINS, colours, depth_by_distance
from experiments.visualizer.details import details_of
from experiments.visualizer.layout import layout, world_series
from experiments.visualizer.roster import Roster
from experiments.visualizer.shown import Arrays
from experiments.visualizer.social_picture import SocialPicture, social_picture
from experiments.visualizer.view import View


def shown_instruments(model: MarketModel) -> list[int]:
    """Return the instruments whose books are pictured: perpetuals, and margin coins without a perpetual."""
    shown = []
    for exchange in model.exchanges:
        assets, kinds = exchange.table["asset"].tolist(), exchange.table["kind"].tolist()
        perpetual = {asset for asset, kind in zip(assets, kinds, strict=True) if kind == PERPETUAL}
        coins = {int(i) for i in exchange.collateral.accepted if assets[int(i)] not in perpetual}
        shown += [exchange.place.start + i for i, kind in enumerate(kinds) if kind == PERPETUAL or i in coins]
    return shown


class Lane:
    """One run.

    Parameters
    ----------
    model
        The market.
    scenario
        What it was built from.

    Attributes
    ----------
    pictures
        Heatmap columns, uint8 ``(steps, shown instruments, bins)``.
    shown
        Which instruments are pictured, by their place among all.
    changes
        What was changed in it by hand: time in seconds and one sentence.
    switches
        Mechanism -> whether it is on.
    scenario
        With the changes that a scenario can say.
    followed
        Kind and row of the agent that is followed, or None.
    track
        What was seen of it: steps at which it was looked at, and `TRACK` for each.
    """

    def __init__(self, model: MarketModel, scenario: Scenario) -> None:
        self.model = model
        self.scenario = scenario
        self.shown = shown_instruments(model)
        self.pictures = np.zeros((model.clock.steps(), len(self.shown), BINS), np.uint8)
        self.changes: list[tuple[float, str]] = []
        self.switches = {name: name not in switched_off(model.twin) for name in SWITCHES}
        self.roster = Roster(model)
        self.followed: tuple[int, int] | None = None
        self.track: list[tuple[float, ...]] = []

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs: of the pictures only those that were taken."""
        return self.__dict__ | {"pictures": (len(self.pictures), self.pictures[: self.steps].copy())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make room again for the pictures to come."""
        room, taken = state.pop("pictures")
        self.__dict__ |= state
        self.pictures = np.zeros((room, *taken.shape[1:]), np.uint8)
        self.pictures[: len(taken)] = taken

    @cached_property
    def social(self) -> SocialPicture | None:
        """Where the people of the social graph stand; None where there is no such graph."""
        return social_picture(self.model)

    @property
    def world(self) -> list[str]:
        """Names of the series of the whole market that frames carry."""
        return world_series(exchange.name for exchange in self.model.exchanges)

    @property
    def recorder(self) -> Recorder:
        """The series of the run."""
        return self.model.recorder

    @property
    def steps(self) -> int:
        """Steps done."""
        return self.model.recorder.steps

    @property
    def now_s(self) -> float:
        """Simulated time, seconds since the start."""
        return self.model.clock.now_s

    @property
    def finished(self) -> bool:
        """Whether the run is over."""
        return self.model.clock.finished

    def step(self) -> None:
        """Advance by one step and look at the books."""
        self.model.step()
        self.pictures[self.steps - 1] = self._picture()
        if self.followed is not None:
            self.track.append((self.now_s, *self.roster.reading(self.followed)))

    def follow(self, agent: tuple[int, int] | None) -> None:
        """Follow an agent by its exchange and account from now on, or nobody."""
        self.followed = agent
        self.track = [] if agent is None else [(self.now_s, *self.roster.reading(agent))]

    def layout(self) -> dict[str, Any]:
        """Return names, units and scales of everything in its frames."""
        return layout(self)

    def maker_states(self) -> npt.NDArray[np.uint8] | None:
        """Return why each maker does not quote, 0 if it does, ``(makers, instruments)``; None without any."""
        makers = next((crowd for crowd in self.model.crowds if isinstance(crowd, MarketMakers)), None)
        if makers is None:
            return None
        return np.concatenate([item["state"] for item in makers.quotes], axis=1).astype("u1")

    def details(self, view: View) -> tuple[dict[str, Any], Arrays]:
        """Return what is dear to work out: liquidation map, agents, stages, events."""
        return details_of(self, view)

    def _picture(self) -> npt.NDArray[np.uint8]:
        rows = []
        for exchange in self.model.exchanges:
            rows += [
                colours(depth_by_distance(exchange, i - exchange.place.start))
                for i in self.shown
                if exchange.place.start <= i < exchange.place.stop
            ]
        return np.stack(rows)
