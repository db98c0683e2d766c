import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_simulation import COVID, OCTOBER, fake_simulate, fake_work
from typer.testing import CliRunner

import experiments.compare
from experiments import cli

ROOT = Path(__file__).parents[2]


@pytest.fixture
def undertow(monkeypatch, capsys, tmp_path):
    """Call the command line in this process; return exit status, output and errors."""
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
    real = experiments.compare.compare
    monkeypatch.setattr(experiments.compare, "load_scenarios", lambda *_: [OCTOBER, COVID])
    monkeypatch.setattr(experiments.compare, "compare", lambda request: real(request, work=fake_work))
    monkeypatch.setattr("experiments.report.draw.draw_all", lambda *_: ({}, b""))


def one_error_line(result):
    status, out, err = result
    assert status == 2
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("undertow: error: ")
    return line


def test_help_lists_the_commands():
    result = CliRunner().invoke(cli.app, ["--help"])
    assert result.exit_code == 0
    for command in ("compare", "run", "scenarios", "agents", "diagnose", "reproduce", "version"):
        assert command in result.output


@pytest.mark.parametrize(
    "command", ["compare", "run", "scenarios", "agents", "diagnose", "reproduce", "version"]
)
def test_every_command_has_help(command):
    result = CliRunner().invoke(cli.app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_help_needs_none_of_the_heavy_packages():
    code = (
        "import sys, contextlib, io\n"
        "from experiments import cli\n"
        "sys.argv = ['undertow', '--help']\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    cli.main()\n"
        "heavy = ('mesa', 'numba', 'pandas', 'matplotlib', 'numpy', 'scipy')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_no_command_shows_help(undertow):
    status, out, _ = undertow()
    assert status == 0
    assert "compare" in out


def test_unknown_scenario_names_the_nearest(undertow):
    line = one_error_line(undertow("compare", "octobre-2025", "--seeds", "1"))
    assert "'octobre-2025'" in line
    assert "october-2025" in line


def test_unknown_key_names_the_nearest(undertow):
    line = one_error_line(undertow("run", "october-2025", "--set", "retail.tradres=5"))
    assert "retail.tradres" in line
    assert "retail.traders" in line


def test_value_out_of_bounds(undertow):
    line = one_error_line(undertow("run", "october-2025", "--set", "assets.BTC.tick_size_usd=-1"))
    assert "tick_size_usd" in line
    assert "greater than 0" in line
    assert "-1" in line


def test_leverage_zero(undertow):
    line = one_error_line(undertow("run", "october-2025", "--set", "retail.leverage_median=0"))
    assert "retail.leverage_median" in line
    assert "greater than or equal to 1" in line


def test_several_faults_get_a_line_each(undertow):
    status, _, err = undertow(
        "run", "calm", "--set", "retail.leverage_median=0", "--set", "retail.traders=-1"
    )
    assert status == 2
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize("item", ["retail.traders", "=5", "retail.traders="])
def test_set_without_key_or_value(undertow, item):
    assert "KEY=VALUE" in one_error_line(undertow("run", "calm", "--set", item))


def test_bars_not_of_the_form_name_file(undertow):
    assert "NAME=FILE" in one_error_line(undertow("compare", "--bars", "btc.csv"))


def test_unknown_twin_names_the_nearest(undertow):
    line = one_error_line(undertow("run", "calm", "--twin", "liquidation"))
    assert "did you mean liquidations?" in line


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("compare", "--seeds", "0"), "--seeds"),
        (("compare", "--seeds", "many"), "many"),
        (("compare", "--workers", "-1"), "--workers"),
        (("compare", "--population", "0"), "--population"),
        (("compare", "--steps-per-second", "0"), "--steps-per-second"),
        (("compare", "--sedes", "3"), "--sedes"),
        (("compair",), "id you mean"),
        (("diagnose",), "bars"),
    ],
)
def test_bad_options_get_one_line(undertow, words, part):
    assert part in one_error_line(undertow(*words))


def test_missing_bars_file(undertow, tmp_path):
    assert "no such file" in one_error_line(undertow("diagnose", tmp_path / "none.csv"))


def test_a_folder_that_cannot_be_written(undertow, tmp_path):
    (tmp_path / "file").write_text("")
    line = one_error_line(undertow("compare", "--seeds", "1", "--out", tmp_path / "file" / "out"))
    assert "cannot write" in line
    assert (tmp_path / "file").read_text() == ""


def test_nothing_is_written_when_the_input_is_bad(undertow, tmp_path):
    undertow("compare", "octobre", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_compare_prints_the_table_and_names_the_files(undertow, fake, tmp_path):
    status, out, err = undertow("compare", "--seeds", "2", "--workers", "1", "--out", "result")
    assert status == 0
    assert "liquidations off" in out
    assert "(2 seeds)" in out
    assert "result/report.html" in out
    assert "\x1b" not in out + err
    assert "28 of 28 runs" in err
    summary = json.loads((tmp_path / "result" / "summary.json").read_text())
    assert summary["command"] == "undertow compare --seeds 2 --workers 1 --out result"


def test_a_change_of_one_scenario_reaches_the_comparison(undertow, monkeypatch):
    asked = []

    def listen(request):
        asked.append(request)
        raise KeyboardInterrupt

    monkeypatch.setattr(experiments.compare, "compare", listen)
    words = [
        "--set",
        "retail.traders=9",
        "--set-first",
        "a.b=1",
        "--set-second",
        "a.b=2",
        "--set-second",
        "c=x",
    ]
    status, *_ = undertow("compare", "october-2025", "october-2025", *words)
    assert status == 130
    assert asked[0].overrides == {"retail.traders": "9"}
    assert asked[0].own_overrides == ({"a.b": "1"}, {"a.b": "2", "c": "x"})


def test_a_faulty_change_is_one_line(undertow):
    twice = ["compare", "october-2025", "october-2025"]
    line = one_error_line(undertow(*twice, "--set-second", "venues.hub.colateral_price=oracle"))
    assert "--set-second" in line
    assert "did you mean venues.0.collateral_price" in line or "did you mean venues.collateral_price" in line
    assert "--set-second: 'halt' is not" in one_error_line(undertow(*twice, "--set-second", "halt"))


def test_ctrl_c_says_how_to_go_on(undertow, monkeypatch, tmp_path):
    real = experiments.compare.compare
    seen = []

    def interrupted(job):
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(job)
        return fake_work(job)

    monkeypatch.setattr(experiments.compare, "load_scenarios", lambda *_: [OCTOBER])
    monkeypatch.setattr(experiments.compare, "compare", lambda request: real(request, work=interrupted))
    status, _, err = undertow("compare", "october-2025", "--seeds", "2", "--workers", "1", "--out", "here")
    assert status == 130
    assert "3 finished runs are kept in here/.runs" in err
    assert "undertow compare october-2025 --seeds 2 --workers 1 --out here" in err
    assert not (tmp_path / "here" / "summary.json").exists()


def test_run_prints_metrics_and_writes_what_was_asked(undertow, monkeypatch, tmp_path):
    import experiments.scenarios
    import experiments.simulate

    monkeypatch.setattr(experiments.scenarios, "load", lambda *_: OCTOBER)
    monkeypatch.setattr(experiments.simulate, "simulate", fake_simulate)
    status, out, _ = undertow("run", "october-2025", "--seed", "3", "--out", "one")
    assert status == 0
    assert "Fall of BTC from P0 to the low" in out
    written = {path.relative_to(tmp_path / "one").as_posix() for path in (tmp_path / "one").rglob("*.*")}
    assert {"metrics.csv", "series.csv", "events-liquidations.csv", "figures/price.png"} <= written
    head = (tmp_path / "one" / "series.csv").read_text().splitlines()[0]
    assert "last@BTC-PERP" in head


def test_scenarios_agents_and_version(undertow):
    for command, part in (
        ("scenarios", "october-2025"),
        ("agents", "market_maker"),
        ("version", "undertow "),
    ):
        status, out, _ = undertow(command)
        assert status == 0
        assert part in out


def test_the_command_answers_at_once_as_a_process():
    environment = {**os.environ, "PYTHONPATH": "."}
    code = [sys.executable, "-c", "from experiments.cli import main; main()"]
    begin = time.perf_counter()
    result = subprocess.run(
        [*code, "run", "calm", "--seed", "-1"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert time.perf_counter() - begin < 5.0
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stderr
