"""A stand-in for a run of a scenario: numbers that follow from a few of its keys, in no time."""

import math

import numpy as np

from experiments.metrics import METRICS
from experiments.results import RunResult


def fake_policy_work(job):
    """Do a job: halts and duties of makers make the fall smaller, a larger fund saves hedges."""
    scenario = job.scenario
    draw = np.random.default_rng([job.seed, 7]).standard_normal()
    halted = sum(venue.halt != "preset" for venue in scenario.venues)
    fund = scenario.venues[0].insurance_fund_over_open_interest
    metrics = dict.fromkeys(METRICS, 1.0)
    metrics |= {
        "total_fall": 15.0 + draw - 4.0 * halted - 2.0 * (not scenario.market_maker.may_withdraw),
        "alt_fall": 60.0 + 3.0 * draw,
        "hedged_deleveraged": 10.0 + 2.0 * halted - 40.0 * fund,
        "half_recovery_minutes": math.inf,
        "bad_debt": 0.001,
    }
    details = {"fall@hub": metrics["total_fall"]}
    return RunResult(
        scenario.name, job.seed, job.twin, metrics, {"half_recovery_minutes": "late"}, details=details
    )
