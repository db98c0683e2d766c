"""Sensitivity: designs are those of SciPy and SALib, and find what is known of the Ishigami function."""

import io
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import sobol_indices, uniform

from experiments import cli
from experiments.errors import InputError
from experiments.report.sensitivity import sensitivity_figure
from experiments.sensitivity import as_csv, sensitivity
from experiments.sensitivity_measures import DUMMY, sobol
from experiments.sweep import SweepRequest, sweep
from experiments.sweeps.run import Report
from experiments.sweeps.sampling import saltelli, trajectories

PATHS = ("retail.leverage_median", "market_maker.risk_limit", "market_maker.capital_over_depth")
FIRST = (0.3139, 0.4424, 0.0)  # Ishigami and Homma 1990, a = 7, b = 0.1
TOTAL = (0.5576, 0.4424, 0.2437)


def ishigami(unit):
    x, y, z = (2.0 * np.asarray(unit) - 1.0).T * np.pi
    return np.sin(x) + 7.0 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)


def file_of(method, points):
    return {
        "name": "sampled",
        "scenario": str(Path(__file__).parents[1] / "small.toml"),
        "seeds": [1, 2],
        "traces": "none",
        "sample": {"method": method, "points": points, "seed": 3},
        "axes": [{"path": path, "low": 2.0, "high": 3.0} for path in PATHS],
    }


def fake(run):
    """The fall is the Ishigami function of what was varied; the draw of the seed cancels in the mean."""
    value = float(ishigami([[run.settings[path] - 2.0 for path in PATHS]])[0])
    numbers = {
        "total_fall": value + (0.5 if run.seed == 1 else -0.5),
        "news_leg": 1.0,
        "amplification": 1.0 if run.seed == 1 else np.nan,
    }
    return Report(numbers | {"alt_fall": 2.0 * value})


def swept(folder, method, points):
    with ThreadPoolExecutor(2) as executor:
        sweep(
            SweepRequest(file_of(method, points), folder), executor=executor, work=fake, stream=io.StringIO()
        )
    return folder


def test_the_design_and_the_indices_are_those_of_scipy():
    seen = []

    def watched(x):
        seen.append(x)
        return ishigami(x.T)

    theirs = sobol_indices(func=watched, n=256, dists=[uniform()] * 3, rng=np.random.default_rng(5))
    ours = saltelli(256, 3, np.random.default_rng(5))
    assert np.array_equal(seen[0].T, ours[:256])
    indices = sobol(PATHS, ishigami(ours))
    assert [index.value for index in indices] == pytest.approx([*theirs.first_order, *theirs.total_order])


def test_sobol_indices_of_the_ishigami_function():
    indices = sobol(PATHS, ishigami(saltelli(1024, 3, np.random.default_rng(1))))
    for index, known in zip(indices, (*FIRST, *TOTAL), strict=True):
        error = (index.high - index.low) / 3.92  # of the bootstrap
        assert abs(index.value - known) < 3.0 * max(error, 0.01)
        assert index.low <= index.value <= index.high


def test_of_a_stored_sweep(tmp_path):
    found = sensitivity(swept(tmp_path / "s", "saltelli", 64), ["total_fall", "alt_fall"])
    fall, other = found
    assert (fall.points, fall.seeds, fall.unit) == (64 * 5, 2, "%")
    expected = sobol(PATHS, ishigami(saltelli(64, 3, np.random.default_rng(3))))
    for own, twice, known in zip(fall.indices, other.indices, expected, strict=True):
        assert own.value == pytest.approx(known.value, abs=1e-6)
        assert own.value == pytest.approx(twice.value)  # a factor changes no index
    assert as_csv(found).count("\n") == 1 + 2 * 6
    assert sensitivity_figure(found) == sensitivity_figure(found)
    with pytest.raises(InputError, match=r"amplification is undefined, .* in 320 of 640 runs"):
        sensitivity(tmp_path / "s", ["amplification"])
    with pytest.raises(InputError, match="news_leg is 1 in every run"):
        sensitivity(tmp_path / "s", ["news_leg"])
    with pytest.raises(InputError, match="--metrics: unknown column 'total_fal'; did you mean total_fall"):
        sensitivity(tmp_path / "s", ["total_fal"])


def test_a_sweep_that_is_not_complete(tmp_path):
    def sometimes(run):
        if run.seed == 2 and run.settings[PATHS[0]] > 2.9:
            raise ArithmeticError("no")
        return fake(run)

    with ThreadPoolExecutor(2) as executor:
        request = SweepRequest(file_of("saltelli", 8), tmp_path / "s")
        sweep(request, executor=executor, work=sometimes, stream=io.StringIO())
    with pytest.raises(InputError, match=r"\d+ of 40 points lack runs; `undertow sweep` with the same file"):
        sensitivity(tmp_path / "s")


def test_a_sweep_that_is_no_sample(tmp_path):
    file = file_of("saltelli", 8)
    file["axes"].append({"path": "herd.traders", "values": [0, 40]})
    with ThreadPoolExecutor(2) as executor:
        sweep(SweepRequest(file, tmp_path / "s"), executor=executor, work=fake, stream=io.StringIO())
    with pytest.raises(InputError, match=r"axes are all sampled .*; herd\.traders is not"):
        sensitivity(tmp_path / "s")


@pytest.mark.parametrize("method", ["morris", "sobol"])
def test_without_salib_one_sentence_says_so(tmp_path, monkeypatch, capsys, method):
    monkeypatch.setitem(sys.modules, "SALib", None)
    monkeypatch.setitem(sys.modules, "SALib.sample", None)
    monkeypatch.setitem(sys.modules, "SALib.sample.morris", None)
    monkeypatch.setitem(sys.modules, "SALib.analyze", None)
    lines = "".join(f'[[axes]]\npath = "{path}"\nlow = 2.0\nhigh = 3.0\n' for path in PATHS)
    small = Path(__file__).parents[1] / "small.toml"
    (tmp_path / "s.toml").write_text(
        f'name = "s"\nscenario = "{small}"\n[sample]\nmethod = "{method}"\npoints = 4\n{lines}'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["undertow", "sensitivity", "s.toml"])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    assert leaving.value.code == 2
    assert capsys.readouterr().err == (
        "undertow: error: Morris and PAWN need SALib: pip install 'undertow[sensitivity]'\n"
    )
    assert not (tmp_path / "undertow-out").exists()


def test_morris_and_pawn_by_salib(tmp_path):
    pytest.importorskip("SALib")
    assert trajectories(4, 3, 1).shape == (16, 3)
    (effects,) = sensitivity(swept(tmp_path / "m", "morris", 32))
    by_name = {(index.path, index.measure): index for index in effects.indices}
    # z acts only together with x, and not at all at the middle levels
    assert by_name[PATHS[0], "mean effect"].low > 0.0
    assert by_name[PATHS[0], "spread of effects"].value > 0.0
    (known,) = sensitivity(swept(tmp_path / "p", "sobol", 128))
    values = {index.path: index for index in known.indices}
    assert values[PATHS[0]].low > values[DUMMY].value
    assert values[PATHS[1]].low > values[DUMMY].value


def test_a_folder_is_analysed_from_the_command_line(tmp_path, monkeypatch, capsys):
    folder = swept(tmp_path / "s", "saltelli", 16)
    monkeypatch.setattr(sys, "argv", ["undertow", "sensitivity", str(folder), "--metrics", "total_fall"])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    assert leaving.value.code == 0
    shown = capsys.readouterr().out
    assert "80 settings, 2 runs each" in shown
    assert "first order" in shown
    assert (folder / "sensitivity.png").is_file()
