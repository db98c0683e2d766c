"""Tidy tables of a comparison, as CSV text: one row a run, a twin, a target, a minute."""

import csv
import io
import math
from collections.abc import Iterable, Sequence

import numpy as np

from abm.measures.stages import STAGES
from experiments.chapter import Chapter
from experiments.metrics import METRICS, VENUE_METRICS
from experiments.paired import Pair
from experiments.results import RunResult


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return stream.getvalue()


def _cell(value: float) -> str:
    """Return a number with ten significant digits; empty when it is not a number."""
    return "" if math.isnan(value) else f"{value:.10g}"


def runs_table(results: Sequence[RunResult]) -> str:
    """Return one row a run: scenario, seed, twin and every metric (``inf``: beyond the end of the run)."""
    head = ["scenario", "seed", "twin", *METRICS]
    return _csv(
        head,
        (
            [run.scenario, run.seed, run.twin, *(_cell(run.metrics[name]) for name in METRICS)]
            for run in results
        ),
    )


def twins_table(results: Sequence[RunResult]) -> str:
    """Return one row for each twin of each seed: both falls in percent, and the share of the fall removed."""
    falls = {(run.scenario, run.seed): run.metrics["total_fall"] for run in results if run.twin == "baseline"}
    rows = []
    for run in results:
        fall = falls.get((run.scenario, run.seed), 0.0)
        if run.twin != "baseline" and fall > 0.0:
            own = run.metrics["total_fall"]
            rows.append([run.scenario, run.seed, run.twin, _cell(fall), _cell(own), _cell(1.0 - own / fall)])
    return _csv(
        ["scenario", "seed", "twin", "fall_percent", "fall_without_percent", "share_of_fall_removed"], rows
    )


def stages_table(results: Sequence[RunResult]) -> str:
    """Return one row a stage of each run: when it began and ended, minutes from P0; empty where not found."""
    none = (math.nan, math.nan)
    return _csv(
        ["scenario", "seed", "twin", "stage", "start_minutes", "end_minutes"],
        (
            [run.scenario, run.seed, run.twin, stage, *map(_cell, run.stages.get(stage, none))]
            for run in results
            for stage in STAGES
        ),
    )


def venues_table(results: Sequence[RunResult]) -> str:
    """Return one row an exchange of each run, with every metric of `VENUE_METRICS`."""
    rows = []
    for run in results:
        for exchange in dict.fromkeys(name.partition("@")[2] for name in run.details if "fall@" in name):
            values = [run.details.get(f"{metric}@{exchange}", math.nan) for metric in VENUE_METRICS]
            rows.append([run.scenario, run.seed, run.twin, exchange, *map(_cell, values)])
    return _csv(["scenario", "seed", "twin", "exchange", *VENUE_METRICS], rows)


def losses_table(results: Sequence[RunResult]) -> str:
    """Return one row a group of each run: what it gained from P0 to the end of the crash."""
    rows = []
    for run in results:
        for name, gain in run.details.items():
            metric, _, label = name.partition("@")
            if metric == "gain":
                by, _, group = label.partition(":")
                share = run.details[f"gain_share@{label}"]
                rows.append([run.scenario, run.seed, run.twin, by, group, _cell(gain), _cell(share)])
    head = ["scenario", "seed", "twin", "by", "group", "gain_million_usd", "gain_over_worth_at_p0"]
    return _csv(head, rows)


def deleveraged_table(results: Sequence[RunResult]) -> str:
    """Return one row a kind of each run: what was auto-deleveraged, and how much of it was in profit."""
    rows = []
    for run in results:
        for name, usd in run.details.items():
            metric, _, kind = name.partition("@")
            if metric == "deleveraged":
                share = run.details[f"deleveraged_in_profit@{kind}"]
                rows.append([run.scenario, run.seed, run.twin, kind, _cell(usd), _cell(share)])
    return _csv(["scenario", "seed", "twin", "kind", "deleveraged_million_usd", "share_in_profit"], rows)


def liquidation_map_table(results: Sequence[RunResult]) -> str:
    """Return one row a stretch of the price of each baseline's perpetuals, at P0."""
    head = ["scenario", "seed", "instrument", "move_from", "move_to", "liquidated_usd", "resting_usd"]
    return _csv(
        head,
        (
            [run.scenario, run.seed, instrument, *map(_cell, row)]
            for run in results
            for instrument, columns in run.risk.items()
            for row in columns.T.tolist()
        ),
    )


def withdrawals_table(results: Sequence[RunResult]) -> str:
    """Return one row a reason of each run: how many maker withdrawals from P0 to the end of the crash."""
    return _csv(
        ["scenario", "seed", "twin", "reason", "withdrawals"],
        (
            [run.scenario, run.seed, run.twin, name.partition("@")[2], _cell(count)]
            for run in results
            for name, count in run.details.items()
            if name.startswith("withdrawals@")
        ),
    )


def pairs_table(pair: Pair) -> str:
    """Return one row a quantity: second minus first, median over seeds, with its interval."""
    rows = []
    for name, item in pair.differences.items():
        estimate = item.estimate
        numbers = (_cell(value) for value in (estimate.median, estimate.low, estimate.high))
        rows.append([pair.first, pair.second, name, *numbers, estimate.count, item.unit])
    return _csv(["first", "second", "metric", "difference", "low", "high", "seeds", "unit"], rows)


def targets_table(chapters: Sequence[Chapter]) -> str:
    """Return one row a target band."""
    head = [
        "scenario",
        "id",
        "title",
        "real",
        "low",
        "high",
        "unit",
        "simulated",
        "seeds",
        "verdict",
        "source",
    ]
    return _csv(
        head,
        (
            [
                chapter.ensemble.name,
                target.id,
                target.title,
                _cell(target.real),
                _cell(target.low),
                _cell(target.high),
                target.unit,
                _cell(value),
                str(chapter.ensemble.seeds_behind(target.metric, target.twin)),
                verdict,
                target.source,
            ]
            for chapter in chapters
            for target, value, verdict in chapter.targets
        ),
    )


def minutes_table(chapters: Sequence[Chapter]) -> str:
    """Return one row a minute of each scenario: 5 %, 50 % and 95 % quantiles over seeds of every series."""
    names = sorted({name for chapter in chapters for name in chapter.ensemble.bands})
    columns = [f"{name}_{quantile}" for name in names for quantile in ("q05", "median", "q95")]
    rows: list[list[str]] = []
    for chapter in chapters:
        ensemble = chapter.ensemble
        missing = np.full((3, ensemble.minute.size), np.nan)
        stack = np.concatenate([ensemble.bands.get(name, missing) for name in names])
        for minute, values in zip(ensemble.minute.tolist(), stack.T.tolist(), strict=True):
            cells = ["" if value != value else f"{value:.7g}" for value in values]
            rows.append([ensemble.name, f"{minute:g}", *cells])
    return _csv(["scenario", "minute", *columns], rows)
