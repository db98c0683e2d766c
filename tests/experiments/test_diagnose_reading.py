"""The reading: four votes by stated thresholds, and a verdict from the votes cast."""

import math

import pytest

from abm.measures.price_path import DAY_S
from experiments.diagnostics.reading import in_words, read_event
from experiments.diagnostics.rule import shipped_rule

CASCADE = {"sustained_half_recovery_s": 600.0, "median_recovery": 0.68, "volatility_ratio_3d": 1.4}
REPRICING = {"sustained_half_recovery_s": 6.5 * DAY_S, "median_recovery": 0.42, "volatility_ratio_3d": 7.4}
OBSERVED = {"observed_after_low_s": 30 * DAY_S}


def test_the_two_events_of_the_published_figures():
    october = read_event(**CASCADE, **OBSERVED, equity_beta_share=0.0)
    assert (october.verdict, october.votes) == ("cascade", {"cascade": 4, "repricing": 0})
    march = read_event(**REPRICING, **OBSERVED, equity_beta_share=0.24)
    assert (march.verdict, march.votes) == ("repricing", {"cascade": 0, "repricing": 2})


@pytest.mark.parametrize(
    ("name", "position", "evidence", "unit"),
    [
        ("sustained_half_recovery_s", 0, "half_recovery_sustained_minutes", 60.0),
        ("median_recovery", 1, "recovery_share_median_1_24h", 1.0),
        ("volatility_ratio_3d", 2, "volatility_ratio_3d", 1.0),
        ("equity_beta_share", 3, "equity_beta_share", 1.0),
    ],
)
def test_each_threshold(name, position, evidence, unit):
    thresholds = shipped_rule().thresholds[evidence]
    cascade, repricing = unit * thresholds.cascade, unit * thresholds.repricing
    beyond = 0.01 * (repricing - cascade)
    votes = {
        cascade - beyond: "cascade",
        0.5 * (cascade + repricing): "neither",
        repricing + beyond: "repricing",
    }
    if position:
        votes[math.nan] = "abstains"
    base = {**CASCADE, **OBSERVED, "equity_beta_share": 0.0}
    for value, vote in votes.items():
        assert read_event(**{**base, name: value}).evidence[position].vote == vote


def test_a_recovery_that_never_came_counts_only_when_it_was_waited_for():
    never = {**REPRICING, "sustained_half_recovery_s": math.nan, "equity_beta_share": math.nan}
    wait_s = 60.0 * shipped_rule().thresholds["half_recovery_sustained_minutes"].repricing
    assert read_event(**never, observed_after_low_s=1.1 * wait_s).evidence[0].vote == "repricing"
    short = read_event(**never, observed_after_low_s=3600.0)
    assert short.evidence[0].vote == "abstains"
    assert short.evidence[0].shown == "not within the 1 h observed"


def test_three_of_four_decide_and_two_of_three_do_not():
    three = read_event(**CASCADE, **OBSERVED, equity_beta_share=0.5)
    assert three.verdict == "cascade"
    two = read_event(**{**CASCADE, "volatility_ratio_3d": math.nan}, **OBSERVED, equity_beta_share=0.5)
    assert two.verdict == "mixed"
    even = read_event(**{**CASCADE, "volatility_ratio_3d": 7.0}, **OBSERVED, equity_beta_share=0.5)
    assert even.verdict == "mixed"


def test_one_vote_decides_nothing():
    nothing = {"median_recovery": math.nan, "volatility_ratio_3d": math.nan, "equity_beta_share": math.nan}
    reading = read_event(600.0, 7200.0, **nothing, held_s=7200.0)
    assert (reading.verdict, reading.votes["cascade"]) == ("undecided", 1)


def test_spans_in_words():
    spans = {
        45.0: "45 s",
        60.0: "1 min",
        600.0: "10 min",
        3600.0: "1 h",
        DAY_S: "24 h",
        6.54 * DAY_S: "6.54 d",
    }
    assert {span: in_words(span) for span in spans} == spans
    assert in_words(math.nan) == "unknown"
