"""Agents of the user's own are found beside the scenario and in the working directory, by workers too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import experiments
from experiments.errors import InputError
from experiments.runs import Job, run_many
from experiments.scenarios import load, shipped
from experiments.simulate import simulate

ROOT = Path(experiments.__file__).resolve().parent.parent
SHORT = {
    "phases": "[{until_s=300, step_s=30}]",
    "crash.start_s": "60",
    "crash.end_s": "300",
    "retail.traders": "20",
    "herd.traders": "10",
    "noise.traders": "30",
}
BUYER = """
from helper_of_{name} import LOTS
from agents.trader import Trader


class Buyer(Trader):
    def step(self):
        self.buy("BTC-PERP", LOTS)
"""


@pytest.fixture
def scenario_with(tmp_path):
    """Return a function that writes a module and, into another folder, a scenario that names it."""

    def write(name: str, beside: bool) -> tuple[Path, Path]:
        modules = tmp_path / "modules"
        scenarios = modules if beside else tmp_path / "scenarios"
        modules.mkdir()
        scenarios.mkdir(exist_ok=True)
        (modules / f"{name}.py").write_text(BUYER.format(name=name))
        (modules / f"helper_of_{name}.py").write_text("LOTS = 1.0\n")
        file = scenarios / "mine.toml"
        text = shipped()["calm"].read_text("utf-8")
        file.write_text(f'{text}\n[[own_agents]]\nagent = "{name}:Buyer"\ndeposit_usd = 1e6\n')
        return file, modules

    return write


def run_command(file: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as its console script does: without the working directory on the path."""
    program = "import sys; sys.path.remove(''); from experiments.cli import main; main()"
    settings = [word for key, value in SHORT.items() for word in ("--set", f"{key}={value}")]
    return subprocess.run(
        [sys.executable, "-c", program, "run", str(file), *settings, "--out", str(folder / "out")],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("beside", [True, False])
def test_run_finds_modules_beside_the_scenario_and_in_the_working_directory(scenario_with, tmp_path, beside):
    file, modules = scenario_with("buyer_of_command", beside)
    done = run_command(file, tmp_path if beside else modules)
    assert done.returncode == 0, done.stderr


def test_run_says_which_module_is_missing(scenario_with, tmp_path):
    file, _ = scenario_with("buyer_elsewhere", False)
    done = run_command(file, tmp_path)
    assert done.returncode != 0
    assert "own_agents: buyer_elsewhere:Buyer: No module named 'buyer_elsewhere'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("beside", [True, False])
def test_workers_find_modules(scenario_with, tmp_path, monkeypatch, beside):
    file, modules = scenario_with("buyer_of_workers", beside)
    monkeypatch.chdir(tmp_path if beside else modules)
    scenario = load(str(file), SHORT)
    outcome = run_many([Job(scenario, seed) for seed in (1, 2)], tmp_path / "runs", workers=2)
    assert not outcome.failures
    assert len(outcome.results) == 2
    assert "buyer_of_workers" not in sys.modules


def test_the_search_path_stays_as_it_was(scenario_with):
    file, _ = scenario_with("buyer_of_path", True)
    before = sys.path.copy()
    trace = simulate(load(str(file), SHORT), 1)
    assert sys.path == before
    assert (
        trace.by_instrument["volume"].sum() > simulate(load("calm", SHORT), 1).by_instrument["volume"].sum()
    )
    del sys.modules["buyer_of_path"]
    with pytest.raises(InputError, match="No module named 'buyer_of_path'"):
        simulate(load("calm", SHORT | {"own_agents": "[{agent='buyer_of_path:Buyer'}]"}), 1)
