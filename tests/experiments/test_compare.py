import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fake_simulation import COVID, OCTOBER, fake_work

import experiments.compare as module
from abm.measures.stages import STAGES
from experiments.compare import (
    NothingFinishedError,
    Request,
    compare,
    file_name,
    list_jobs,
    load_scenarios,
    step_overrides,
)
from experiments.errors import InputError
from experiments.mechanisms import TWINS
from experiments.metrics import METRICS, VENUE_METRICS


@pytest.fixture(autouse=True, scope="module")
def same_code():
    """Take the code as unchanged while these tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("experiments.runs.code_fingerprint", lambda: "same")
        yield


@pytest.fixture
def no_figures(monkeypatch):
    monkeypatch.setattr("experiments.report.draw.draw_all", lambda *_: ({}, b""))


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
        assert list(scenario["stages"]) == list(STAGES)
        for entry in scenario["stages"].values():
            assert 0.0 <= entry["share_of_seeds"] <= 1.0
            assert (entry["start_minutes"] is None) == (entry["share_of_seeds"] == 0.0)
        for exchange in scenario["venues"].values():
            assert list(exchange) == list(VENUE_METRICS)
        assert scenario["withdrawals"]["stale feed"]["count"] == 2.0
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
    assert set(tables) == {"runs", "twins", "targets", "minutes", "stages", "venues", "withdrawals"} | {
        "losses",
        "deleveraged",
        "liquidation_map",
    }
    runs = 1 + len(TWINS)
    assert len(tables["runs"]) == 2 * 4 * runs
    assert len(tables["twins"]) == 2 * 4 * len(TWINS)
    assert len(tables["stages"]) == 2 * 4 * runs * 6
    assert len(tables["venues"]) == 4 * runs * (2 + 1)  # two exchanges in the one scenario, one in the other
    assert {row["reason"] for row in tables["withdrawals"]} == {"stale feed", "risk limit"}
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
    assert again.outcome.reused == 2 * 4 * (1 + len(TWINS))


def test_a_change_of_rules_is_told_seed_by_seed(tmp_path, monkeypatch):
    milder = replace(OCTOBER, name="october-2025 (news.0.size=-0.02)", fall=0.09)
    monkeypatch.setattr(module, "load_scenarios", lambda *_: [OCTOBER, milder])
    request = Request(
        ("october-2025", "october-2025"), 3, 1, tmp_path, own_overrides=({}, {"news.0.size": "-0.02"})
    )
    result = compare(request, work=fake_work, stream=io.StringIO())
    rows = read_csv(tmp_path / "tables" / "runs.csv")
    falls = {
        (row["scenario"], row["seed"]): float(row["total_fall"]) for row in rows if row["twin"] == "baseline"
    }
    differences = [falls[milder.name, seed] - falls["october-2025", seed] for seed in "123"]
    entry = result.summary["difference"]["metrics"]["total_fall"]
    assert entry["second_minus_first"] == pytest.approx(np.median(differences))
    assert entry["second_minus_first"] == pytest.approx(-4.0, abs=0.5)
    low, high = entry["ci95"]
    assert min(differences) - 1e-6 <= low <= high <= max(differences) + 1e-6
    table = {row["metric"]: row for row in read_csv(tmp_path / "tables" / "difference.csv")}
    assert float(table["fall@dex"]["difference"]) < -3.0
    assert (tmp_path / "figures" / "october-2025-news.0.size-0.02-price.png").exists()
    assert "What the change did" in (tmp_path / "report.html").read_text()


def test_different_scenarios_are_not_paired(comparison):
    assert comparison.pair is None
    assert "difference" not in comparison.summary


def test_a_failed_run_is_reported_everywhere_and_the_rest_stands(tmp_path, no_figures, monkeypatch):
    monkeypatch.setattr(module, "load_scenarios", lambda *_: [replace(OCTOBER, trouble="raises")])
    stream = io.StringIO()
    result = compare(Request(("october-2025",), 3, 1, tmp_path), work=fake_work, stream=stream)
    entry = result.summary["scenarios"]["october-2025"]
    assert entry["seeds"] == [1, 3]
    assert len(entry["failures"]) == 1 + len(TWINS)
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


def test_a_twin_without_what_the_scenario_has_no_cause_for_is_not_run():
    quiet = replace(OCTOBER, news=(), institution=SimpleNamespace(institutions=0))
    assert {job.twin for job in list_jobs([quiet], 1)} == {
        "baseline",
        *(set(TWINS) - {"exogenous_shock", "credit_contagion"}),
    }


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


SMALL = str(Path(__file__).parents[1] / "small.toml")


def test_a_scenario_is_named_after_what_is_changed_in_it_alone():
    own = ({}, {"venues.hub.insurance_fund_over_open_interest": "0.1", "retail.traders": "90"})
    first, second = load_scenarios((SMALL, SMALL), {"herd.traders": "10"}, None, own)
    assert first.name == "small"
    assert second.name == "small (venues.hub.insurance_fund_over_open_interest=0.1, retail.traders=90)"
    assert (first.herd.traders, second.herd.traders) == (10, 10)
    assert (first.retail.traders, second.retail.traders) == (150, 90)
    assert second.venues[0].insurance_fund_over_open_interest == 0.1


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (({}, {"venues.hub.colateral_price": "oracle"}), "--set-second: .*did you mean .*collateral_price"),
        (
            ({"venues.hob.halt": "none"}, {}),
            "--set-first: venues.hob.halt: unknown item 'hob'; did you mean hub",
        ),
        (({}, {"venue.hub.halt": "none"}), "--set-second: unknown key 'venue'; did you mean venues"),
        (({}, {"venues.hub.halt": "somehow"}), "--set-second: venues.0.halt"),
        (({}, {}), "given twice; .* --set-second"),
    ],
)
def test_what_is_wrong_with_a_change_is_said_with_its_option(own, message):
    with pytest.raises(InputError, match=message):
        load_scenarios((SMALL, SMALL), {}, None, own)


def test_a_change_of_a_second_scenario_needs_one():
    with pytest.raises(InputError, match="--set-second: only one scenario is compared"):
        load_scenarios((SMALL,), {}, None, ({}, {"retail.traders": "90"}))


def test_file_names_of_scenarios_hold_plain_characters():
    assert file_name("october-2025 (venues.hub.halt=none)") == "october-2025-venues.hub.halt-none"
