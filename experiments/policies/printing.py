"""A policy study on the terminal."""

import math
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from experiments.metrics import METRICS
from experiments.policies.policy_file import NO_CHANGE
from experiments.policies.study import PolicyStudy
from experiments.policies.writing import unit_of
from experiments.report import words
from experiments.statistics import Estimate

PLAIN_WIDTH = 120
SHOWN = ("total_fall", "alt_fall", "liquidated_over_open_interest", "bad_debt", "hedged_deleveraged",
         "insurance_fund_change", "half_recovery_minutes")  # fmt: skip
"""Metrics of the tables, with the two objectives."""
HEADS = {
    "total_fall": "fall of BTC",
    "alt_fall": "fall of ALT",
    "liquidated_over_open_interest": "forced closing over OI",
    "bad_debt": "bad debt over OI",
    "hedged_deleveraged": "hedged accounts deleveraged",
    "insurance_fund_change": "change of insurance funds",
    "half_recovery_minutes": "half recovered after",
}
IN_ONE_TABLE = 5


def print_study(study: PolicyStudy) -> None:
    """Print levels without a change, and what each policy changes, with intervals."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    metrics = [name for name in dict.fromkeys((*SHOWN, *study.objectives)) if name in study.base]
    losses = [name for name in study.base if name.startswith("loss")]
    for group in [metrics[k : k + IN_ONE_TABLE] for k in range(0, len(metrics), IN_ONE_TABLE)]:
        console.print(_table(study, group))
    for group in [losses[k : k + IN_ONE_TABLE] for k in range(0, len(losses), IN_ONE_TABLE)]:
        console.print(_table(study, group))
    seeds = f"{len(study.seeds)} seed" + ("" if len(study.seeds) == 1 else "s")
    first, second = (title_of(name) for name in study.objectives)
    console.print(
        f"{study.scenario.name}, {seeds}: medians over seeds of the same seed with and without the change "
        f"[95 % interval]. *: nothing is better in both {first} and {second}.",
        markup=False,
    )
    if study.idle:
        console.print(f"change nothing in this scenario: {', '.join(study.idle)}", markup=False)
    for failure in study.failures:
        console.print(f"no result: {failure}", markup=False)


def title_of(metric: str) -> str:
    """Return a short name of a metric."""
    if metric in HEADS:
        return HEADS[metric]
    return METRICS[metric].title if metric in METRICS else metric


def unit_word(metric: str) -> str:
    """Return the unit in which a metric is printed."""
    unit = unit_of(metric)
    return "%" if unit == "share" else unit


def _table(study: PolicyStudy, metrics: Sequence[str]) -> Table:
    table = Table(
        Column("", no_wrap=True), *(escape(f"{title_of(name)}, {unit_word(name)}") for name in metrics)
    )
    kept = " *" if study.base_kept else ""
    table.add_row(NO_CHANGE + kept, *(escape(_level(study.base, name)) for name in metrics), end_section=True)
    for item in study.outcomes:
        kept = " *" if item.kept else ""
        cells = (escape(_change(item.differences, name)) for name in metrics)
        table.add_row(item.applied.policy.name + kept, *cells)
    return table


def _level(estimates: Mapping[str, Estimate], name: str) -> str:
    estimate = estimates[name]
    if math.isinf(estimate.median):
        return "not within the run"
    if math.isnan(estimate.median):
        return "–"
    return _number(estimate.median, name) + _interval(estimate, name)


def _change(estimates: Mapping[str, Estimate], name: str) -> str:
    estimate = estimates.get(name)
    if estimate is None or math.isnan(estimate.median):
        return "–"
    if math.isinf(estimate.median):
        return "no longer within the run" if estimate.median > 0.0 else "now within the run"
    sign = "+" if estimate.median > 0.0 else ""
    return sign + _number(estimate.median, name) + _interval(estimate, name)


def _number(value: float, name: str) -> str:
    return words.number(100.0 * value if unit_of(name) == "share" else value)


def _interval(estimate: Estimate, name: str) -> str:
    if math.isnan(estimate.low):
        return ""
    return f" [{_number(estimate.low, name)}, {_number(estimate.high, name)}]"
