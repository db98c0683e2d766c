"""Models that are done with are freed: a thousand runs in one process do not grow."""

import gc
import weakref
from pathlib import Path

import pytest

from experiments.build import build
from experiments.runs import Job, simulate_and_measure

TINY = {
    "retail.traders": 20,
    "herd.traders": 5,
    "noise.traders": 12,
    "fundamentalist.traders": 6,
    "arbitrageur.traders": 3,
    "market_maker.makers": 1,
}
SHORT = {
    "phases": "[{until_s=20, step_s=2}, {until_s=70, step_s=1}]",
    "crash.start_s": "10",
    "crash.end_s": "70",
    "news.0.time_s": "12",
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
    """Less than 3 kB a model."""
    scenario = small(TINY)
    start = make_and_drop(scenario, 250)
    assert make_and_drop(scenario, 1000) - start < 3.0


@pytest.mark.slow
@needs_proc
def test_a_thousand_runs_in_one_process_leave_nothing_behind(small):
    """Simulated and measured; less than 3 kB a run."""
    scenario = small(TINY | SHORT)

    def run(seeds):
        for seed in seeds:
            for twin in ("baseline", "liquidations", "maker_withdrawal"):
                simulate_and_measure(Job(scenario, seed, twin))
        return resident_mb()

    start = run(range(80))
    assert run(range(80, 414)) - start < 3.0


@pytest.mark.slow
@needs_proc
def test_models_that_wait_for_the_collector_stay_few(small):
    """Nobody asks for a collection here: what is dropped waits for Python's own, and stops growing."""
    scenario = small(TINY)
    seen = []
    for seed in range(6000):
        build(scenario, seed, views=False).step()
        seen.append(resident_mb())
    assert max(seen[3000:]) - max(seen[:3000]) < 5.0
    assert max(seen) - seen[0] < 250.0


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
