"""Three step lengths tell the same story: behaviour is in rates, not in steps."""

import numpy as np
import pytest
from step_lengths import disagreements, last_known, price_measures

from experiments.build import build
from experiments.scenarios import load

SEEDS = 16
OCTOBER = {
    "crash.start_s": 600.0,
    "crash.end_s": 1800.0,
    "news.0.time_s": 600.0,
    "whale.start_s": 100.0,
    "whale.end_s": 590.0,
    "retail.traders": 600,
    "herd.traders": 120,
    "venues.hub.capacity_per_s": 0.0,
}
HOUR = {"crash.start_s": 600.0, "crash.end_s": 3600.0, "retail.traders": 600, "herd.traders": 120}


def measured(name, overrides, phases, seed, start_s):
    """Price measures of one run after ``start_s``."""
    phases = [{"until_s": until_s, "step_s": step_s} for until_s, step_s in phases]
    model = build(load(name, overrides | {"phases": phases}), seed, views=False)
    model.run()
    return price_measures(model.trace(), start_s)


@pytest.mark.slow
def test_the_crash_of_october_at_three_step_lengths():
    samples = {
        step_s: [
            measured("october-2025", OCTOBER, [(120.0, 2.0), (1800.0, step_s)], seed, 600.0)
            for seed in range(SEEDS)
        ]
        for step_s in (0.5, 1.0, 2.0)
    }
    assert disagreements(samples) == []


@pytest.mark.slow
def test_a_calm_hour_at_three_step_lengths():
    samples = {
        step_s: [measured("calm", HOUR, [(3600.0, step_s)], seed, 600.0) for seed in range(SEEDS)]
        for step_s in (1.0, 2.0, 5.0)
    }
    assert disagreements(samples) == []


def test_an_empty_book_keeps_its_last_price():
    assert last_known(np.array([np.nan, 2.0, np.nan, np.nan, 3.0])).tolist() == [2.0, 2.0, 2.0, 2.0, 3.0]


def test_the_comparison_can_fail():
    rng = np.random.default_rng(1)
    samples = {
        step: [{"fall": mean + rng.normal()} for _ in range(50)]
        for step, mean in {0.5: 0.0, 1.0: 0.1, 2.0: 1.5}.items()
    }
    assert len(disagreements(samples)) == 2
    samples[2.0] = samples[1.0]
    assert disagreements(samples) == []
