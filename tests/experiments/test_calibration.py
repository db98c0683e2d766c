"""Calibration: distance, search, resumption, judging on fresh seeds, faults; with a stand-in for the runs."""

import io
import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from experiments.calibration.calibration_file import parse_calibration
from experiments.calibration.distance import Distance, medians
from experiments.calibration.gaussian_process import GaussianProcess
from experiments.calibration.identify import identify
from experiments.calibration.job import CalibrationRequest, calibrate
from experiments.errors import InputError
from experiments.scenarios import load
from experiments.sweeps.run import Report
from experiments.targets import load_targets

SMALL = (Path(__file__).parents[1] / "small.toml").read_text("utf-8")
BANDS = {target.id: target for target in load_targets()}
FILE = {
    "name": "try",
    "scenarios": [{"scenario": "event.toml", "targets": ["B1", "B2", "B13", "B17"]}],
    "parameters": [
        {"path": "retail.leverage_median", "low": 2.0, "high": 20.0, "spacing": "log"},
        {"path": "market_maker.risk_limit", "low": 1.1, "high": 8.0},
        {"path": "noise.traders", "low": 10, "high": 100, "whole": True},
    ],
    "seeds": [1, 2],
    "judge_seeds": [11, 12, 13],
    "budget": 24,
}


@dataclass
class FakeRuns:
    """Bands in the middle at leverage 6.5 and risk limit 2; the number of noise traders changes nothing."""

    after: int = 10**9
    done: int = 0

    def __call__(self, run):
        if self.done >= self.after:
            raise KeyboardInterrupt
        self.done += 1
        leverage = run.settings.get("retail.leverage_median", 15.0)
        limit = run.settings.get("market_maker.risk_limit", 7.0)
        noise = 0.02 * ((7919 * run.seed) % 11 - 5)
        return Report(
            {
                "total_fall": 2.0 * leverage * (1.0 + noise),
                "news_leg": 1.7 * limit + noise,
                "long_share_of_liquidations": 0.5 + 0.05 * leverage,
                "funding_minimum": math.nan,
            },
            {"funding_minimum": "never"},
        )


@pytest.fixture
def file(tmp_path, monkeypatch):
    text = SMALL.replace('name = "small"', 'name = "small"\nevent = "october-2025"')
    (tmp_path / "event.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return FILE


def run(file, out, work=None, **changes):
    request = CalibrationRequest({**file, **changes}, out)
    with ThreadPoolExecutor(1) as executor:
        return calibrate(request, work or FakeRuns(), io.StringIO(), executor)


def test_distance_by_hand():
    distance = Distance([BANDS["B2"], BANDS["B13"]], [1.0, 2.0], cap=4.0, pull=0.0)
    assert distance(np.array([12.0, 0.80])) == 0.0
    # B2 is 10 to 17: 24 is two half-widths above; B13 is 0.75 to 0.92: 0.665 is one below, with weight 2
    assert distance(np.array([24.0, 0.665])) == pytest.approx(4.0 + 2.0)
    assert distance(np.array([1e9, np.nan])) == pytest.approx(16.0 + 32.0)
    assert distance(np.array([np.inf, 0.80])) == pytest.approx(16.0)
    assert distance.places(np.array([17.0, 0.75])) == pytest.approx([1.0, -1.0])
    pulled = Distance([BANDS["B2"]], [1.0], cap=4.0, pull=0.1)
    assert pulled(np.array([13.1 + 3.5])) == pytest.approx(0.1)
    assert distance.hits(np.array([17.0, 0.93])) == 1


def test_medians_keep_infinity_and_leave_out_the_undefined():
    found = medians({"a": [3.0, math.nan, 1.0], "b": [1.0, math.inf, math.inf]}, ["a", "b", "c"])
    assert found.tolist()[:2] == [2.0, math.inf]
    assert math.isnan(found[2])


def test_a_gaussian_process_follows_a_function_and_knows_where_it_was_not():
    draws = np.random.default_rng(1)
    points = 0.5 * draws.random((40, 2))
    process = GaussianProcess(points, np.sin(6.0 * points[:, 0]) + points[:, 1])
    near, near_deviation = process.at(np.array([[0.25, 0.25]]))
    _, far_deviation = process.at(np.array([[1.0, 1.0]]))
    assert near[0] == pytest.approx(np.sin(1.5) + 0.25, abs=0.05)
    assert far_deviation[0] > 3.0 * near_deviation[0]


def test_rank_correlations_find_what_moves_what():
    points = np.random.default_rng(2).random((60, 2))
    moments = np.column_stack((np.exp(points[:, 0]), np.full(60, np.nan), points[:, 1] ** 3 - points[:, 0]))
    found = identify(points, moments)
    assert found.correlation[0, 0] == pytest.approx(1.0, abs=1e-3)
    assert found.moved.tolist() == [[True, False, True], [False, False, True]]
    assert found.low[1, 2] < found.correlation[1, 2] < found.high[1, 2]


@pytest.mark.parametrize("method", ["surrogate", "differential-evolution"])
def test_finds_the_bands_and_judges_on_fresh_seeds(file, tmp_path, method):
    result = run(file, tmp_path / "out", method=method, budget=40)
    found = dict(zip([p.path for p in result.file.parameters], result.values, strict=True))
    assert 5.0 <= found["retail.leverage_median"] <= 8.4
    assert 1.2 <= found["market_maker.risk_limit"] <= 2.9
    assert found["noise.traders"] == int(found["noise.traders"])
    assert len(result.points) >= 40
    rows = {row.target.id: row for row in result.after["small"]}
    assert [rows[name].verdict for name in ("B1", "B2", "B13", "B17")] == ["hit", "hit", "hit", "undefined"]
    assert rows["B2"].estimate.count == 3
    assert {row.target.id: row.verdict for row in result.before["small"]}["B2"] == "miss"
    assert result.own.tolist() == [10.0, 4.0, 60.0]


def test_what_is_written(file, tmp_path):
    result = run(file, tmp_path / "out")
    folder = tmp_path / "out"
    document = json.loads((folder / "calibration.json").read_text())
    distances = document["distance"]
    assert distances["best"] < distances["before"]
    # the undefined B17 has the cap, 4 squared; the others are hit, less than 0.05 from the real figure each
    assert 16.0 < distances["after_on_fresh_seeds"] < 16.0 + 3 * 0.05
    assert distances["before_on_fresh_seeds"] > 16.0 + 1.0
    assert document["settings"]["small"] == result.settings("small")
    moves = {(row["parameter"], row["id"]): row["moved"] for row in document["identifiability"]}
    assert moves["retail.leverage_median", "B2"]
    assert not moves["noise.traders", "B17"]
    scenario = load(str(folder / "small-calibrated.toml"))
    assert scenario.retail.leverage_median == result.values[0]
    assert (scenario.name, scenario.event) == ("small-calibrated", "october-2025")
    lines = (folder / "points.csv").read_text().splitlines()
    assert len(lines) == 1 + 1 + 24
    assert all(
        (folder / name).read_bytes()[:4] == b"\x89PNG" for name in ("bands.png", "identifiability.png")
    )


def test_a_stopped_calibration_keeps_its_runs_and_ends_at_the_same_point(file, tmp_path):
    whole = FakeRuns()
    expected = run(file, tmp_path / "whole", whole)
    first = FakeRuns(after=21)
    with pytest.raises(KeyboardInterrupt):
        run(file, tmp_path / "out", first)
    second = FakeRuns()
    result = run(file, tmp_path / "out", second)
    assert second.done == whole.done - 21
    assert np.array_equal(result.points, expected.points, equal_nan=True)
    third = FakeRuns()
    run(file, tmp_path / "out", third)
    assert third.done == 0


def test_one_parameter_may_set_several_keys_and_belong_to_one_scenario(file, tmp_path):
    parameters = [
        {"path": "assets.BTC.depth_1pct_usd", "also": ["assets.ETH.depth_1pct_usd"], "low": 1e6, "high": 4e6},
    ]
    result = run(file, tmp_path / "out", parameters=parameters, budget=6)
    assert math.isnan(result.own[0])  # the two differ
    assert result.bands[0].scenario == "small"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"judge_seeds": [2, 9]}, "judge_seeds: 2 is a seed of fitting too"),
        ({"budget": 2}, "budget: "),
        ({"metod": "surrogate"}, "did you mean method"),
        (
            {"parameters": [{"path": "retail.leverage_medain", "low": 1, "high": 2}]},
            "parameters.0: small: unknown",
        ),
        (
            {"parameters": [{"path": "retail.leverage_median", "low": 1, "high": 1e9}]},
            "parameters.0: small: ",
        ),
        ({"parameters": [{"path": "retail.leverage_median", "low": 3, "high": 2}]}, "high: must be greater"),
        ({"scenarios": [{"scenario": "event.toml", "targets": ["B99"]}]}, "no band 'B99' of october-2025"),
        ({"scenarios": [{"scenario": "event.toml"}, {"scenario": "event.toml"}]}, "is there twice"),
        ({"scenarios": [{"scenario": "october-2026"}]}, "unknown scenario"),
    ],
)
def test_faults_are_told_before_anything_runs(file, tmp_path, changes, complaint):
    with pytest.raises(InputError) as told:
        run(file, tmp_path / "out", **changes)
    assert complaint in str(told.value)
    assert not (tmp_path / "out").exists()


def test_a_parameter_is_free_once():
    with pytest.raises(InputError, match="is free twice"):
        parse_calibration({**FILE, "parameters": [FILE["parameters"][0]] * 2})
