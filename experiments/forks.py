"""Where twins leave their original: just before the mechanism that they do without first acts.

Until then a twin is its original, byte for byte, so what it has to run begins there; a twin whose mechanism
did nothing before the end of the crash has nothing to run at all. The original looks now and then whether the
mechanism has acted, with the market of its last look at hand.
"""

import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from abm.networks.credit_network import CreditNetwork
from experiments.histories import History, can_leave, history_path, leave

if TYPE_CHECKING:
    from abm.model import MarketModel
    from experiments.scenarios.schema import Scenario

LOOK_STEPS = 200
"""Steps between two looks: each costs a copy of the market, about as much as twenty steps."""


def contagion_acted(model: "MarketModel") -> bool:
    """Tell whether anything has travelled between institutions so far."""
    return any(network.passed_on for network in model.networks if isinstance(network, CreditNetwork))


ACTED: dict[str, Callable[["MarketModel"], bool]] = {"credit_contagion": contagion_acted}
"""Mechanisms that may act late or never -> whether they have acted in a market."""


class Forks:
    """Leaves the market of a run for the twins without mechanisms that have not acted yet.

    Parameters
    ----------
    history
        The run, before it goes on.
    scenario, seed
        What is run.
    folder
        Where histories are left.
    twins
        Which twins will be run.
    """

    def __init__(
        self, history: History, scenario: "Scenario", seed: int, folder: Path, twins: Iterable[str]
    ) -> None:
        self._history = history
        self._until_s = scenario.crash.end_s
        self._paths = {
            twin: history_path(folder, scenario, seed, twin)
            for twin in twins
            if twin in ACTED and can_leave(scenario, folder) and not ACTED[twin](history.model)
        }
        self._last = b""

    def look(self) -> None:
        """After a step: leave what must be left, or remember the market as it is."""
        model = self._history.model
        over = model.clock.now_s >= self._until_s
        if not self._paths or (model.clock.index % LOOK_STEPS and not over):
            return
        acted = {twin for twin in self._paths if ACTED[twin](model)}
        for twin in acted if self._last else ():
            leave(self._paths[twin], self._last)
        self._paths = {twin: path for twin, path in self._paths.items() if twin not in acted}
        if not self._paths:
            return
        self._last = pickle.dumps(self._history, protocol=5)
        if over:
            for path in self._paths.values():
                leave(path, self._last)
            self._paths = {}
