"""A market as Mesa's tools want it: a model with plain parameters that starts, steps and starts anew."""

import time

import mesa
import numpy as np

from abm.model import MarketModel
from experiments.errors import InputError
from experiments.scenarios import load
from experiments.visualizer.frame import frame
from experiments.visualizer.lane import Lane
from experiments.visualizer.openings import Openings
from experiments.visualizer.view import View

OPENINGS = Openings()
DETAILS_S = 0.5
KEYS = {
    "traders": "retail.traders",
    "leverage": "retail.leverage_median",
    "panic_per_hour": "retail.panic_per_hour",
    "loss_limit": "market_maker.loss_limit",
}
"""Parameter of `MesaMarket` -> key of the scenario."""


class MesaMarket(mesa.Model):
    """A scenario, ten minutes before its news.

    Parameters
    ----------
    scenario
        Name of a shipped scenario, or a file.
    seed
        Seed of all random streams.
    traders, leverage, panic_per_hour, loss_limit
        Keys of the scenario by the names of `KEYS`; None leaves what the scenario says.
    from_start
        Whether to begin at the very start instead.

    Raises
    ------
    InputError
        For an unknown scenario or a value out of bounds.
    """

    def __init__(
        self,
        scenario: str = "october-2025",
        seed: int | str = 1,
        traders: int | None = None,
        leverage: float | None = None,
        panic_per_hour: float | None = None,
        loss_limit: float | None = None,
        *,
        from_start: bool = False,
    ) -> None:
        if not str(seed).isdigit():
            raise InputError(f"seed is {seed!r}; it must be a whole number of 0 or more")
        seed = int(seed)
        super().__init__(rng=np.random.default_rng(seed))
        given = (traders, leverage, panic_per_hour, loss_limit)
        keys = {path: value for path, value in zip(KEYS.values(), given, strict=True) if value is not None}
        self.lane: Lane = OPENINGS.open(
            load(scenario, dict(keys)), seed, lambda _: None, from_start=from_start
        )
        self.layout = self.lane.layout()
        self._made: tuple[int, int, bytes] = (-1, -1, b"")
        self._last_details = 0.0

    @property
    def market(self) -> MarketModel:
        """The market itself, with agents, ledgers and books."""
        return self.lane.model

    def step(self) -> None:
        """Advance by one step of the scenario's clock."""
        self.lane.step()
        self.running = not self.lane.finished

    def frame(self, have: int = 0) -> bytes:
        """Return a frame for a browser that has painted ``have`` steps, the same for all charts of a page."""
        if self._made[:2] != (self.lane.steps, have):
            now = time.monotonic()
            details = have == 0 or now - self._last_details > DETAILS_S
            self._last_details = now if details else self._last_details
            view = View(focus=self.lane.shown[0], have=[have, 0], have_pictures=[have, 0])
            self._made = (self.lane.steps, have, frame([self.lane], view, details=details))
        return self._made[2]
