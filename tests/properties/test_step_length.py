"""Three step lengths tell the same story: behaviour is in rates, not in steps."""

import numpy as np
import pandas as pd
import pytest

from experiments.build import build
from experiments.scenarios import load

SEEDS = 16
STANDARD_ERRORS = 3.0
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
    """Fall of the leader's mid after ``start_s``, volatility of its minute returns, volume of everything."""
    phases = [{"until_s": until_s, "step_s": step_s} for until_s, step_s in phases]
    model = build(load(name, overrides | {"phases": phases}), seed, views=False)
    model.run()
    trace = model.trace()
    grid = np.arange(start_s, trace.time_s[-1] + 1.0, 60.0)
    quotes = np.stack([trace.by_instrument[side][:, 0] for side in ("bid", "ask")])
    price = last_known(quotes.mean(axis=0))[np.searchsorted(trace.time_s, grid)]
    after = trace.time_s > start_s
    return {
        "fall": np.log(price[0] / price.min()),
        "volatility": np.std(np.diff(np.log(price))),
        "volume": trace.by_instrument["volume"][after].sum(),
    }


def last_known(mid):
    """Mids with those of empty books, nan, replaced by the one before; the first known one at the start."""
    return pd.Series(mid).ffill().bfill().to_numpy()


def disagreements(samples):
    """Pairs of step lengths whose means differ by more than their standard errors allow."""
    found = []
    for name in next(iter(samples.values()))[0]:
        moments = {}
        for step_s, runs in samples.items():
            values = np.array([run[name] for run in runs])
            moments[step_s] = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
        shown = ", ".join(f"{step} s: {mean:.4g} +- {error:.2g}" for step, (mean, error) in moments.items())
        print(f"{name}: {shown}")
        for one, two in [(0, 1), (1, 2), (0, 2)]:
            (a, error_a), (b, error_b) = list(moments.values())[one], list(moments.values())[two]
            if abs(a - b) > STANDARD_ERRORS * np.hypot(error_a, error_b):
                found.append(f"{name}: {shown}")
    return found


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
