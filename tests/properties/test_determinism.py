"""A run is a pure function of scenario, seed and twin: same bytes in any process, compiled or not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from run_bytes import run_bytes

import experiments
from experiments.build import build
from experiments.runs import Job, run_many
from experiments.simulate import simulate

HERE = Path(__file__).parent
ROOT = Path(experiments.__file__).resolve().parent.parent
OTHERS = [name for name in os.environ.get("UNDERTOW_OTHER_PYTHON", "").split(os.pathsep) if name]
MINUTE = {
    "phases": "[{until_s=20, step_s=2}, {until_s=70, step_s=1}]",
    "crash.end_s": "70",
    "news.0.time_s": "24",
    "retail.traders": "60",
    "retail.leverage_median": "25",
    "noise.traders": "120",
}
EDGE = "{name='edge', spot=false, depth_share=0.5, retail_share=0.5, latency_ms=5.0, rate_limit_per_s=0.5}"
TWO_EXCHANGES = {"venues": f"[{{name='hub'}}, {EDGE}]", "retail.traders": "90"}


def digest_elsewhere(python, seed, twin="baseline", overrides=None, **environment):
    """Return the digest of a run in a process of its own; any warning there is an error."""
    pairs = [f"{key}={value}" for key, value in (overrides or {}).items()]
    outcome = subprocess.run(
        [python, "-W", "error", str(HERE / "digest_run.py"), str(seed), twin, *pairs],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    return outcome.stdout.strip()


def test_the_same_run_twice_in_one_process(small):
    first = run_bytes(simulate(small(), 1))
    assert run_bytes(simulate(small(), 2)) != first
    assert run_bytes(simulate(small(), 1)) == first


def test_views_of_agents_change_nothing(small):
    model = build(small(), 1, views=True)
    model.run()
    assert run_bytes(model.trace()) == run_bytes(simulate(small(), 1))


def test_reports_of_progress_change_nothing(small):
    seen = []
    assert run_bytes(simulate(small(), 1, progress=seen.append)) == run_bytes(simulate(small(), 1))
    assert seen[-1] == 1.0


def test_results_do_not_depend_on_the_number_of_workers(small, tmp_path):
    jobs = [Job(small(), seed, twin) for seed in (1, 2) for twin in ("baseline", "adl")]
    folders = {}
    for workers in (1, 4):
        outcome = run_many(jobs, tmp_path / str(workers), workers=workers)
        assert not outcome.failures
        folders[workers] = {path.name: path.read_bytes() for path in (tmp_path / str(workers)).iterdir()}
    assert folders[1] == folders[4]
    assert len(folders[1]) == len(jobs)


@pytest.mark.parametrize("more", [{}, TWO_EXCHANGES], ids=["one exchange", "two exchanges"])
def test_the_same_bytes_with_compilation_off(small, more):
    overrides = MINUTE | more
    compiled = simulate(small(overrides), 2)
    for name in ("liquidations", "adl", "maker_withdrawals"):
        assert len(compiled.events[name]) > 0
    assert digest_elsewhere(sys.executable, 2, overrides=overrides, NUMBA_DISABLE_JIT="1") == run_bytes(
        compiled
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("python", OTHERS or [None])
def test_the_same_bytes_on_another_python(small, seed, python):
    """Set UNDERTOW_OTHER_PYTHON to interpreters that have the dependencies, separated like paths."""
    if python is None:
        pytest.skip("UNDERTOW_OTHER_PYTHON names no interpreter")
    assert digest_elsewhere(python, seed) == run_bytes(simulate(small(), seed))
