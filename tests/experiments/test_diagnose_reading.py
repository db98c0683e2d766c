"""The reading: four votes by stated thresholds, and a verdict from the votes cast."""

import math

import pytest

from abm.measures.price_path import DAY_S
from experiments.diagnostics.reading import in_words, read_event

CASCADE = {"sustained_half_recovery_s": 600.0, "median_recovery": 0.68, "volatility_ratio_3d": 1.4}
REPRICING = {"sustained_half_recovery_s": 6.5 * DAY_S, "median_recovery": 0.42, "volatility_ratio_3d": 7.4}
OBSERVED = {"observed_after_low_s": 30 * DAY_S}


def test_the_two_events_of_the_published_figures():
    october = read_event(**CASCADE, **OBSERVED, equity_beta_share=0.0)
    assert (october.verdict, october.votes) == ("cascade", {"cascade": 4, "repricing": 0})
    march = read_event(**REPRICING, **OBSERVED, equity_beta_share=0.24)
    assert (march.verdict, march.votes) == ("repricing", {"cascade": 0, "repricing": 4})


@pytest.mark.parametrize(
    ("name", "position", "votes"),
    [
        (
            "sustained_half_recovery_s",
            0,
            {5 * 3600.0: "cascade", 12 * 3600.0: "neither", 1.1 * DAY_S: "repricing"},
        ),
        ("median_recovery", 1, {0.56: "cascade", 0.53: "neither", 0.49: "repricing", math.nan: "abstains"}),
        ("volatility_ratio_3d", 2, {2.4: "cascade", 2.7: "neither", 3.1: "repricing", math.nan: "abstains"}),
        ("equity_beta_share", 3, {-0.3: "cascade", 0.15: "neither", 0.21: "repricing", math.nan: "abstains"}),
    ],
)
def test_each_threshold(name, position, votes):
    base = {**CASCADE, **OBSERVED, "equity_beta_share": 0.0}
    for value, vote in votes.items():
        assert read_event(**{**base, name: value}).evidence[position].vote == vote


def test_a_recovery_that_never_came_counts_only_after_a_day():
    never = {**REPRICING, "sustained_half_recovery_s": math.nan, "equity_beta_share": math.nan}
    assert read_event(**never, observed_after_low_s=2 * DAY_S).evidence[0].vote == "repricing"
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
