import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from fake_simulation import COVID, OCTOBER, fake_work

import experiments.compare as module
from experiments.compare import NothingFinishedError, Request, compare, list_jobs, step_overrides
from experiments.ensemble import TWINS
from experiments.errors import InputError
from experiments.metrics import METRICS


@pytest.fixture(autouse=True, scope="module")
def same_code():
    """Take the code as unchanged while these tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("experiments.runs.code_fingerprint", lambda: "same")
        yield


@pytest.fixture
def no_figures(monkeypatch):
    monkeypatch.setattr("experiments.report.draw.draw_all", lambda chapters: {})
    monkeypatch.setattr("experiments.report.draw.draw_overview", lambda chapters: b"")


@pytest.fixture(scope="module")
def comparison(same_code, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load_scenarios", lambda *_: [OCTOBER, COVID])
        folder = tmp_path_factory.mktemp("out")
        request = Request(("october-2025", "covid-2020"), 4, 1, folder, command="undertow compare")
        yield compare(request, work=fake_work, stream=io.StringIO())


def read_csv(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_summary_holds_what_the_reference_page_says(comparison):
    summary = json.loads((comparison.folder / "summary.json").read_text())
    assert summary["schema"] == 1
    assert {"python", "numpy", "numba", "mesa", "undertow"} <= set(summary["versions"])
    assert list(summary["scenarios"]) == ["october-2025", "covid-2020"]
    for scenario in summary["scenarios"].values():
        assert scenario["seeds"] == [1, 2, 3, 4]
        assert list(scenario["metrics"]) == list(METRICS)
        for name, entry in scenario["metrics"].items():
            assert entry["unit"] == METRICS[name].unit
            if entry["median"] is None:
                assert entry["reason"]
            else:
                low, high = entry["ci95"]
                assert low <= entry["median"] <= high
        assert list(scenario["twins"]) == list(TWINS)
        for entry in scenario["twins"].values():
            assert entry["n"] == 4
            assert entry["ci95"][0] <= entry["share_of_fall_removed"] <= entry["ci95"][1]
        assert scenario["reading"]["verdict"] in ("repricing", "cascade", "mixed", "undecided", "no crash")
        assert scenario["reading"]["evidence"]
        assert sum(scenario["reading"]["runs"].values()) == 4
        for target in scenario["targets"]:
            assert target["verdict"] in ("hit", "miss", "undefined", "not measured")
            assert target["source"]


def test_share_removed_is_one_minus_the_ratio_of_falls_seed_by_seed(comparison):
    rows = read_csv(comparison.folder / "tables" / "runs.csv")
    falls = {(row["scenario"], row["seed"], row["twin"]): float(row["total_fall"]) for row in rows}
    shares = [
        1.0 - falls["october-2025", seed, "liquidations"] / falls["october-2025", seed, "baseline"]
        for seed in "1234"
    ]
    entry = comparison.summary["scenarios"]["october-2025"]["twins"]["liquidations"]
    assert entry["share_of_fall_removed"] == pytest.approx(np.median(shares))
    assert entry["share_of_fall_removed"] == pytest.approx(1.0 - 0.03 / 0.13, abs=0.06)


def test_tables_are_tidy_and_complete(comparison):
    tables = {path.stem: read_csv(path) for path in (comparison.folder / "tables").iterdir()}
    assert set(tables) == {"runs", "twins", "targets", "minutes"}
    assert len(tables["runs"]) == 2 * 4 * 6
    assert len(tables["twins"]) == 2 * 4 * 5
    at_p0 = [row for row in tables["minutes"] if row["minute"] == "0"]
    assert [row["scenario"] for row in at_p0] == ["october-2025", "covid-2020"]
    assert all(float(row["price_percent_median"]) == 100.0 for row in at_p0)


def test_every_figure_is_written_for_both(comparison):
    figures = {path.name for path in (comparison.folder / "figures").iterdir()}
    for name in (
        "price",
        "depth",
        "liquidations",
        "open_interest",
        "funding",
        "sentiment",
        "recovery",
        "twins",
    ):
        assert {f"october-2025-{name}.png", f"covid-2020-{name}.png"} <= figures
    assert not [path for path in comparison.folder.rglob(".*.*") if path.is_file()]  # no temporary names left


def test_the_same_runs_give_the_same_bytes(comparison, tmp_path, monkeypatch, no_figures):
    monkeypatch.setattr(module, "load_scenarios", lambda *_: [OCTOBER, COVID])
    request = Request(("october-2025", "covid-2020"), 4, 1, tmp_path, command="undertow compare")
    compare(request, work=fake_work, stream=io.StringIO())
    for name in ("summary.json", "tables/minutes.csv", "tables/runs.csv", "tables/twins.csv"):
        assert (tmp_path / name).read_bytes() == (comparison.folder / name).read_bytes()


def test_a_second_start_runs_nothing(comparison, no_figures, monkeypatch):
    monkeypatch.setattr(module, "load_scenarios", lambda *_: [OCTOBER, COVID])

    def refuse(job):
        raise AssertionError(job.label)

    request = Request(("october-2025", "covid-2020"), 4, 1, comparison.folder, command="undertow compare")
    again = compare(request, work=refuse, stream=io.StringIO())
    assert again.outcome.reused == 48


def test_a_failed_run_is_reported_everywhere_and_the_rest_stands(tmp_path, no_figures, monkeypatch):
    monkeypatch.setattr(module, "load_scenarios", lambda *_: [replace(OCTOBER, trouble="raises")])
    stream = io.StringIO()
    result = compare(Request(("october-2025",), 3, 1, tmp_path), work=fake_work, stream=stream)
    entry = result.summary["scenarios"]["october-2025"]
    assert entry["seeds"] == [1, 3]
    assert len(entry["failures"]) == 6
    assert "the market caught fire" in stream.getvalue()
    assert "the market caught fire" in (tmp_path / "report.html").read_text()


def test_nothing_finished(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "load_scenarios", lambda *_: [OCTOBER])

    def refuse(job):
        raise ValueError("no")

    with pytest.raises(NothingFinishedError, match="october-2025: no run finished"):
        compare(Request(("october-2025",), 1, 1, tmp_path), work=refuse, stream=io.StringIO())
    assert not (tmp_path / "summary.json").exists()


def test_twins_share_the_seeds_of_the_baseline_and_end_with_the_crash():
    jobs = list_jobs([OCTOBER], 2)
    assert [(job.seed, job.twin, job.until) for job in jobs[:2]] == [
        (1, "baseline", "end"),
        (2, "baseline", "end"),
    ]
    assert {job.until for job in jobs[2:]} == {"crash_end"}
    assert {(job.seed, job.twin) for job in jobs[2:]} == {(seed, twin) for seed in (1, 2) for twin in TWINS}


def test_steps_per_second_scales_all_phases_alike():
    scaled = step_overrides(OCTOBER, 0.5)
    assert scaled == {"phases.0.step_s": "2.0", "phases.1.step_s": "12.0"}


def test_bars_for_a_scenario_that_is_not_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "load_scenarios", lambda *_: [OCTOBER])
    with pytest.raises(InputError, match="'calm' is none of the scenarios compared"):
        compare(Request(("october-2025",), 1, 1, tmp_path / "out", bars={"calm": tmp_path}), work=fake_work)
    assert not (tmp_path / "out").exists()


def test_bars_are_laid_on_the_clock_of_the_scenario(tmp_path, no_figures, monkeypatch):
    monkeypatch.setattr(module, "load_scenarios", lambda *_: [OCTOBER])
    lines = ["time,open,high,low,close"]
    for minute in range(-120, 180):
        hour, rest = divmod(20 * 60 + 50 + minute, 60)
        day, hour = divmod(hour, 24)
        price = 50_000.0 - (5_000.0 if minute >= 30 else 0.0) + (2_500.0 if minute >= 60 else 0.0)
        lines.append(f"2025-10-{10 + day}T{hour:02d}:{rest:02d}:00Z,{price},{price},{price},{price}")
    file = tmp_path / "bars.csv"
    file.write_text("\n".join(lines) + "\n")
    request = Request(("october-2025",), 1, 1, tmp_path / "out", bars={"october-2025": file})
    real = compare(request, work=fake_work, stream=io.StringIO()).chapters[0].real
    assert not real.published
    assert real.price_percent[np.searchsorted(real.minute, 31.0)] == pytest.approx(90.0)
    assert np.interp(1.0, real.recovery_hours, real.recovery) == pytest.approx(0.5)
