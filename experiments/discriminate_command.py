"""The command ``undertow discriminate``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.command_line import available_cores, command_line, fail, parse_overrides

if TYPE_CHECKING:
    from experiments.discrimination.job import Discrimination

DEFAULT_RUNS = 20


def discriminate_command(
    runs: Annotated[
        int, typer.Option(min=4, max=100_000, help="Runs of each family; more narrow the intervals.")
    ] = DEFAULT_RUNS,
    workers: Annotated[
        int, typer.Option(min=0, max=4096, help="Worker processes; 0 = one for each core.")
    ] = 0,
    cascade: Annotated[
        Path | None,
        typer.Option(metavar="SWEEP.toml", help="Sampled sweep of the cascades, in place of ours."),
    ] = None,
    repricing: Annotated[
        Path | None, typer.Option(metavar="SWEEP.toml", help="The same of the repricings.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the stores, tables, figure and rule.")] = Path(
        "undertow-out/discrimination"
    ),
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key of all runs; repeatable."),
    ] = None,
) -> None:
    """Find what tells a cascade from a repricing.

    Runs cascades and repricings of random severity, shows how well each diagnostic separates them, and makes
    a rule for `undertow diagnose` from these runs alone.
    """
    from experiments.discrimination.job import DiscriminationRequest, discriminate
    from experiments.store import DiskFullError
    from experiments.sweeps.loop import SweepStoppedError

    files = {
        name: path for name, path in (("cascade", cascade), ("repricing", repricing)) if path is not None
    }
    request = DiscriminationRequest(
        runs, workers or available_cores(), out, files, parse_overrides(overrides or []), command_line()
    )
    try:
        found = discriminate(request)
    except KeyboardInterrupt:
        print(f"\nStopped. Finished runs are kept in {out}; the same command goes on there.", file=sys.stderr)
        raise typer.Exit(130) from None
    except (SweepStoppedError, DiskFullError) as error:
        fail(f"{error}. Finished runs are kept; the same command goes on there.", status=1)
    print_discrimination(found)


def print_discrimination(found: "Discrimination") -> None:
    """Print areas, thresholds, the rule, how runs and the real events read by it, and where the files are."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from experiments.discrimination.diagnostics import DIAGNOSTICS
    from experiments.discrimination.job import separation_table
    from experiments.metrics import METRICS
    from experiments.report.words import number

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=130)
    table = Table("diagnostic", "area [95 %]", "cascades", "repricings", "threshold", "Oct 2025", "Mar 2020")
    rows = separation_table(found)
    for item, (_, row) in zip(DIAGNOSTICS, rows.iterrows(), strict=True):
        area = f"{row['area']:.2f} [{row['low95']:.2f} to {row['high95']:.2f}]"
        cells = [number(float(row[name])) for name in ("cascade_median", "repricing_median", "threshold")]
        real = [number(float(row[name])) for name in ("october_2025", "march_2020")]
        shown = "too few runs" if found.separations[item.metric] is None else area
        table.add_row(escape(METRICS[item.metric].title), escape(shown), *cells, *real)
    console.print(table)
    console.print(
        "Area: P(cascade above repricing); 0.5 tells nothing, 0 and 1 everything. The truth is the family."
    )
    for family, counts in found.readings.items():
        told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        quiet = f"; {found.quiet[family]} without a crash left out" if found.quiet[family] else ""
        console.print(f"runs of the {family} family, read by a rule made without them: {told}{quiet}")
    for event, reading in found.real.items():
        told = "; ".join(f"{item.name} {item.shown} {item.vote}" for item in reading.evidence)
        console.print(f"{event} reads as {reading.verdict} ({told})", markup=False, soft_wrap=True)
    for name in ("rule.toml", "discrimination.png", "discrimination.json", "separation.csv", "runs.csv"):
        console.print(str(found.folder / name), markup=False, soft_wrap=True)
