"""One run: a pure function of scenario, seed and twin."""

import gc
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from abm.trace import Trace
from experiments.build import build
from experiments.network_frames import NetworkCamera
from experiments.scenarios.schema import Scenario


def simulate(
    scenario: Scenario,
    seed: int,
    twin: str = "baseline",
    until: Literal["end", "crash_end"] = "end",
    progress: Callable[[float], None] | None = None,
) -> Trace:
    """Run ``scenario`` once.

    Parameters
    ----------
    seed
        Same scenario and seed: same trace, byte for byte.
    twin
        Mechanisms to switch off, as `experiments.mechanisms` names them.
    until
        ``"end"``, or ``"crash_end"`` to stop when the crash window is over.
    progress
        Called every few hundred steps with the share of simulated time that is done.

    Returns
    -------
    Trace
        Series, events and units.
    """
    model = build(scenario, seed, twin, views=False)
    camera = NetworkCamera(model, scenario) if until == "end" else None
    if camera is not None:
        model.networks.append(camera)
    end_s = scenario.crash.end_s if until == "crash_end" else scenario.duration_s
    while model.clock.now_s < end_s:
        for _ in range(200):
            if model.clock.now_s >= end_s:
                break
            model.step()
        if progress is not None:
            progress(model.clock.now_s / end_s)
    trace = model.trace({event.name: event.time_s for event in scenario.news})
    if camera is not None:
        trace = replace(trace, frames=camera.frames())
    del model
    gc.collect()  # a Mesa model refers to itself, and its books are large
    return trace
