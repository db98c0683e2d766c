"""What the commands print when they are done."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from abm.measures.stages import STAGES
from experiments.ensemble import Ensemble
from experiments.mechanisms import TWINS
from experiments.metrics import METRICS, VENUE_METRICS
from experiments.report import quoted, words

if TYPE_CHECKING:
    from experiments.compare import Comparison
    from experiments.paired import Pair
    from experiments.results import RunResult

PLAIN_WIDTH = 110


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def print_comparison(comparison: "Comparison") -> None:
    """Print medians and intervals, the twins, the readings, and where the files are."""
    console = _console()
    ensembles = [chapter.ensemble for chapter in comparison.chapters]
    console.print(_metrics_table(ensembles))
    console.print(_twins_table(ensembles))
    console.print(_stages_table(ensembles))
    for ensemble in ensembles:
        if len(quoted.exchanges(ensemble)) > 1:
            console.print(_exchanges_table(ensemble))
    if comparison.pair is not None:
        console.print(_difference_table(comparison.pair))
    for chapter in comparison.chapters:
        verdicts = [verdict for _, _, verdict in chapter.targets]
        hits, judged = verdicts.count("hit"), verdicts.count("hit") + verdicts.count("miss")
        score = f"; {hits} of {judged} target bands hit" if judged else ""
        console.print(f"{chapter.ensemble.name} reads as {chapter.verdict}{score}", markup=False)
    if comparison.outcome.reused:
        console.print(
            f"{comparison.outcome.reused} runs were taken from an earlier start of this command", markup=False
        )
    for failure in comparison.outcome.failures:
        console.print(f"no result: {failure.job.label}: {failure.message}", markup=False)
    for name in ("report.html", "summary.json"):
        console.print(str(comparison.folder / name), markup=False, soft_wrap=True)


def _heads(ensembles: Sequence[Ensemble]) -> list[str]:
    return [escape(f"{item.name} ({len(item.seeds)} seeds)") for item in ensembles]


def _metrics_table(ensembles: Sequence[Ensemble]) -> Table:
    table = Table("median over seeds [95 % interval]", *_heads(ensembles), title_justify="left")
    for name, metric in METRICS.items():
        table.add_row(escape(metric.title), *(escape(quoted.said(item, name)) for item in ensembles))
    return table


def _twins_table(ensembles: Sequence[Ensemble]) -> Table:
    table = Table("share of the fall removed by", *_heads(ensembles))
    for twin, label in TWINS.items():
        cells = []
        for item in ensembles:
            share = item.twins.get(twin)
            known = share is not None and share.count > 0
            cells.append(
                escape(words.with_unit(share.median, "share") + words.interval(share, "share"))
                if share is not None and known
                else "–"
            )
        table.add_row(escape(label), *cells)
    return table


def _stages_table(ensembles: Sequence[Ensemble]) -> Table:
    table = Table("stage begins, from P0", *_heads(ensembles))
    for stage, label in STAGES.items():
        table.add_row(escape(label), *(escape(quoted.stage_said(item, stage)) for item in ensembles))
    return table


def _exchanges_table(ensemble: Ensemble) -> Table:
    names = quoted.exchanges(ensemble)
    table = Table(escape(ensemble.name), *map(escape, names))
    for key, metric in VENUE_METRICS.items():
        cells = (escape(quoted.detail_said(ensemble, key, name, metric.unit)) for name in names)
        table.add_row(escape(metric.title), *cells)
    return table


def _difference_table(pair: "Pair") -> Table:
    head = f"{pair.second} minus {pair.first}, seed by seed ({len(pair.seeds)} seeds)"
    table = Table(escape(head), "median [95 % interval]")
    for item in pair.differences.values():
        if item.estimate.count:
            shown = words.change(item.estimate.median, item.unit) + words.interval(item.estimate, item.unit)
            table.add_row(escape(item.title), escape(shown))
    return table


def print_run(result: "RunResult", written: Sequence[Path]) -> None:
    """Print the metrics of one run and what was written."""
    console = _console()
    table = Table("metric", escape(f"{result.scenario}, seed {result.seed}, {result.twin}"))
    for name, metric in METRICS.items():
        value = result.metrics[name]
        reason = result.reasons.get(name, "")
        table.add_row(escape(metric.title), escape(reason or words.with_unit(value, metric.unit)))
    for stage, label in STAGES.items():
        begin = result.stages.get(stage)
        told = "not found" if begin is None else f"{words.number(begin[0])} minutes after P0"
        table.add_row(escape(f"Stage: {label}"), escape(told))
    console.print(table)
    for path in written:
        console.print(str(path), markup=False, soft_wrap=True)
