"""The command ``undertow targets``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.command_line import available_cores, command_line, fail, parse_overrides

if TYPE_CHECKING:
    from experiments.statistics import Estimate
    from experiments.target_job import Judged, Judgement

DEFAULT_SEEDS = 5


def targets_command(
    scenario: Annotated[
        str, typer.Argument(help="Scenario, name or file; one without an event is judged as calm.")
    ],
    seeds: Annotated[int, typer.Option(min=1, max=100_000, help="Seeds.")] = DEFAULT_SEEDS,
    first_seed: Annotated[
        int, typer.Option(min=0, max=2**31, help="First seed; fresh ones judge what others were fitted on.")
    ] = 1,
    workers: Annotated[
        int, typer.Option(min=0, max=4096, help="Worker processes; 0 = one for each core.")
    ] = 0,
    twins: Annotated[
        bool, typer.Option("--twins", help="Also run the twins that some targets need.")
    ] = False,
    days: Annotated[
        float | None, typer.Option(min=0.2, max=3650, help="Length of a calm run [default: 7].")
    ] = None,
    impact: Annotated[
        bool, typer.Option("--impact", help="Calm: also measure the impact of metaorders.")
    ] = False,
    out: Annotated[
        Path,
        typer.Option(help="Folder for runs and tables; runs that `undertow compare` left there are used."),
    ] = Path("undertow-out"),
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a scenario key; repeatable."),
    ] = None,
) -> None:
    """Judge a scenario by what really happened.

    Runs the baseline and prints the simulated median beside the band and the real figure of every target of
    the scenario's event, hit or miss, and the score. Writes targets-NAME.json and targets-NAME.csv.
    """
    from experiments.compare import NothingFinishedError
    from experiments.target_job import TargetsRequest, judge_targets

    request = TargetsRequest(
        scenario,
        seeds,
        first_seed,
        workers or available_cores(),
        out,
        parse_overrides(overrides or []),
        twins,
        days,
        impact,
        command_line(),
    )
    try:
        judgement = judge_targets(request)
    except KeyboardInterrupt:
        print(f"\nStopped. Finished runs are kept in {out}; the same command goes on there.", file=sys.stderr)
        raise typer.Exit(130) from None
    except NothingFinishedError as error:
        fail(str(error), status=1)
    print_judgement(judgement)
    if judgement.failures:
        raise typer.Exit(1)


def print_judgement(judgement: "Judgement") -> None:
    """Print the table of bands, the score, what is not measured, and where the files are."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=130)
    head = f"{judgement.scenario}, seeds {judgement.seeds[0]} to {judgement.seeds[-1]}"
    table = Table("", escape(head), "simulated [95 %]", "band", "real", "")
    for row in judgement.rows:
        if row.verdict in ("hit", "miss"):
            table.add_row(
                row.target.id, escape(row.target.title), *map(escape, cells(row, len(judgement.seeds)))
            )
    console.print(table)
    for row in judgement.rows:
        if row.verdict not in ("hit", "miss"):
            line = f"{row.target.id} {row.target.title}: {row.verdict} ({row.reason})"
            console.print(line, markup=False, soft_wrap=True)
    console.print(
        f"{judgement.scenario} ({judgement.event}): {judgement.score}", markup=False, soft_wrap=True
    )
    for failure in judgement.failures:
        console.print(f"no result: {failure}", markup=False, soft_wrap=True)
    for path in judgement.written:
        console.print(str(path), markup=False, soft_wrap=True)


def cells(row: "Judged", seeds: int) -> tuple[str, str, str, str]:
    """Return simulated value with interval, band, real value and verdict as words; ``seeds`` were run."""
    from experiments.report.words import in_some_seeds, interval, span, with_unit

    target, estimate = row.target, row.estimate
    unit = "" if target.unit in ("ratio", "correlation") else target.unit
    said = estimate.median in (float("inf"), float("-inf")) and row.reason
    scale = time_scale(estimate.median, unit)
    value = with_unit(estimate.median, unit).strip()
    shown = row.reason if said else value + interval(scaled(row, scale), unit)
    shown += in_some_seeds(estimate.count, seeds)
    band = span(target.low, target.high, unit).strip()
    return shown, band, with_unit(target.real, unit).strip(), row.verdict


def time_scale(value: float, unit: str) -> float:
    """Return what minutes are divided by where they are written as hours or days."""
    if unit != "minutes" or abs(value) < 180:
        return 1.0
    return 1440.0 if abs(value) >= 2880 else 60.0


def scaled(row: "Judged", scale: float) -> "Estimate":
    """Return the estimate with its interval in the unit that the median is written in."""
    from dataclasses import replace

    return replace(row.estimate, low=row.estimate.low / scale, high=row.estimate.high / scale)
