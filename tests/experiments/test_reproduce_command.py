"""``undertow reproduce``: the list, a run, what it writes and what it refuses."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import cli
from experiments.reproduce import PAPERS
from experiments.reproduce.command import print_table, said
from experiments.reproduce.comparison import (
    Row,
    compared,
    errors_allowed,
    label_of,
    mean_and_error,
    share_and_error,
)
from experiments.reproduce.page import page

ROOT = Path(__file__).parents[2]


@pytest.fixture
def undertow(monkeypatch, capsys, tmp_path):
    """Call the command line in this process; return exit status, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERTOW_DATA", raising=False)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["undertow", *map(str, words)])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        captured = capsys.readouterr()
        return leaving.value.code, captured.out, captured.err

    return call


def test_the_list_names_every_paper_with_a_line(undertow):
    status, out, _ = undertow("reproduce")
    assert status == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == list(PAPERS) == sorted(PAPERS)
    assert all(len(line.split()) > 4 for line in lines)


def test_every_file_of_a_paper_is_listed():
    import experiments.reproduce as package

    for path in Path(package.__file__).parent.glob("*.py"):
        if "def reproduce(" in path.read_text("utf-8"):
            assert path.stem in PAPERS
    for name in PAPERS:
        assert callable(importlib.import_module(f"experiments.reproduce.{name}").reproduce)


def test_a_run_prints_the_table_and_saves_it_with_a_figure(undertow, tmp_path):
    status, out, _ = undertow("reproduce", "debtrank2012", "--out", tmp_path / "here")
    assert status == 0
    assert "0.53191 │          exact │   0.53191 │ exact │ hit" in out
    assert "6 of 6 hit" in out
    written = [Path(line) for line in out.splitlines()[-2:]]
    assert written == [tmp_path / "here" / "debtrank2012.csv", tmp_path / "here" / "debtrank2012.png"]
    table = pd.read_csv(written[0])
    assert table["verdict"].tolist() == ["hit"] * 6
    assert written[1].read_bytes().startswith(b"\x89PNG")
    assert written[1].stat().st_size > 10_000


def test_curves_are_drawn(undertow, tmp_path, monkeypatch):
    from experiments.reproduce import watts2002

    monkeypatch.setattr(watts2002, "FREQUENCY", {1.5: 0.5, 3.0: 0.87, 8.0: 0.0})
    monkeypatch.setattr(watts2002.reproduce, "__defaults__", (5, 500))
    status, out, _ = undertow("reproduce", "watts2002")
    assert status == 0
    assert "frequency of cascades, mean degree 1.5" in out
    assert (tmp_path / "undertow-out" / "watts2002.png").stat().st_size > 20_000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["reproduce", "kirman"], "no paper 'kirman'; did you mean kirman1993?"),
        (["reproduce", "zzz"], "no paper 'zzz'; known: caccioli2014"),
        (["reproduce", "hyperliquid_adl", "--data", "nowhere"], "--data: no folder nowhere"),
        (["reproduce", "hyperliquid_adl", "--data", "."], "hyperliquid_adl: no file"),
    ],
)
def test_what_is_refused(undertow, tmp_path, words, message):
    status, out, err = undertow(*words)
    assert status == 2
    assert out == ""
    (line,) = err.splitlines()
    assert message in line
    assert not (tmp_path / "undertow-out").exists()


def test_verdicts():
    rows = [
        Row("near", 1.02, 1.0, 0.01),
        Row("far", 1.04, 1.0, 0.01),
        Row("both uncertain", 1.04, 1.0, 0.01, "reference run", published_error=0.01),
        Row("exact", 1.0 + 1e-12, 1.0),
        Row("off", 1.001, 1.0),
        Row("allowed", 1.001, 1.0, allowed=0.01),
        Row("unknown", 1.0, np.nan),
        Row("not a number", np.nan, 1.0),
        Row("few runs", 1.04, 1.0, 0.01, runs=6),
    ]
    table = compared(rows)
    assert table["verdict"].tolist() == ["hit", "miss", "hit", "hit", "miss", "hit", "–", "miss", "hit"]
    assert table["allowed"].iloc[0] == pytest.approx(0.03)


def test_labels():
    assert label_of("price by leverage, long", 10.0) == "price, leverage 10, long"
    assert label_of("share, if any, by size", 0.5) == "share, if any, size 0.5"
    assert label_of("stand by me", np.nan) == "stand by me"


def test_errors():
    assert mean_and_error([1.0, 2.0, 3.0]) == (2.0, pytest.approx(1 / np.sqrt(3)))
    assert share_and_error(500, 2000) == (0.25, pytest.approx(np.sqrt(0.25 * 0.75 / 2000), rel=0.01))
    assert share_and_error(0, 96) == (0.0, pytest.approx(0.014))
    assert share_and_error(96, 96) == (1.0, pytest.approx(0.014))
    assert errors_allowed(0) == 3.0
    assert errors_allowed(10) == pytest.approx(4.09, abs=0.01)
    assert errors_allowed(10_000) == pytest.approx(3.0, abs=0.01)


def test_numbers_in_words(capsys):
    assert [said(value) for value in (0.203188, 12_345_678.0, -0.5)] == ["0.20319", "12,345,678", "-0.5"]
    print_table(compared([Row("a by b", 1.0, np.nan, at=2.0), Row("c", 2.0, 3.0)]), "kyle1985")
    out = capsys.readouterr().out
    assert "a, b 2" in out
    assert "0 of 1 hit" in out


def test_the_page_has_every_paper(tmp_path):
    text = (ROOT / "docs" / "reference" / "papers.md").read_text("utf-8")
    assert re.findall(r"^## `(\w+)`$", text, re.MULTILINE) == list(PAPERS)
    for name in PAPERS:
        compared([Row("number by size", 0.5, 0.4, 0.2, at=7.0)]).to_csv(tmp_path / f"{name}.csv", index=False)
    made = page(tmp_path)
    assert made.startswith(text.partition("| paper")[0])
    assert "| number, size 7 | 0.5 | 0.2 | 0.4 | exact | hit |" in made
    assert "| [`kyle1985`](#kyle1985) | one auction" in made
