"""A search finds the minimum of a stand-in, and goes on where it was stopped."""

import io
import json
import sys
from pathlib import Path

import pytest
from fake_policy import fake_policy_work

from experiments import search as search_module
from experiments.errors import InputError
from experiments.search import SearchRequest, search

SPACE = f"""
name = "space"
scenario = {json.dumps(str(Path(__file__).parents[1] / "small.toml"))}
replications = 3

[sample]
points = 4

[[axes]]
path = "venues.hub.halt"
values = ["preset", "none", "velocity-pause"]

[[axes]]
path = "venues.hub.insurance_fund_over_open_interest"
low = 0.01
high = 0.5
spacing = "log"
"""


@pytest.fixture
def request_for(tmp_path):
    (tmp_path / "space.toml").write_text(SPACE)

    def make(**more):
        return SearchRequest(tmp_path / "space.toml", out=tmp_path / "out", **more)

    return make


def test_without_optuna_one_sentence_says_so(request_for, monkeypatch, tmp_path):
    monkeypatch.setattr(search_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"^a search needs Optuna: pip install 'undertow\[search\]'$"):
        search(request_for())
    assert not (tmp_path / "out").exists()


def test_it_finds_the_minimum_and_judges_it_on_fresh_seeds(request_for):
    pytest.importorskip("optuna")
    found = search(request_for(trials=12), fake_policy_work, io.StringIO())
    assert found.settings["venues.hub.halt"] != "preset"
    assert found.trials == 12
    assert found.gain.median == pytest.approx(-4.0)
    assert found.gain.count == 3
    assert (found.folder / "search.csv").read_text("utf-8").count("\n") == 13


def test_it_goes_on_where_it_was_stopped(request_for):
    pytest.importorskip("optuna")
    jobs = []

    def stopped(job):
        jobs.append(job)
        if len(jobs) == 8:
            raise KeyboardInterrupt
        return fake_policy_work(job)

    with pytest.raises(KeyboardInterrupt):
        search(request_for(trials=5), stopped, io.StringIO())
    found = search(request_for(trials=5), fake_policy_work, io.StringIO())
    assert (found.trials, found.earlier) == (5, 2)
    with pytest.raises(InputError, match="belongs to another search"):
        search(request_for(trials=5, objective="alt_fall"), fake_policy_work, io.StringIO())


@pytest.mark.parametrize(
    ("lines", "more", "says"),
    [
        ("", {"objective": "total_fal"}, "--objective: unknown metric 'total_fal'; did you mean total_fall?"),
        (
            '[[axes]]\npath = "herd.traders"\nvalues = [1, 2]\nzip = "a"\n',
            {},
            "axes.2: zip and when cannot be",
        ),
        ('[[axes]]\npath = "herd.tradres"\nvalues = [1, 2]\n', {}, "axes.2.path: "),
    ],
)
def test_faults(request_for, monkeypatch, tmp_path, lines, more, says):
    monkeypatch.setattr(search_module.importlib.util, "find_spec", lambda name: sys)
    (tmp_path / "space.toml").write_text(SPACE + lines)
    with pytest.raises(InputError) as caught:
        search(request_for(**more), fake_policy_work, io.StringIO())
    assert str(caught.value).startswith(says)
    assert not (tmp_path / "out").exists()
