"""What a policy did, seed by seed, and whether another one is better in both objectives."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from experiments.paired import estimate_differences
from experiments.policies.pareto import as_losses, non_dominated
from experiments.policies.policy_reading import Applied
from experiments.results import RunResult
from experiments.statistics import Estimate, estimate_median


@dataclass(frozen=True)
class PolicyOutcome:
    """What one policy did.

    Attributes
    ----------
    applied
        The policy, and what it set.
    seeds
        Seeds that finished both with it and without any change.
    levels
        Metric -> median over seeds with the policy.
    differences
        Metric -> median over seeds of with the policy minus without any change.
    kept
        Whether nothing else, no change included, is better in both objectives, by medians of differences.
    """

    applied: Applied
    seeds: tuple[int, ...]
    levels: Mapping[str, Estimate]
    differences: Mapping[str, Estimate]
    kept: bool = False


def numbers_of(result: RunResult) -> dict[str, float]:
    """Return all numbers of a run: metrics, and those of exchanges."""
    return dict(result.metrics) | dict(result.details)


def levels_of(runs: Mapping[int, RunResult]) -> dict[str, Estimate]:
    """Return the median of every number over the runs."""
    rows = [numbers_of(run) for run in runs.values()]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: estimate_median([row.get(name, absent(name)) for row in rows]) for name in names}


def outcome_of(
    applied: Applied, own: Mapping[int, RunResult], base: Mapping[int, RunResult]
) -> PolicyOutcome:
    """Return what a policy did, seed by seed."""
    seeds = tuple(seed for seed in own if seed in base)
    pairs = [(numbers_of(base[seed]), numbers_of(own[seed])) for seed in seeds]
    names = dict.fromkeys(name for pair in pairs for row in pair for name in row)
    differences = {
        name: estimate_differences([(a.get(name, absent(name)), b.get(name, absent(name))) for a, b in pairs])
        for name in names
    }
    return PolicyOutcome(applied, seeds, levels_of(own), differences)


def absent(name: str) -> float:
    """Return what a run says that has no such number: no withdrawal for that reason, else nothing."""
    return 0.0 if name.startswith("withdrawals@") else math.nan


def mark_kept(
    outcomes: Sequence[PolicyOutcome], objectives: Sequence[str]
) -> tuple[bool, list[PolicyOutcome]]:
    """Return whether no change is kept, and the outcomes with `PolicyOutcome.kept`."""
    rows = [[0.0, 0.0]]
    rows += [[median_of(outcome.differences, name) for name in objectives] for outcome in outcomes]
    kept = non_dominated(as_losses(np.array(rows), objectives)).tolist()
    return kept[0], [replace(outcome, kept=own) for outcome, own in zip(outcomes, kept[1:], strict=True)]


def median_of(estimates: Mapping[str, Estimate], name: str) -> float:
    """Return the median of a metric; nan when it was not measured."""
    return estimates[name].median if name in estimates else math.nan
