"""What the commands print when they are done."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from experiments.ensemble import TWINS, Ensemble
from experiments.metrics import METRICS
from experiments.report import words

if TYPE_CHECKING:
    from experiments.compare import Comparison
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
        table.add_row(escape(metric.title), *(escape(words.said(item, name)) for item in ensembles))
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


def print_run(result: "RunResult", written: Sequence[Path]) -> None:
    """Print the metrics of one run and what was written."""
    console = _console()
    table = Table("metric", escape(f"{result.scenario}, seed {result.seed}, {result.twin}"))
    for name, metric in METRICS.items():
        value = result.metrics[name]
        reason = result.reasons.get(name, "")
        table.add_row(escape(metric.title), escape(reason or words.with_unit(value, metric.unit)))
    console.print(table)
    for path in written:
        console.print(str(path), markup=False, soft_wrap=True)
