"""Phase diagrams of sweeps whose runs are stand-ins with a boundary that is known."""

import csv
import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from experiments import cli
from experiments.errors import InputError
from experiments.phase import as_csv, phase_map
from experiments.report.phase import edges, in_ratios, phase_figure
from experiments.sweep import SweepRequest, sweep
from experiments.sweeps.run import Report

X, Y = "retail.leverage_median", "market_maker.capital_over_depth"
FILE = {
    "name": "two-axes",
    "scenario": str(Path(__file__).parents[1] / "small.toml"),
    "replications": 3,
    "traces": "none",
    "axes": [
        {"path": X, "start": 2.0, "end": 8.0, "count": 4},
        {"path": Y, "values": [1.0, 10.0, 100.0]},
    ],
}


def ramp(run):
    """The fall grows with leverage; it is a cascade above 4 where capital is below 50."""
    leverage, capital = run.settings[X], run.settings[Y]
    amplification = 3.0 if leverage > 4.0 and capital < 50.0 else 1.0 + (run.seed % 2) * 0.1
    return Report({"total_fall": 2.0 * leverage, "amplification": amplification})


def swept(folder, file=FILE, work=ramp):
    with ThreadPoolExecutor(2) as executor:
        sweep(SweepRequest(file, folder), executor=executor, work=work, stream=io.StringIO())
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return swept(tmp_path_factory.mktemp("phase"))


def test_the_map(folder):
    found = phase_map(folder, X, Y)
    assert found.x.tolist() == [2.0, 4.0, 6.0, 8.0]
    assert found.y.tolist() == [1.0, 10.0, 100.0]
    assert found.median[0].tolist() == [4.0, 8.0, 12.0, 16.0]
    assert (found.runs == 3).all()
    assert found.cascades.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]]
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert [row["cascade"] for row in rows] == list("001100110000")
    assert rows[2][X] == "6"
    assert phase_figure(found) == phase_figure(found)


def test_another_rule_moves_the_boundary(folder):
    assert phase_map(folder, X, Y, rule="total_fall>=8").cascades[2].tolist() == [0, 1, 1, 1]


def test_points_without_runs_are_holes(tmp_path):
    def work(run):
        if run.settings[X] == 2.0:
            raise ArithmeticError("no")
        return ramp(run)

    found = phase_map(swept(tmp_path / "f", work=work), X, Y, where=["retail.leverage_median!=4"])
    assert found.x.tolist() == [6.0, 8.0]
    holes = dict(FILE, axes=[FILE["axes"][0], FILE["axes"][1]])
    fails = phase_map(
        swept(tmp_path / "g", holes, lambda run: work(run) if run.settings[Y] < 2 else ramp(run)), X, Y
    )
    assert np.isnan(fails.median[0, 0])
    assert fails.runs[0, 0] == 0
    assert phase_figure(fails).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("x", "y", "more", "says"),
    [
        (
            "retail.leverage_medium",
            Y,
            {},
            "--x: unknown column 'retail.leverage_medium'; did you mean retail.lev",
        ),
        (X, X, {}, "--y: 'retail.leverage_median' is the other axis already"),
        (X, Y, {"metric": "total_fal"}, "--metric: unknown column 'total_fal'; did you mean total_fall?"),
        (
            X,
            Y,
            {"rule": "amplifcation>2"},
            "--rule: unknown column 'amplifcation'; did you mean amplification?",
        ),
        (X, Y, {"rule": "amplification"}, "--rule: 'amplification' is not of the form"),
        (X, "scenario", {}, "--y: 'scenario' holds no numbers"),
        (X, Y, {"where": [f"{Y}=1"]}, f"--y: '{Y}' needs at least two values"),
        (X, Y, {"where": [f"{Y}=7"]}, "no finished run to draw"),
    ],
)
def test_faults(folder, x, y, more, says):
    with pytest.raises(InputError) as caught:
        phase_map(folder, x, y, **more)
    assert says in str(caught.value)


def test_a_third_axis_must_be_chosen(tmp_path):
    file = dict(FILE, replications=1, axes=[*FILE["axes"], {"path": "herd.traders", "values": [0, 40]}])
    folder = swept(tmp_path / "three", file)
    with pytest.raises(InputError, match=r"also varies herd\.traders; .* --where herd\.traders=0"):
        phase_map(folder, X, Y)
    assert phase_map(folder, X, Y, where=["herd.traders=40"]).runs.sum() == 12


def test_spacing_is_seen():
    assert in_ratios(np.array([1.0, 2.0, 4.0]))
    assert not in_ratios(np.array([1.0, 2.0, 3.0]))
    assert not in_ratios(np.array([0.0, 1.0, 10.0]))
    assert edges(np.array([1.0, 10.0]), "log").tolist() == pytest.approx([0.1**0.5, 10**0.5, 10**1.5])


def test_the_command(folder, tmp_path, monkeypatch, capsys):
    words = ["undertow", "phase", str(folder), "--x", X, "--y", Y, "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    assert leaving.value.code == 0
    assert "4 of 12 points are cascades (amplification>2 in 50 % of runs)" in capsys.readouterr().out
    assert (tmp_path / "phase.png").is_file()
    assert json.dumps((tmp_path / "phase.csv").read_text("utf-8"))
