"""A twin that leaves its original where its mechanism first acts is the same, byte for byte."""

import pytest
from run_bytes import rows_in_common, run_bytes

from experiments import forks
from experiments.histories import history, history_path, read_history
from experiments.mechanisms import BASELINE, TWINS
from experiments.simulate import simulate

TWIN = "credit_contagion"
SOUND = {"institution.institutions": 12}
FRAGILE = {
    **SOUND,
    "institution.leverage_scale": 2.5,
    "institution.call_s": 30,
    "institution.line_s": 10,
    "institution.reveal_s": 5,
    "institution.haircut": 0.9,
    "institution.recovered_outside": 0.3,
    "institution.recovered_inside": 0.3,
}


@pytest.fixture(autouse=True)
def look_often(monkeypatch):
    monkeypatch.setattr(forks, "LOOK_STEPS", 8)


def test_a_twin_from_a_fork_is_the_twin_from_the_start(small, tmp_path):
    scenario = small(FRAGILE)
    baseline = simulate(scenario, 1, histories=tmp_path, twins=TWINS)
    fork = read_history(history_path(tmp_path, scenario, 1, TWIN)).model
    begin = history(scenario, 1, BASELINE).model.clock.index
    assert begin < fork.clock.index < len(baseline.time_s)
    twin = simulate(scenario, 1, TWIN, "crash_end", histories=tmp_path)
    alone = simulate(scenario, 1, TWIN, "crash_end")
    assert run_bytes(twin) == run_bytes(alone)
    same = rows_in_common(baseline, twin)
    assert fork.clock.index <= same < len(twin.time_s)  # it left in time, and contagion did something
    assert run_bytes(baseline) == run_bytes(simulate(scenario, 1))


def test_a_twin_whose_mechanism_never_acts_has_nothing_to_run(small, tmp_path, monkeypatch):
    scenario = small(SOUND)
    simulate(scenario, 1, histories=tmp_path, twins=TWINS)
    alone = simulate(scenario, 1, TWIN, "crash_end")
    monkeypatch.setattr("abm.model.MarketModel.step", None)
    twin = simulate(scenario, 1, TWIN, "crash_end", histories=tmp_path)
    assert run_bytes(twin) == run_bytes(alone)


def test_only_twins_that_will_be_run_are_left_something(small, tmp_path):
    simulate(small(SOUND), 1, until="crash_end", histories=tmp_path, twins=("liquidations", "herding"))
    assert len(list(tmp_path.iterdir())) == 1
