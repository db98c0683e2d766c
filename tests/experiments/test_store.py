"""What lies in a store, read back: table, filters, traces, the commands that show it."""

import json
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from fake_sweep import fake_run, run_of

from experiments import cli, load, stored_runs
from experiments.errors import InputError
from experiments.store import Ledger
from experiments.stored_runs import chosen, write_table
from experiments.sweeps.driving import table_file
from experiments.sweeps.loop import run_scenarios
from experiments.sweeps.run import Report, Run

pyarrow = pytest.importorskip("pyarrow")


@pytest.fixture
def folder(tmp_path):
    """Return a store with six runs, one failed, and one of an earlier plan."""
    runs = [run_of(1), run_of(2), run_of(3, "raises"), *(run_of(number) for number in (4, 5, 6))]
    with Ledger(tmp_path) as ledger, ThreadPoolExecutor(1) as executor:
        documents = {"document": json.dumps({"name": "fake", "traders": 5})}
        ledger.plan([run_of(9)], documents, {"python": "3.10"})
        run_scenarios([run_of(9)], fake_run, ledger, executor=executor)
        ledger.plan(runs, documents, {"python": "3.11"})
        ledger.describe({"sweep": "{}"}, {"ten_times": ("apples", "Ten times the number")})
        run_scenarios(runs, fake_run, ledger, executor=executor)
    return tmp_path


@pytest.fixture
def undertow(monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["undertow", *map(str, words)])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        captured = capsys.readouterr()
        return leaving.value.code, captured.out, captured.err

    return call


def test_the_table_has_one_row_for_each_run_of_the_plan_that_finished(folder):
    stored = load(folder)
    table = stored.table
    assert table["number"].tolist() == [1, 2, 4, 5, 6]
    assert table["ten_times"].tolist() == [10.0, 20.0, 40.0, 50.0, 60.0]
    assert np.isinf(table["late"]).all()
    assert "unknown" not in table  # undefined in every run
    assert stored.reasons(1) == {"unknown": "nobody knows"}
    assert stored.unit("ten_times") == "apples"
    assert stored.everything["status"].tolist() == ["done", "done", "failed", "done", "done", "done"]
    assert load(folder, every=True).table["seed"].tolist() == [1, 2, 4, 5, 6, 9]
    assert stored.scenario(2) == {"name": "fake", "traders": 5}
    assert stored.versions(2) == {"python": "3.11"}
    assert load(folder, every=True).versions(2) == {"python": "3.11"}


def test_the_ledger_is_plain_sqlite_and_the_table_plain_parquet(folder):
    with sqlite3.connect(folder / "runs.sqlite") as base:
        query = "SELECT avg(value) FROM metrics JOIN runs ON run = key WHERE name = 'ten_times' AND seed < 3"
        assert base.execute(query).fetchone() == (15.0,)
    base.close()
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "runs.sqlite"]
    read = pd.read_parquet(table_file(folder))
    pd.testing.assert_frame_equal(read, load(folder).table)
    assert read.attrs["units"]["ten_times"] == "apples"


def test_the_table_does_not_depend_on_the_order_in_which_runs_finished(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    runs = [run_of(number) for number in (1, 2, 4, 5, 6)]
    with Ledger(other) as ledger, ThreadPoolExecutor(1) as executor:
        ledger.plan([runs[0], runs[1], run_of(3, "raises"), *runs[2:]], {"document": "{}"}, {})
        run_scenarios(runs[::-1], fake_run, ledger, executor=executor)
        ledger.describe({}, {"ten_times": ("apples", "Ten times the number")})
    assert table_file(other).read_bytes() == table_file(folder).read_bytes()


def test_filters(folder):
    table = load(folder).everything
    assert chosen(table, ["ten_times>20"])["number"].tolist() == [4, 5, 6]
    assert chosen(table, ["ten_times >= 20", "number!=5"])["number"].tolist() == [2, 4, 6]
    assert chosen(table, ["status=failed"])["number"].tolist() == [3]
    with pytest.raises(InputError, match=r"unknown column 'ten_tims'; did you mean ten_times\?"):
        chosen(table, ["ten_tims>20"])
    with pytest.raises(InputError, match="compares numbers with 'many'"):
        chosen(table, ["ten_times>many"])
    with pytest.raises(InputError, match="is not of the form"):
        chosen(table, ["ten_times"])


def test_exported_tables_come_back(folder, tmp_path):
    table = load(folder).table
    write_table(table, tmp_path / "a.csv")
    assert pd.read_csv(tmp_path / "a.csv")["ten_times"].tolist() == table["ten_times"].tolist()
    with pytest.raises(InputError, match=r"neither in \.csv nor in \.parquet"):
        write_table(table, tmp_path / "a.xlsx")


def traced(folder, count=2):
    from experiments.traces import write_trace

    runs = [Run(f"{number:024x}", "fake", "d", {}, number) for number in range(count)]
    columns = {"time_s": np.arange(5.0), "last@BTC-PERP": np.linspace(100.0, 90.0, 5)}

    def work(run):
        size = write_trace(folder / "traces" / f"{run.id}.parquet", run.id, columns, {"seed": run.seed})
        return Report({"fall": 10.0}, trace_bytes=size)

    with Ledger(folder) as ledger, ThreadPoolExecutor(1) as executor:
        ledger.plan(runs, {}, {})
        run_scenarios(runs, work, ledger, executor=executor)
    return runs


def test_traces_are_one_file_a_run_with_what_was_run_and_units_inside(tmp_path):
    runs = traced(tmp_path)
    stored = load(tmp_path)
    assert list(stored.traces) == [run.id for run in runs]
    frame = stored.trace(2)
    assert frame.columns.tolist() == ["time_s", "last@BTC-PERP"]
    assert frame.attrs["undertow"] == {"seed": 1}
    assert frame.attrs["units"]["last@BTC-PERP"] == "USD, last trade price at the end of the step"
    assert stored.traces.read(runs[0].id, ["time_s"]).shape == (5, 1)
    with pytest.raises(InputError, match="no column 'price'"):
        stored.trace(1, ["price"])
    together = pd.read_parquet(tmp_path / "traces")
    assert together.groupby("run", observed=True)["time_s"].count().tolist() == [5, 5]


def test_a_trace_that_is_gone_is_made_again_when_traces_are_wanted(tmp_path):
    runs = [run_of(1), run_of(2)]
    with Ledger(tmp_path) as ledger, ThreadPoolExecutor(1) as executor:
        ledger.plan(runs, {}, {})
        run_scenarios(runs, fake_run, ledger, executor=executor)
        assert run_scenarios(runs, fake_run, ledger, executor=executor).reused == 2
        assert run_scenarios(runs, fake_run, ledger, executor=executor, traces=True).done == 2


def test_a_trace_that_does_not_arrive_is_a_failure(tmp_path):
    def elsewhere(run):
        return Report({"a": 1.0}, trace_bytes=100)

    with Ledger(tmp_path) as ledger, ThreadPoolExecutor(1) as executor:
        ledger.plan([run_of(1)], {}, {})
        assert run_scenarios([run_of(1)], elsewhere, ledger, executor=executor).failed == 1
    assert "all workers must see this folder" in load(tmp_path).everything["error"][0]


def test_leftovers_of_killed_workers_are_swept_away(tmp_path):
    traced(tmp_path)
    half = tmp_path / "traces" / ".0001.parquet.abc"
    half.write_bytes(b"half a file")
    Ledger(tmp_path).close()
    assert not half.exists()
    assert len(load(tmp_path).traces) == 2


def test_without_pyarrow_the_table_is_csv_and_parquet_is_refused(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(stored_runs, "parquet_available", lambda: False)
    monkeypatch.setattr("experiments.sweeps.driving.parquet_available", lambda: False)
    assert table_file(folder).name == "runs.csv"
    with pytest.raises(InputError, match=r"pip install 'undertow\[store\]'"):
        write_table(load(folder).table, tmp_path / "a.parquet")


def test_runs_lists_counts_and_tells_why(folder, undertow):
    status, out, _ = undertow("runs", folder)
    lines = out.splitlines()
    assert status == 0
    assert lines[0].split() == [
        "number",
        "status",
        "seed",
        "twin",
        "trouble",
        "ten_times",
        "late",
        "unknown",
        "error",
    ]
    assert lines[3].endswith("ArithmeticError: the market caught fire")
    assert lines[-1] == "6 of 6 runs shown; 6 in all: 5 done, 1 failed"
    _, out, _ = undertow("runs", folder, "--status", "failed")
    assert out.splitlines()[-1].startswith("1 of 1 runs shown")
    _, out, _ = undertow("runs", folder, "--where", "ten_times>20", "--columns", "ten_times", "--limit", "1")
    assert out.splitlines()[-1].startswith("1 of 3 runs shown")


def test_runs_shows_one_run_and_its_scenario(folder, undertow):
    _, out, _ = undertow("runs", folder, "--show", "2")
    assert "ten_times          20 apples" in out
    assert "unknown            nobody knows" in out
    assert "version of python  3.11" in out
    _, out, _ = undertow("runs", folder, "--scenario", "2")
    assert json.loads(out) == {"name": "fake", "traders": 5}


def test_runs_exports(folder, undertow, tmp_path):
    _, out, _ = undertow("runs", folder, "--where", "ten_times<=20", "--export", tmp_path / "some.csv")
    assert "2 runs in" in out
    assert pd.read_csv(tmp_path / "some.csv")["ten_times"].tolist() == [10.0, 20.0]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--status", "don"), "did you mean done?"),
        (("--columns", "ten_tims"), "--columns: unknown column 'ten_tims'; did you mean ten_times?"),
        (("--show", "17"), "no run 17"),
        (("--export", "a.txt"), "--export: 'a.txt'"),
    ],
)
def test_runs_refuses_in_one_line(folder, undertow, words, part):
    status, out, err = undertow("runs", folder, *words)
    assert status == 2
    assert out == ""
    assert part in err
    assert len(err.splitlines()) == 1


def test_a_folder_without_runs(undertow, tmp_path):
    status, _, err = undertow("runs", tmp_path / "none")
    assert status == 2
    assert "no runs here" in err
