"""The name of a stored result changes with the sources of agents that a scenario brings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_simulation import OCTOBER, fake_work

import experiments
from experiments.fingerprints import own_sources_fingerprint
from experiments.runs import Job, content_ids, run_many
from experiments.scenarios import load, shipped

ROOT = str(Path(experiments.__file__).resolve().parents[1])


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return a function that loads a scenario beside which an agent's modules lie, and their folder."""
    folder = tmp_path / "mine"
    (folder / "kit").mkdir(parents=True)
    (folder / "buyer_here.py").write_text("import math\nfrom kit.sizes import LOTS\n\nclass Buyer: ...\n")
    (folder / "kit" / "__init__.py").write_text("")
    (folder / "kit" / "sizes.py").write_text("from . import deep\n\nLOTS = 1\n")
    (folder / "kit" / "deep.py").write_text("DEPTH = 1\n")
    (folder / "stranger.py").write_text("import numpy\n")
    file = folder / "mine.toml"
    file.write_text(f'{shipped()["calm"].read_text("utf-8")}\n[[own_agents]]\nagent = "buyer_here:Buyer"\n')
    monkeypatch.chdir(tmp_path)
    return (lambda overrides=None: load(str(file), overrides)), folder


def test_scenarios_without_own_agents_need_none():
    assert own_sources_fingerprint(load("calm")) == ""


def test_a_rule_and_a_graph_of_ones_own_and_a_file_of_links_count(tmp_path):
    (tmp_path / "talk.py").write_text("class Rule: ...\n")
    (tmp_path / "links.txt").write_text("0 1\n")
    for own, name in (
        ({"herd.rule": "talk:Rule"}, "talk.py"),
        ({"herd.graph": "talk:ring"}, "talk.py"),
        ({"herd.graph": "edge_list", "herd.graph_options": {"file": "links.txt"}}, "links.txt"),
    ):
        scenario = load("calm", own).read_from(tmp_path)
        before = own_sources_fingerprint(scenario)
        assert own_sources_fingerprint(scenario) == before != ""
        with (tmp_path / name).open("a") as file:
            file.write("# more\n")
        assert own_sources_fingerprint(scenario) != before


@pytest.mark.parametrize("name", ["buyer_here.py", "kit/sizes.py", "kit/deep.py", "kit/__init__.py"])
def test_an_edit_of_the_module_or_of_what_it_imports_counts(own, name):
    scenario, folder = own
    before = own_sources_fingerprint(scenario())
    assert own_sources_fingerprint(scenario()) == before
    with (folder / name).open("a") as file:
        file.write("CHANGED = True\n")
    assert own_sources_fingerprint(scenario()) != before


def test_an_edit_of_anything_else_does_not(own):
    scenario, folder = own
    before = own_sources_fingerprint(scenario())
    (folder / "stranger.py").write_text("import scipy\n")
    assert own_sources_fingerprint(scenario()) == before


def test_modules_are_found_in_the_working_directory_and_where_python_looks(own, tmp_path, monkeypatch):
    scenario, _ = own
    named = scenario({"own_agents.0.agent": "elsewhere:Buyer"})
    missing = own_sources_fingerprint(named)
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "elsewhere.py").write_text("class Buyer: ...\n")
    monkeypatch.syspath_prepend(tmp_path / "path")
    on_path = own_sources_fingerprint(named)
    (tmp_path / "elsewhere.py").write_text("class Buyer: 'another'\n")
    here = own_sources_fingerprint(named)
    assert len({missing, on_path, here}) == 3


def test_nothing_is_imported_to_find_out(own):
    scenario, folder = own
    (folder / "kit" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    own_sources_fingerprint(scenario())
    assert not {"buyer_here", "kit"} & set(sys.modules)


def test_a_module_that_is_no_python_still_counts(own):
    scenario, folder = own
    (folder / "buyer_here.py").write_text("class Buyer(:\n")
    broken = own_sources_fingerprint(scenario())
    (folder / "buyer_here.py").write_text("class Buyer(::\n")
    assert own_sources_fingerprint(scenario()) != broken


def test_an_edited_agent_is_run_again(own, tmp_path):
    scenario, folder = own

    def again():
        jobs = [Job(scenario(), seed) for seed in (1, 2)]
        return run_many(jobs, tmp_path / "runs", work=lambda job: fake_work(Job(OCTOBER, job.seed))).reused

    assert again() == 0
    assert again() == 2
    (folder / "kit" / "deep.py").write_text("DEPTH = 2\n")
    assert again() == 0


def test_an_edit_during_the_runs_changes_no_name(own, tmp_path):
    scenario, folder = own

    def work(job):
        (folder / "buyer_here.py").write_text(f"# {job.seed}\n")
        return fake_work(Job(OCTOBER, job.seed))

    chosen = scenario()
    outcome = run_many([Job(chosen, seed) for seed in (1, 2)], tmp_path / "runs", work=work)
    assert [result.seed for result in outcome.results] == [1, 2]


def test_names_are_the_same_in_another_process(own, tmp_path):
    scenario, folder = own
    (here,) = content_ids([Job(scenario(), 1)]).values()
    code = (
        "from experiments.runs import Job, content_ids\n"
        "from experiments.scenarios import load\n"
        f"print(*content_ids([Job(load({str(folder / 'mine.toml')!r}), 1)]).values())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == here, done.stderr
