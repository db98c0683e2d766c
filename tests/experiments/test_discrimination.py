"""What separates cascades from repricings: areas, thresholds, the rule, on runs of known make."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from experiments.diagnose import diagnose
from experiments.diagnostics.reading import read_event
from experiments.diagnostics.rule import Rule, Thresholds, read_rule, shipped_rule
from experiments.discrimination.diagnostics import DIAGNOSTICS
from experiments.discrimination.job import (
    FAMILIES,
    DiscriminationRequest,
    cross_read,
    evaluate,
    family_sweep,
    make_rule,
    read_real,
)
from experiments.discrimination.separation import area_under, best_threshold, roc, separate
from experiments.errors import InputError
from experiments.metrics import METRICS
from experiments.sweeps.plan import make_plan
from experiments.sweeps.sweep_reading import parse_sweep


def runs(family, count=20, shift=0.0):
    """Runs in which what lasts separates the families, and violence does not."""
    draws = np.random.default_rng([count, family == "cascade"])
    lasting = {"cascade": (30.0, 0.7, 1.5, 0.0), "repricing": (4000.0, 0.4, 6.0, 0.3)}[family]
    names = ("half_recovery_sustained_minutes", "recovery_share_median_1_24h", "volatility_ratio_3d")
    table = {
        name: value * np.exp(0.15 * draws.standard_normal(count))
        for name, value in zip(names, lasting, strict=False)
    }
    table["equity_beta_share"] = lasting[3] + 0.04 * draws.standard_normal(count)
    table["crash_to_calm_volatility"] = 20.0 + 5.0 * draws.standard_normal(count)
    table["total_fall"] = 20.0 + 5.0 * draws.standard_normal(count)
    table["fall_in_calm_deviations"] = np.full(count, 10.0) + shift
    return pd.DataFrame(table)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    tables = {family: runs(family) for family in FAMILIES}
    tables["repricing"].loc[0, "half_recovery_sustained_minutes"] = math.inf
    tables["repricing"].loc[1, "fall_in_calm_deviations"] = 1.0
    return evaluate(tables, tmp_path_factory.mktemp("discrimination"), "undertow discriminate")


def test_area_and_threshold_by_hand():
    cascades, repricings = np.array([3.0, 5.0, 6.0]), np.array([1.0, 2.0, 5.0, 4.0])
    assert area_under(cascades, repricings) == pytest.approx((2 + 3.5 + 4) / 12)
    assert best_threshold(np.array([5.0, 6.0]), np.array([1.0, 2.0])) == (3.5, 1.0)
    assert best_threshold(np.array([1.0, 2.0]), np.array([5.0, math.inf])) == (3.5, 1.0)
    false, true, _ = roc(cascades, repricings)
    assert (false[0], true[0], false[-1], true[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert np.trapezoid(true, false) == pytest.approx(area_under(cascades, repricings))


def test_the_interval_holds_one_half_when_there_is_nothing_to_tell():
    draws = np.random.default_rng(4)
    kept = [
        separate(draws.standard_normal(20), draws.standard_normal(20), seed=k, resamples=100)
        for k in range(40)
    ]
    wrong = sum(one.separates for one in kept if one is not None)
    # binomial with p = 0.05: mean 2, standard error 1.4
    assert wrong <= 2 + 3 * 1.4
    assert separate(np.array([1.0, math.nan]), np.array([1.0, 2.0])) is None


def test_what_lasts_separates_and_violence_does_not(found):
    area = {name: one.area for name, one in found.separations.items() if one is not None}
    assert area["recovery_share_median_1_24h"] > 0.95
    assert area["volatility_ratio_3d"] < 0.05
    assert found.separations["half_recovery_sustained_minutes"].higher == "repricing"
    assert not found.separations["crash_to_calm_volatility"].separates
    assert found.separations["alt_to_btc_fall_ratio"] is None
    assert found.quiet == {"cascade": 0, "repricing": 1}


def test_the_rule_is_made_from_runs_alone_and_reads_runs_and_real_events(found, tmp_path):
    own = found.rule.thresholds
    assert own["recovery_share_median_1_24h"].repricing < own["recovery_share_median_1_24h"].cascade
    assert own["volatility_ratio_3d"].cascade < own["volatility_ratio_3d"].repricing
    assert found.readings == {"cascade": {"cascade": 20}, "repricing": {"repricing": 19}}
    assert {event: reading.verdict for event, reading in found.real.items()} == {
        "october-2025": "cascade",
        "march-2020": "repricing",
    }
    path = tmp_path / "rule.toml"
    path.write_text(found.rule.to_toml())
    assert read_rule(path) == found.rule


def test_a_diagnostic_that_tells_nothing_has_no_vote():
    tables = [runs(family).assign(family=family) for family in FAMILIES]
    table = pd.concat(tables, ignore_index=True)
    table["volatility_ratio_3d"] = np.random.default_rng(3).permutation(table["volatility_ratio_3d"])
    rule = make_rule(table)
    assert "volatility_ratio_3d" not in rule.thresholds
    evidence = {item.name: item for item in read_real("october-2025", rule).evidence}
    assert evidence["volatility_ratio_3d"].vote == "abstains"
    assert evidence["volatility_ratio_3d"].rule == "not part of the rule"
    assert sum(cross_read(table)["cascade"].values()) == 20


def test_what_is_written(found):
    document = json.loads((found.folder / "discrimination.json").read_text())
    assert document["runs"] == {"cascade": 20, "repricing": 19}
    assert [row["metric"] for row in document["diagnostics"]] == [item.metric for item in DIAGNOSTICS]
    assert (found.folder / "discrimination.png").read_bytes()[:4] == b"\x89PNG"
    assert len((found.folder / "runs.csv").read_text().splitlines()) == 40


def test_too_few_crashes_are_told(tmp_path):
    tables = {"cascade": runs("cascade", shift=-9.0), "repricing": runs("repricing")}
    with pytest.raises(InputError, match="cascade: 0 of 20 runs crashed"):
        evaluate(tables, tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_shipped_families_are_valid_sweeps(family, tmp_path):
    data = family_sweep(family, DiscriminationRequest(runs=4, overrides={"retail.traders": 200}))
    plan = make_plan(parse_sweep(data), tmp_path)
    assert len(plan.runs) == plan.points == 4
    assert len({run.seed for run in plan.runs}) == 4


def test_every_diagnostic_is_a_metric():
    assert all(item.metric in METRICS for item in DIAGNOSTICS)


def test_the_shipped_rule_reads_the_published_figures():
    assert read_real("october-2025", shipped_rule()).verdict == "cascade"
    assert read_real("march-2020", shipped_rule()).verdict == "repricing"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[total_fall]\ncascade = 1\nrepricing = 2", "unknown metric 'total_fall'"),
        ("[volatility_ratio_3d]\ncascade = 1", "must have cascade and repricing"),
        ("[volatility_ratio_3d]\ncascade = 2\nrepricing = 2", "must differ, got 2"),
        ('[volatility_ratio_3d]\ncascade = "low"\nrepricing = 2', "must be numbers"),
        ("cascade =", "not valid TOML"),
    ],
)
def test_faulty_rule_files(tmp_path, text, complaint):
    path = tmp_path / "rule.toml"
    path.write_text(text)
    with pytest.raises(InputError, match="rule file") as told:
        diagnose(tmp_path / "none.csv", rule=path)
    assert complaint in str(told.value)


def test_reading_by_another_rule():
    rule = Rule("test", {"recovery_share_median_1_24h": Thresholds(cascade=0.8, repricing=0.7)})
    reading = read_event(600.0, 1e6, 0.68, 1.4, 0.0, rule=rule)
    assert (reading.verdict, reading.votes) == ("undecided", {"cascade": 0, "repricing": 1})
