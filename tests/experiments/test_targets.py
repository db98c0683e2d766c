import math

from experiments.calm_moments import CALM_UNITS
from experiments.mechanisms import TWINS
from experiments.metrics import METRICS
from experiments.targets import judge_all, load_targets, score

UNITS = (
    {name: metric.unit for name, metric in METRICS.items()} | CALM_UNITS | {"calm_impact_exponent": "ratio"}
)


def test_every_target_names_a_metric_or_a_twin_or_says_why_not():
    for target in load_targets():
        assert [bool(target.metric), bool(target.twin), bool(target.why_not)].count(True) == 1, target.id
        assert not target.metric or target.metric in UNITS
        assert not target.twin or target.twin in TWINS


def test_units_are_those_of_the_metric():
    for target in load_targets():
        if target.metric:
            assert target.unit == UNITS[target.metric], target.id


def test_the_real_event_lies_within_its_own_band():
    for target in load_targets():
        assert target.low <= target.real <= target.high, target.id


def test_ids_are_unique_and_both_events_are_there():
    targets = load_targets()
    assert len({target.id for target in targets}) == len(targets)
    assert {target.event for target in targets} == {"calm", "october-2025", "march-2020"}


def test_verdicts():
    rows = {
        target.id: verdict
        for target, _, verdict in judge_all(
            "october-2025",
            {"total_fall": 12.0, "news_leg": 9.0, "amplification": math.nan},
            {"liquidations": 0.7},
        )
    }
    assert rows["B2"] == "hit"
    assert rows["B1"] == "miss"
    assert rows["B3"] == "undefined"
    assert rows["B16"] == "undefined"
    assert rows["7-i"] == "hit"
    assert judge_all("none", {}, {}) == []


def test_what_the_model_does_not_measure_is_listed():
    rows = {target.id: (target, verdict) for target, _, verdict in judge_all("march-2020", {}, {})}
    assert rows["C12"][1] == "not measured"
    assert rows["C12"][0].why_not


def test_a_target_is_hit_when_all_of_its_measured_bands_are():
    by_id = {target.id: target for target in load_targets()}
    rows = [("B7a", "hit"), ("B7b", "miss"), ("B7c", "undefined"), ("B2", "hit"), ("B11b", "undefined")]
    counted = score([(by_id[name], verdict) for name, verdict in rows])
    assert (counted.hits, counted.measured) == (2, 3)
    assert (counted.targets_hit, counted.targets_measured) == (1, 2)
    assert {target.group for target in load_targets() if target.event == "calm"} == {
        f"A{k}" for k in range(1, 14)
    }
