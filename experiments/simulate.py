"""One run: a pure function of scenario, seed and twin."""

import gc
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from abm.trace import Trace
from experiments.forks import Forks
from experiments.histories import STEPS_BETWEEN_REPORTS, history
from experiments.mechanisms import BASELINE
from experiments.scenarios.schema import Scenario
from experiments.switches import switch_off


def simulate(
    scenario: Scenario,
    seed: int,
    twin: str = "baseline",
    until: Literal["end", "crash_end"] = "end",
    progress: Callable[[float], None] | None = None,
    histories: Path | None = None,
    twins: Iterable[str] = (),
) -> Trace:
    """Run ``scenario`` once.

    Parameters
    ----------
    seed
        Same scenario and seed: same trace, byte for byte.
    twin
        Mechanisms to switch off, as `experiments.mechanisms` names them: causes and leverage from the start
        on, the others from the first cause on.
    until
        ``"end"``, or ``"crash_end"`` to stop when the crash window is over.
    progress
        Called every few hundred steps with the share of simulated time that is done.
    histories
        Folder in which runs leave their time before the first cause to their twins; changes no result.
    twins
        Twins that this run, as their original, leaves its market to where their mechanism first acts.

    Returns
    -------
    Trace
        Series, events and units.
    """
    end_s = scenario.crash.end_s if until == "crash_end" else scenario.duration_s

    def tell(now_s: float) -> None:
        if progress is not None:
            progress(min(1.0, now_s / end_s))

    past = history(scenario, seed, twin, histories, tell)
    model, camera = past
    if until == "crash_end":
        model.networks.remove(camera)
    switch_off(model, scenario, twin)
    forks = Forks(past, scenario, seed, histories, twins) if histories and twin == BASELINE else None
    while model.clock.now_s < end_s:
        model.step()
        if forks is not None:
            forks.look()
        if model.clock.index % STEPS_BETWEEN_REPORTS == 0 or model.clock.now_s >= end_s:
            tell(model.clock.now_s)
    trace = model.trace({event.name: event.time_s for event in scenario.news})
    if until == "end":
        trace = replace(trace, frames=camera.frames())
    del model, camera, past, forks
    gc.collect()  # a Mesa model refers to itself, and its books are large
    return trace
