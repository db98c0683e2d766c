"""Policies: their file, what they set, and what a study of them says."""

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_policy import fake_policy_work

from experiments import cli
from experiments.errors import InputError
from experiments.metrics import METRICS
from experiments.policies import study as study_module
from experiments.policies.figure import pareto_picture
from experiments.policies.pareto import as_losses, non_dominated
from experiments.policies.policy_file import NO_CHANGE
from experiments.policies.policy_reading import apply_all, read_policies
from experiments.policies.printing import print_study
from experiments.policies.study import PolicyRequest, cut_after_crash, study
from experiments.policies.writing import write_study
from experiments.scenarios import load, shipped

SMALL = str(Path(__file__).parents[1] / "small.toml")
HALT = """
[[policies]]
name = "halt"
title = "halts"
set = { "venues.*.halt" = "velocity-pause" }
"""
FUND = """
[[policies]]
name = "fund"
title = "a larger fund"
source = "nobody's"
scale = { "venues.*.insurance_fund_over_open_interest" = 3.0 }
"""
DUTY = """
[[policies]]
name = "duty"
title = "makers stay"
set = { "market_maker.may_withdraw" = false }
"""
NOTHING = """
[[policies]]
name = "nothing"
title = "what is there already"
set = { "venues.hub.halt" = "preset" }
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "policies.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def small_study(file, tmp_path):
    """Return a study of four policies with the stand-in."""
    request = PolicyRequest(SMALL, file(HALT + FUND + DUTY + NOTHING), seeds=4, out=tmp_path / "out")
    return study(request, fake_policy_work, io.StringIO())


@pytest.mark.parametrize("scenario", list(shipped()))
def test_every_shipped_policy_fits_every_shipped_scenario(scenario):
    policies = read_policies()
    assert len(policies) >= 15
    assert all(policy.source for policy in policies)
    applied = apply_all(policies, load(scenario))
    acting = [item.policy.name for item in applied if not item.same]
    assert len(acting) >= len(policies) - 1  # only the outage may be absent


def test_a_star_stands_for_every_exchange_and_scale_multiplies_their_own():
    october = load("october-2025")
    (halt, fund) = apply_all(read_policies(None, ["velocity-pause", "fund-fourfold"]), october)
    assert [venue.halt for venue in halt.scenario.venues] == ["velocity-pause"] * 3
    assert halt.settings == {f"venues.{n}.halt": "velocity-pause" for n in range(3)}
    before = [venue.insurance_fund_over_open_interest for venue in october.venues]
    assert [venue.insurance_fund_over_open_interest for venue in fund.scenario.venues] == [
        4 * x for x in before
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "policies: missing; it must be given"),
        (HALT + HALT, "policies: the name 'halt' is there twice"),
        (HALT + "sauce = 1", "unknown key 'policies.0.sauce'; did you mean policies.0.source?"),
        (HALT.replace('"halt"\n', '"Halt!"\n'), "policies.0.name: string should match pattern"),
        ('[[policies]]\nname = "x"\ntitle = "y"\n', "policies.0: set, scale: give at least one key"),
        (
            HALT.replace("venues.*.halt", "venues.*.hallt"),
            "policies.halt: unknown key 'venues.0.hallt'; did you",
        ),
        (
            HALT.replace("velocity-pause", "velocity"),
            "policies.halt: venues.0.halt: input should be 'preset'",
        ),
        (
            FUND.replace("venues.*", "venue.*"),
            "policies.fund: venue: the scenario has no value 'venue'; did you mean",
        ),
        (
            FUND.replace("insurance_fund_over_open_interest", "halt"),
            "policies.fund: venues.0.halt: scale needs a ",
        ),
        (
            FUND.replace("3.0", "1e5"),
            "policies.fund: venues.0.insurance_fund_over_open_interest: input should be ",
        ),
        (HALT.replace("venues.*.halt", "retail.*.halt"), "policies.halt: retail.*.halt: retail is no list"),
        ("[[policies]\n", "policy file "),
    ],
)
def test_faults(file, tmp_path, text, says):
    with pytest.raises(InputError) as caught:
        study(PolicyRequest(SMALL, file(text), out=tmp_path / "out"), fake_policy_work, io.StringIO())
    assert str(caught.value).startswith(says)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"only": ["velocity-paus"]}, "--only: unknown policy 'velocity-paus'; did you mean velocity-pause?"),
        ({"objectives": ["total_fall"]}, "--objectives: give two different metrics"),
        (
            {"objectives": ["total_fall", "bad_dept"]},
            "--objectives: unknown metric 'bad_dept'; did you mean bad_debt",
        ),
    ],
)
def test_wrong_requests(tmp_path, more, says):
    with pytest.raises(InputError) as caught:
        study(PolicyRequest(SMALL, out=tmp_path / "out", **more), fake_policy_work, io.StringIO())
    assert str(caught.value).startswith(says)
    assert not (tmp_path / "out").exists()


def test_differences_are_seed_by_seed(small_study):
    halt, fund, duty = small_study.outcomes
    assert halt.differences["total_fall"].median == pytest.approx(-4.0)
    assert halt.differences["total_fall"].low == pytest.approx(-4.0)  # the draw of the seed cancels
    assert halt.levels["total_fall"].low < halt.levels["total_fall"].high
    assert fund.differences["hedged_deleveraged"].median == pytest.approx(-4.0)
    assert duty.differences["fall@hub"].median == pytest.approx(-2.0)
    assert np.isnan(duty.differences["half_recovery_minutes"].median)
    assert small_study.idle == ["nothing"]
    assert not small_study.base_kept
    assert [item.kept for item in small_study.outcomes] == [True, True, True]


def test_runs_are_not_done_twice_and_end_an_hour_after_the_crash(file, tmp_path):
    counted = []

    def work(job):
        counted.append(job)
        return fake_policy_work(job)

    request = PolicyRequest(SMALL, file(HALT), seeds=2, out=tmp_path / "out", hours_after=0.0)
    study(request, work, io.StringIO())
    assert len(counted) == 4
    assert {job.scenario.duration_s for job in counted} == {240.0}
    study(
        PolicyRequest(SMALL, file(HALT + DUTY), seeds=2, out=tmp_path / "out", hours_after=0.0),
        work,
        io.StringIO(),
    )
    assert len(counted) == 6
    october = load("october-2025")
    assert cut_after_crash(october, 1.0).duration_s == october.crash.end_s + 3600.0
    assert cut_after_crash(october, 1e4).phases == october.phases


def test_a_run_that_fails_is_told_and_the_others_are_compared(file, tmp_path):
    def work(job):
        if job.seed == 2 and job.scenario.venues[0].halt != "preset":
            raise ArithmeticError("the market caught fire")
        return fake_policy_work(job)

    found = study(PolicyRequest(SMALL, file(HALT), seeds=3, out=tmp_path / "out"), work, io.StringIO())
    assert found.outcomes[0].seeds == (1, 3)
    assert found.seeds == (1, 2, 3)
    assert "the market caught fire" in found.failures[0]


def test_files(small_study):
    paths = write_study(small_study, "undertow policy small.toml")
    told = json.loads(paths[0].read_text("utf-8"))
    assert told["policies"][1]["settings"] == {
        "venues.0.insurance_fund_over_open_interest": pytest.approx(0.15)
    }
    assert told["policies"][0]["differences"]["total_fall"] == {
        "median": pytest.approx(-4.0), "ci95": [pytest.approx(-4.0)] * 2, "n": 4, "unit": "%",
    }  # fmt: skip
    assert told["without_effect_here"] == ["nothing"]
    rows = list(csv.DictReader(io.StringIO(paths[1].read_text("utf-8"))))
    assert {row["policy"] for row in rows} == {NO_CHANGE, "halt", "fund", "duty"}
    assert {row["metric"] for row in rows} == {*METRICS, "fall@hub"}
    (row,) = [row for row in rows if (row["policy"], row["metric"]) == ("halt", "total_fall")]
    assert float(row["difference_median"]) == pytest.approx(-4.0)
    assert paths[2].read_bytes().startswith(b"\x89PNG")


def test_the_same_numbers_give_the_same_picture(small_study):
    assert pareto_picture(small_study) == pareto_picture(small_study)


def test_the_table(small_study, capsys):
    print_study(small_study)
    shown = capsys.readouterr().out
    assert "halt *" in shown
    assert "−4 [−4, −4]" in shown
    assert "change nothing in this scenario: nothing" in shown


def test_non_dominated():
    losses = np.array([[0, 3], [1, 1], [3, 0], [2, 2], [1, 1], [np.nan, -9], [0, 4]], float)
    assert non_dominated(losses).tolist() == [True, True, True, False, True, False, False]
    turned = as_losses(np.array([[1.0, 2.0]]), ("total_fall", "recovery_share_1h"))
    assert turned.tolist() == [[1.0, -2.0]]


@pytest.fixture
def undertow(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["undertow", *map(str, words)])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        captured = capsys.readouterr()
        return leaving.value.code, captured.out, captured.err

    return call


def test_the_command(undertow, file, tmp_path, monkeypatch):
    real = study_module.study
    monkeypatch.setattr(study_module, "study", lambda request: real(request, fake_policy_work))
    code, out, _ = undertow(
        "policy", SMALL, file(HALT + FUND), "--seeds", 2, "--workers", 1, "--out", tmp_path / "o"
    )
    assert code == 0
    assert str(tmp_path / "o" / "policy.json") in out
    code, out, _ = undertow("policy", "--list")
    assert code == 0
    assert "velocity-pause" in out
    code, _, err = undertow("policy", SMALL, "--only", "no-outag")
    assert (code, err) == (2, err)
    assert "did you mean no-outage?" in err


def test_ctrl_c_says_how_to_go_on(undertow, file, tmp_path, monkeypatch):
    def stopped(request):
        raise KeyboardInterrupt

    monkeypatch.setattr(study_module, "study", stopped)
    code, _, err = undertow("policy", SMALL, file(HALT), "--out", tmp_path / "o")
    assert code == 130
    assert "0 finished runs are kept" in err
