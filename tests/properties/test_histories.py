"""What a run shares with its twins changes no byte of either."""

import pickle
from pathlib import Path

import pytest
from run_bytes import run_bytes

from experiments.histories import brings_code, first_cause_s, history, shared
from experiments.mechanisms import BASELINE
from experiments.runs import Job, simulate_and_measure
from experiments.scenarios import load
from experiments.simulate import simulate

TWINS = (BASELINE, "liquidations", "herding", "adl+maker_withdrawal", "exogenous_shock")


@pytest.mark.parametrize("twin", TWINS)
def test_a_twin_is_the_same_with_and_without_a_stored_history(small, tmp_path, twin):
    alone = simulate(small(), 1, twin)
    made = simulate(small(), 1, twin, histories=tmp_path)
    (path,) = tmp_path.iterdir()
    found = simulate(small(), 1, twin, histories=tmp_path)
    assert list(tmp_path.iterdir()) == [path]
    assert run_bytes(alone) == run_bytes(made) == run_bytes(found)


def test_twins_without_a_mechanism_share_the_history_of_their_original(small, tmp_path):
    for twin in TWINS:
        simulate(small(), 1, twin, "crash_end", histories=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    simulate(small(), 2, BASELINE, "crash_end", histories=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_twin_without_news_that_somebody_is_told_of_ahead_has_a_history_of_its_own(small, tmp_path):
    scenario = small({"whale.informed": True})
    for twin in TWINS:
        simulate(scenario, 1, twin, "crash_end", histories=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_copy_of_the_market_goes_on_as_the_market_does(small):
    """Everybody's mood, for one, must still reach the retail traders of the copy."""
    model, _ = history(small(), 1, BASELINE)
    copy = pickle.loads(pickle.dumps(model))
    model.run()
    copy.run()
    assert model.trace().world["sentiment"].any()
    assert run_bytes(copy.trace()) == run_bytes(model.trace())


def test_moods_reach_the_retail_traders_of_a_copy(small):
    model, _ = history(small(), 1, BASELINE)
    copy = pickle.loads(pickle.dumps(model))
    herd = copy.networks[0]
    herd.sentiment[:] = 0.5
    retail = [crowd for crowd in copy.crowds if crowd.kind == "leveraged_retail"]
    assert retail
    assert all((crowd.sentiment == 0.5).all() for crowd in retail)


def test_the_history_ends_before_the_first_cause(small):
    scenario = small()
    model, _ = history(scenario, 1, BASELINE)
    assert first_cause_s(scenario) == min(event.time_s for event in scenario.news)
    now_ns, next_ns = model.clock.now_ns, model.clock.next_step_ns
    assert now_ns < 1e9 * first_cause_s(scenario) <= now_ns + next_ns


def test_an_outage_before_the_news_is_the_first_cause():
    covid = load("covid-2020", {"venues.hub.outages": [{"start_s": 500.0, "end_s": 600.0}]})
    assert first_cause_s(covid) == 500.0
    assert first_cause_s(load("calm", {"news": []})) == load("calm").crash.start_s


def test_agents_of_the_user_s_own_leave_no_history(small, tmp_path, monkeypatch):
    (tmp_path / "own_idler.py").write_text(
        "import mesa\n"
        "class Idler(mesa.Agent):\n"
        "    def __init__(self, model, deposit_usd=0.0):\n"
        "        super().__init__(model)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "histories"
    folder.mkdir()
    scenario = small({"own_agents": "[{agent='own_idler:Idler'}]"})
    simulate(scenario, 1, until="crash_end", histories=folder)
    assert not list(folder.iterdir())


def test_a_rule_of_moods_of_the_user_s_own_leaves_no_history(small, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "docs" / "examples"))
    scenario = small({"herd.rule": "own_contagion:Majority"})
    assert brings_code(scenario)
    simulate(scenario, 1, until="crash_end", histories=tmp_path)
    assert not list(tmp_path.iterdir())


def test_histories_are_gone_when_the_runs_are_done(small):
    with shared(simulate_and_measure) as work:
        folder = work.keywords["histories"]
        work(Job(small(), 1, "liquidations", "crash_end"))
        assert len(list(folder.iterdir())) == 1
    assert not folder.exists()


def test_a_twin_counts_only_the_steps_of_its_own(small):
    whole, twin = Job(small(), 1), Job(small(), 1, "liquidations")
    before = history(small(), 1, BASELINE).model.clock.index
    assert whole.steps - twin.steps == pytest.approx(before + 1, abs=1.5)
    assert Job(small(), 1, "exogenous_shock").steps == twin.steps
    assert Job(small(), 1, "leverage").steps == whole.steps
