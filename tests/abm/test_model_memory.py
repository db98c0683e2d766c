"""Models that are done with are freed: a thousand runs in one process do not grow."""

import gc
import weakref
from pathlib import Path

import pytest

from experiments.build import build

TINY = {
    "retail.traders": 20,
    "herd.traders": 5,
    "noise.traders": 12,
    "fundamentalist.traders": 6,
    "arbitrageur.traders": 3,
    "market_maker.makers": 1,
}


def resident_mb():
    """Memory of this process that is in RAM now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def make_and_drop(scenario, models):
    """Build, step once and drop ``models`` models; return the memory in use afterwards."""
    for seed in range(models):
        build(scenario, seed, views=seed % 2 == 0).step()
        if seed % 10 == 9:
            gc.collect()
    return resident_mb()


needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc/self/statm here")


@needs_proc
def test_sixty_models_leave_nothing_behind(small):
    scenario = small(TINY)
    start = make_and_drop(scenario, 20)
    assert make_and_drop(scenario, 60) - start < 5.0


@pytest.mark.slow
@needs_proc
def test_a_thousand_models_leave_nothing_behind(small):
    scenario = small(TINY)
    start = make_and_drop(scenario, 50)
    assert make_and_drop(scenario, 1000) - start < 10.0


@pytest.mark.parametrize("views", [False, True])
def test_a_model_and_its_agents_die_with_their_last_reference(small, views):
    model = build(small(TINY), 1, views=views)
    model.step()
    trace = model.trace()
    remembered = [weakref.ref(model), weakref.ref(model.hub.books), *(weakref.ref(a) for a in model.agents)]
    assert len(remembered) > (40 if views else 2)
    del model
    gc.collect()
    assert [one for one in remembered if one() is not None] == []
    assert len(trace.time_s) == 1


def test_ids_of_agents_start_anew_in_each_model(small):
    for seed in (1, 2):
        ids = [agent.unique_id for agent in build(small(TINY), seed, views=True).agents]
        assert ids == list(range(1, len(ids) + 1))
