"""Sweeps from the command line and from Python: with the simulator (once, tiny), with any Mesa model."""

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from fake_sweep import fake_run
from walkers import Walkers, farthest

import experiments.sweep
from experiments import cli, load
from experiments.pools import LocalPool
from experiments.stored_runs import StoredRuns
from experiments.sweep import SweepRequest, sweep, sweep_model
from experiments.sweeps.cluster import cluster_at
from experiments.sweeps.slurm import slurm_script

SMALL = Path(__file__).parents[1] / "small.toml"
SWEEP = f"""
name = "two-leverages"
scenario = {json.dumps(str(SMALL))}
replications = 2
until = "crash_end"

[[axes]]
path = "retail.leverage_median"
values = [3.0, 10.0]
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(SWEEP)
    return path


@pytest.fixture
def undertow(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["undertow", *map(str, words)])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        captured = capsys.readouterr()
        return leaving.value.code, captured.out, captured.err

    return call


@pytest.fixture
def fake(monkeypatch):
    """Let the command use a stand-in for the simulator, and threads."""
    real = experiments.sweep.sweep
    chosen = SimpleNamespace(work=fake_run)

    def instead(request):
        with ThreadPoolExecutor(2) as executor:
            return real(request, executor=executor, work=chosen.work)

    monkeypatch.setattr(experiments.sweep, "sweep", instead)
    return chosen


def test_a_sweep_of_the_simulator_from_the_command_line(undertow, file, tmp_path):
    pytest.importorskip("pyarrow")
    status, out, err = undertow("sweep", file, "--workers", "2")
    folder = tmp_path / "undertow-out" / "two-leverages"
    assert status == 0, err
    assert out.startswith("4 runs finished; in undertow-out/two-leverages")
    assert "4 of 4 runs" in err
    stored = load(folder)
    assert stored.table["retail.leverage_median"].tolist() == [3.0, 3.0, 10.0, 10.0]
    assert stored.table["total_fall"].between(1.0, 90.0).all()
    assert stored.unit("total_fall") == "%"
    assert stored.unit("fall@hub") == "%"
    assert stored.trace(1)["minute"].tolist()[:3] == [0.0, 1.0, 2.0]
    about = stored.trace(1).attrs["undertow"]
    assert about["scenario"] == stored.scenario(1)
    assert about["seed"] == stored.table["seed"][0]
    assert about["versions"] == stored.versions(1)
    assert pd.read_parquet(folder / "runs.parquet").equals(stored.table)

    # the same in this process gives the same table, byte for byte, and the same traces
    with ThreadPoolExecutor(1) as executor:
        request = SweepRequest(file, tmp_path / "again", workers=1)
        assert sweep(request, executor=executor, stream=io.StringIO()).complete
    assert (tmp_path / "again" / "runs.parquet").read_bytes() == (folder / "runs.parquet").read_bytes()
    for path in (folder / "traces").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / "traces" / path.name).read_bytes()

    status, out, _ = undertow("sweep", file, "--workers", "2")
    assert status == 0
    assert out.startswith("0 runs finished, 4 were finished before")
    _, out, _ = undertow("sweep", file, "--dry-run")
    assert out == "two-leverages: 2 points x 2 seeds x 1 twins = 4 runs, 4 of them finished\n"


def test_dry_run_judges_from_finished_runs_and_writes_nothing(undertow, file, fake, tmp_path):
    experiments.sweep.sweep(SweepRequest(file, tmp_path / "store"))
    file.write_text(SWEEP.replace("replications = 2", "replications = 10"))
    before = (tmp_path / "store" / "runs.sqlite").read_bytes()
    status, out, _ = undertow("sweep", file, "--dry-run", "--out", "store", "--workers", "4")
    assert status == 0
    first, second = out.splitlines()
    assert first == "two-leverages: 2 points x 10 seeds x 1 twins = 20 runs, 4 of them finished"
    assert second.startswith("16 runs to do: about 0:02 on 4 workers, about ")
    assert second.endswith("(from 4 finished runs)")
    assert (tmp_path / "store" / "runs.sqlite").read_bytes() == before


def test_failures_give_status_one_and_say_where_to_look(undertow, file, fake):
    file.write_text(SWEEP.replace("retail.leverage_median", "title").replace("3.0, 10.0", '"raises", "b"'))

    def work(run):
        if run.settings["title"] == "raises":
            raise ArithmeticError("the market caught fire")
        return fake_run(run)

    fake.work = work
    status, out, err = undertow("sweep", file, "--out", "store")
    assert status == 1
    assert out.startswith("2 runs finished, 2 failed; in store")
    assert "why: undertow runs store --status failed" in out
    assert "small title=raises seed" in err
    assert "the market caught fire" in err
    assert "4 of 4 runs" in err
    assert "2 failed" in err.splitlines()[-1]


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(undertow, file, fake):
    seen = []

    def interrupted(run):
        seen.append(run)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return fake_run(run)

    fake.work = interrupted
    status, _, err = undertow("sweep", file, "--out", "store")
    assert status == 130
    assert "finished runs are kept in store; the same command goes on there" in err
    assert f"undertow sweep {file} --out store" in err
    kept = len(load("store").table)
    assert 2 <= kept < 4
    assert (Path("store") / "runs.parquet").exists() or (Path("store") / "runs.csv").exists()
    fake.work = fake_run
    status, out, _ = undertow("sweep", file, "--out", "store")
    assert status == 0
    assert f"{4 - kept} runs finished, {kept} were finished before" in out


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("retail.leverage_median", "retail.leverage_medium"), "did you mean retail.leverage_median?"),
        (("values = [3.0, 10.0]", "values = []"), "axes.0: values: the list is empty"),
        (("[3.0, 10.0]", "[0.5]"), "retail.leverage_median"),
        (("replications = 2", "replications = 1000000"), "2,000,000 runs"),
    ],
)
def test_bad_files_give_one_line_and_status_two(undertow, file, change, part):
    file.write_text(SWEEP.replace(*change))
    status, out, err = undertow("sweep", file)
    assert status == 2
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("undertow: error: ")
    assert part in line
    assert not Path("undertow-out").exists()


def test_without_pyarrow_traces_are_skipped_in_a_clear_sentence(undertow, file, fake, monkeypatch):
    for module in ("sweep", "sweeps.driving"):
        monkeypatch.setattr(f"experiments.{module}.parquet_available", lambda: False)
    status, _, err = undertow("sweep", file, "--out", "store")
    assert status == 0
    assert err.startswith("No traces are kept. Parquet files need pyarrow: pip install 'undertow[store]'\n")
    assert (Path("store") / "runs.csv").exists()


def test_a_worker_with_other_sources_refuses(file, tmp_path):
    from dataclasses import replace

    from experiments.sweep import prepare

    prepared = prepare(SweepRequest(file, tmp_path))
    with pytest.raises(RuntimeError, match="other sources of undertow"):
        replace(prepared.work, code="elsewhere")(prepared.plan.runs[0])


def test_any_mesa_model_and_any_executor(tmp_path):
    points = [{"walkers": 5, "stride": stride} for stride in (1.0, 2.0)]
    stream = io.StringIO()
    options = {"steps": 20, "replications": 3, "stream": stream}
    with ThreadPoolExecutor(2) as executor:
        stored = sweep_model(
            Walkers, points, tmp_path, measure=farthest, executor=executor, workers=2, **options
        )
    assert isinstance(stored, StoredRuns)
    assert stored.table["stride"].tolist() == [1.0] * 3 + [2.0] * 3
    again = sweep_model(Walkers, points, tmp_path, measure=farthest, **options)
    assert again.table.equals(stored.table)
    with LocalPool(2) as pool:
        other = sweep_model(
            Walkers, points, tmp_path / "b", measure=farthest, executor=pool.executor, workers=2, **options
        )
    assert other.table.equals(stored.table)
    model = Walkers(5, 2.0, rng=int(stored.table["seed"][3]))
    for _ in range(20):
        model.step()
    assert stored.table["farthest"][3] == farthest(model)["farthest"]


def test_a_mesa_model_is_measured_by_its_data_collector_and_stops_when_it_does(tmp_path):
    pytest.importorskip("pyarrow")
    with ThreadPoolExecutor(1) as executor:
        stored = sweep_model(
            Walkers,
            [{"stride": 1.0}, {"stride": 400.0}],
            tmp_path,
            steps=30,
            traces=True,
            executor=executor,
            stream=io.StringIO(),
        )
    assert stored.table.columns[-1] == "spread"
    assert len(stored.trace(1)) == 30
    assert len(stored.trace(2)) < 30
    assert stored.trace(1)["spread"].iloc[-1] == stored.table["spread"][0]


def test_a_scheduler_needs_dask(undertow, file, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    status, _, err = undertow("sweep", file, "--scheduler", "tcp://nowhere:8786")
    assert status == 2
    assert "--scheduler: a cluster needs Dask: pip install 'undertow[cluster]'" in err


def test_the_script_for_slurm_says_what_the_sweep_is(undertow, file, tmp_path):
    status, out, _ = undertow("sweep", file, "--slurm", "--workers", "40", "--out", "store")
    script = tmp_path / "store" / "slurm.py"
    assert status == 0
    assert f"python {script}" in out
    source = script.read_text()
    compile(source, str(script), "exec")
    assert "WORKERS = 40" in source
    assert f"SweepRequest({str(file)!r}, out={str(tmp_path / 'store')!r})" in source
    assert slurm_script("two-leverages", file, tmp_path / "store", 40, sys.executable, script) == source


@pytest.fixture(scope="module")
def three_workers():
    """Return the address of a Dask cluster of three local processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def test_a_dask_cluster_gives_the_same_bytes(three_workers, tmp_path):
    points = [{"walkers": 5, "stride": stride} for stride in (1.0, 2.0)]
    options = {"steps": 20, "replications": 5, "measure": farthest, "stream": io.StringIO()}
    with cluster_at(three_workers) as connected:
        assert connected.slots() == 3
        sweep_model(Walkers, points, tmp_path / "a", executor=connected.executor, workers=3, **options)
    with ThreadPoolExecutor(1) as executor:
        sweep_model(Walkers, points, tmp_path / "b", executor=executor, **options)
    (name,) = [path.name for path in (tmp_path / "a").glob("runs.*") if path.suffix != ".sqlite"]
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.slow
def test_the_simulator_on_a_dask_cluster_gives_the_same_bytes(three_workers, file, tmp_path):
    pytest.importorskip("pyarrow")
    assert sweep(SweepRequest(file, tmp_path / "a", scheduler=three_workers), stream=io.StringIO()).complete
    with ThreadPoolExecutor(1) as executor:
        request = SweepRequest(file, tmp_path / "b")
        assert sweep(request, executor=executor, stream=io.StringIO()).complete
    names = ["runs.parquet", *(f"traces/{path.name}" for path in (tmp_path / "b" / "traces").iterdir())]
    assert len(names) == 5
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
