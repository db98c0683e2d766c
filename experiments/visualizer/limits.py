"""How large a market a page may ask for, so that nobody can keep the server busy for ever."""

from experiments.errors import InputError
from experiments.scenarios.schema import Scenario

MOST_STEPS = 200_000
MOST_TRADERS = 1_000_000
CROWDS = ("retail", "herd", "noise", "fundamentalist", "arbitrageur")


def check_size(scenario: Scenario) -> None:
    """Refuse what would take hours or more memory than there is; the command line takes any size.

    Raises
    ------
    InputError
        If a scenario has too many steps or traders for a page.
    """
    steps, begin_s = 0.0, 0.0
    for phase in scenario.phases:
        steps += (phase.until_s - begin_s) / phase.step_s
        begin_s = phase.until_s
    if steps > MOST_STEPS:
        raise InputError(f"phases: {steps:,.0f} steps; a page may ask for at most {MOST_STEPS:,}")
    for name in CROWDS:
        crowd = getattr(scenario, name)
        if crowd.traders > MOST_TRADERS:
            raise InputError(
                f"{name}.traders: {crowd.traders:,}; a page may ask for at most {MOST_TRADERS:,}"
            )
