"""What came of an attribution: the parts that an outcome is made of, and how well each is known."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experiments.attribution import Floats, Part, estimate_parts, sampling_error
from experiments.compare import NothingFinishedError
from experiments.results import RunResult
from experiments.runs import Outcome
from experiments.stored_attribution import scenario_id

if TYPE_CHECKING:
    from experiments.coalitions import Design


@dataclass(frozen=True)
class Attribution:
    """How the outcome of one scenario is made up.

    Attributes
    ----------
    id, scenario, title, metric
        What was run (`experiments.stored_attribution.scenario_id`, name and title), and the outcome.
    mechanisms
        Among which it was shared out.
    exact, pairs
        Whether all coalitions were run; else how many pairs of orders for each seed.
    seeds, runs
        Seeds that finished with a defined outcome in every coalition, and how many runs they took.
    left_out
        Seed that did not -> why.
    outcome
        The outcome with everything at work.
    parts
        Mechanism -> its part.
    left
        The outcome without any of the mechanisms. Parts and this add up to the outcome.
    sampling_errors
        Mechanism -> standard error of its part from drawing orders alone; nan where it cannot be told from
        that over seeds.
    by_seed
        Parts of each seed, the last column what is left, shape ``(seeds, mechanisms + 1)``.
    outcomes
        (seed, twin) -> outcome.
    """

    id: str
    scenario: str
    title: str
    metric: str
    mechanisms: tuple[str, ...]
    exact: bool
    pairs: int
    seeds: tuple[int, ...]
    runs: int
    left_out: Mapping[int, str]
    outcome: Part
    parts: Mapping[str, Part]
    left: Part
    sampling_errors: Mapping[str, float]
    by_seed: Floats
    outcomes: Mapping[tuple[int, str], float]


def gather_parts(design: "Design", metric: str, done: Outcome) -> Attribution:
    """Share the outcome of one scenario out, seed by seed.

    Raises
    ------
    NothingFinishedError
        If no seed has a defined outcome in every coalition.
    """
    results = {(run.seed, run.twin): run for run in done.results if run.scenario == design.scenario.name}
    left_out = {seed: why for seed in design.seeds if (why := _gap(design, seed, metric, results))}
    seeds = tuple(seed for seed in design.seeds if seed not in left_out)
    if not seeds:
        raise NothingFinishedError(
            f"{design.scenario.name}: no seed gives {metric} in every coalition, the first for this reason: "
            f"{next(iter(left_out.values()))}"
        )
    outcomes = {
        (seed, twin): results[seed, twin].metrics[metric] for seed in seeds for twin in design.twins(seed)
    }
    of_seed = {seed: {twin: outcomes[seed, twin] for twin in design.twins(seed)} for seed in seeds}
    by_seed = np.array([design.parts(seed, of_seed[seed]) for seed in seeds])
    errors = np.zeros(len(design.mechanisms) + 1)
    if not design.exact:
        errors = sampling_error(np.array([design.parts_by_pair(seed, of_seed[seed]) for seed in seeds]))
    *parts, left = estimate_parts(by_seed)
    (outcome,) = estimate_parts(by_seed.sum(axis=1, keepdims=True))
    return Attribution(
        scenario_id(design.scenario),
        design.scenario.name,
        design.scenario.title,
        metric,
        design.mechanisms,
        design.exact,
        design.pairs,
        seeds,
        len(outcomes),
        left_out,
        outcome,
        dict(zip(design.mechanisms, parts, strict=True)),
        left,
        dict(zip(design.mechanisms, errors[:-1].tolist(), strict=True)),
        by_seed,
        outcomes,
    )


def _gap(design: "Design", seed: int, metric: str, results: Mapping[tuple[int, str], RunResult]) -> str:
    """Return why a seed cannot be shared out; nothing when it can."""
    for twin in design.twins(seed):
        run = results.get((seed, twin))
        if run is None:
            return f"no result of {twin}"
        if not math.isfinite(run.metrics[metric]):
            return f"{twin}: {run.reasons.get(metric, 'beyond the end of the run')}"
    return ""
