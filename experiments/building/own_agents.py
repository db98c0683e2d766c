"""Agents of the user's own, named in a scenario by import path."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from abm.model import MarketModel
from experiments.errors import InputError
from experiments.scenarios.schema import Scenario


def add_own_agents(model: MarketModel, scenario: Scenario) -> None:
    """Create the agents that the scenario names by import path.

    Modules are looked for in the folder of the scenario file, in the working directory, then where Python
    always looks.

    Raises
    ------
    InputError
        If a class cannot be imported or refuses its options.
    """
    for group in scenario.own_agents:
        module, name = group.agent.split(":")
        try:
            with searching(scenario.folder, Path.cwd()):
                agent_class = getattr(importlib.import_module(module), name)
            for _ in range(group.count):
                agent_class(model, deposit_usd=group.deposit_usd, **group.options)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise InputError(f"own_agents: {group.agent}: {error}") from error


@contextmanager
def searching(*folders: Path | None) -> Iterator[None]:
    """Let imports look into ``folders`` first."""
    before = sys.path.copy()
    sys.path[:0] = [str(folder) for folder in folders if folder is not None]
    try:
        yield
    finally:
        sys.path[:] = before
