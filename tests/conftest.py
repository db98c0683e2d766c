"""What tests of the whole market share: one small scenario, as a file and with changes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from experiments.scenarios import load
from experiments.scenarios.schema import Scenario

SMALL = Path(__file__).parent / "small.toml"
QUIET: dict[str, Any] = {
    "news": [],
    "retail.traders": 0,
    "herd.traders": 0,
    "noise.traders": 0,
    "fundamentalist.traders": 0,
    "arbitrageur.traders": 0,
    "market_maker.makers": 0,
}


@pytest.fixture(scope="session")
def small() -> Callable[..., Scenario]:
    """Return the small scenario, with overrides by dotted path if there are any."""
    return lambda overrides=None: load(str(SMALL), overrides)


@pytest.fixture(scope="session")
def only(small: Callable[..., Scenario]) -> Callable[..., Scenario]:
    """Return the small scenario with nobody in it but those whom the overrides add: no news, no whale."""

    def scenario(overrides: Mapping[str, Any]) -> Scenario:
        chosen = small(QUIET | dict(overrides))
        return (
            chosen
            if any(key.startswith("whale") for key in overrides)
            else chosen.model_copy(update={"whale": None})
        )

    return scenario
