"""The first run of a version: everything is compiled once, before workers start, and kept on disk."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:  # loading the simulator takes seconds
    from experiments.scenarios.schema import Scenario

STEPS = 10.0
TRADERS = 300


def warm_up(scenario: "Scenario", stream: TextIO) -> None:
    """Compile what is not yet compiled; say so, since it takes a while.

    A note in the cache says that everything was compiled: a cache that holds some kernels may lack others,
    and then every worker would compile them for itself.
    """
    import numba

    from abm.compiled import source_fingerprint
    from experiments.simulate import simulate

    note = Path(numba.config.CACHE_DIR) / f"complete-{source_fingerprint()}"
    if numba.config.DISABLE_JIT or note.exists():
        return
    print("First run of this version: compiling (less than a minute, once).", file=stream, flush=True)
    simulate(coarse(scenario), 1, until="crash_end")
    with contextlib.suppress(OSError):
        note.touch()


def coarse(scenario: "Scenario") -> "Scenario":
    """Return ``scenario`` with few traders and long steps: it calls what the whole one calls, faster."""
    phases = [phase.model_copy(update={"step_s": STEPS * phase.step_s}) for phase in scenario.phases]
    traders = min(scenario.retail.traders, TRADERS)
    retail = scenario.retail.model_copy(update={"traders": traders})
    return scenario.model_copy(update={"phases": tuple(phases), "retail": retail})
