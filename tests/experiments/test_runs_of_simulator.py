"""The runner, the metrics and the commands on the real simulator, with half an hour of market."""

import csv
import sys

import pytest

from experiments import cli
from experiments.results import RunResult
from experiments.runs import Job, run_many
from experiments.scenarios import load
from experiments.warm_up import coarse

SHORT = {
    "phases": "[{until_s=1800, step_s=10}]",
    "crash.start_s": "600",
    "crash.end_s": "1500",
    "news.0.time_s": "600",
    "whale.start_s": "60",
    "whale.end_s": "500",
    "retail.traders": "200",
}


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_simulator_gives_the_same_bytes_for_any_number_of_workers(tmp_path):
    scenario = load("october-2025", SHORT)
    jobs = [Job(scenario, seed, twin) for seed in (1, 2) for twin in ("baseline", "liquidations")]
    for workers in (1, 2):
        outcome = run_many(jobs, tmp_path / str(workers), workers=workers)
        assert not outcome.failures
    assert bytes_of(tmp_path / "1") == bytes_of(tmp_path / "2")
    assert len(bytes_of(tmp_path / "1")) == 4


def test_a_twin_is_its_original_until_the_news(tmp_path):
    scenario = load("october-2025", SHORT)
    pair = run_many([Job(scenario, 1), Job(scenario, 1, "exogenous_shock")], tmp_path).results
    until_news = pair[0].minutes["minute"] < 0.0
    for name in ("price", "volume", "open_interest", "depth_ask"):
        assert pair[0].minutes[name][until_news].tobytes() == pair[1].minutes[name][until_news].tobytes()
    assert pair[0].minutes["price"].tobytes() != pair[1].minutes["price"].tobytes()


def test_the_run_that_compiles_is_the_scenario_made_small():
    scenario = load("october-2025")
    small = coarse(scenario)
    assert [phase.step_s for phase in small.phases] == [10.0 * phase.step_s for phase in scenario.phases]
    assert small.retail.traders == 300
    assert small.news == scenario.news


def test_run_command_on_the_simulator(monkeypatch, capsys, tmp_path):
    words = [word for key, value in SHORT.items() for word in ("--set", f"{key}={value}")]
    monkeypatch.setattr(
        sys, "argv", ["undertow", "run", "october-2025", "--out", str(tmp_path / "out"), *words]
    )
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    assert leaving.value.code == 0
    assert "Fall of BTC" in capsys.readouterr().out
    with (tmp_path / "out" / "series.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 180
    assert float(rows[-1]["time_s"]) == 1800.0
    assert (tmp_path / "out" / "figures" / "price.png").read_bytes().startswith(b"\x89PNG")


def test_no_metric_is_undefined_without_a_reason(tmp_path):
    (result,) = run_many([Job(load("october-2025", SHORT), 1)], tmp_path).results
    assert isinstance(result, RunResult)
    for name, value in result.metrics.items():
        assert value - value == 0.0 or result.reasons[name]
