"""The commands ``undertow sweep`` and ``undertow runs``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.command_line import available_cores, command_line, fail
from experiments.errors import InputError

if TYPE_CHECKING:
    from experiments.sweep import SweepRequest, SweepResult

SLURM_WORKERS = 10
SHOWN_RUNS = 20


def sweep_command(
    file: Annotated[Path, typer.Argument(metavar="SWEEP.toml", help="Sweep file: what to vary, how often.")],
    workers: Annotated[
        int,
        typer.Option(min=0, max=4096, help="Worker processes, or jobs for --slurm; 0 = one for each core."),
    ] = 0,
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Dask scheduler to use, such as tcp://10.0.0.1:8786.")
    ] = "",
    slurm: Annotated[
        bool, typer.Option("--slurm", help="Write a script that starts Dask workers by SLURM; run nothing.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say how many runs, how long, how much disk; do at most one, keep none."
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Also try again runs that were set aside for killing workers.")
    ] = False,
    time_limit: Annotated[
        float | None, typer.Option(min=0.1, metavar="SECONDS", help="Longest time of a run.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the store [default: undertow-out/NAME].")
    ] = None,
) -> None:
    """Run one scenario over many settings and seeds.

    Every run that finishes is in the store at once. Ctrl-C keeps what is finished, and the same command goes
    on from there: what is done is skipped, what failed is tried again.
    """
    from experiments.sweep import SweepRequest

    request = SweepRequest(
        file, out, workers or available_cores(), scheduler, resume, time_limit, command_line()
    )
    if dry_run:
        print_forecast(request)
    elif slurm:
        write_slurm(request, workers or SLURM_WORKERS)
    else:
        run_sweep(request)


def run_sweep(request: "SweepRequest") -> None:
    """Run a sweep and print what came of it."""
    from experiments.store import DiskFullError
    from experiments.sweep import prepare, sweep
    from experiments.sweeps.loop import SweepStoppedError

    try:
        result = sweep(request)
    except KeyboardInterrupt:
        print(f"\nStopped. {kept(prepare(request).folder)}", file=sys.stderr)
        raise typer.Exit(130) from None
    except (SweepStoppedError, DiskFullError) as error:
        fail(f"{error}. {kept(prepare(request).folder)}".replace("\n", " "), status=1)
    print_result(result)
    if not result.complete:
        raise typer.Exit(1)


def kept(folder: Path) -> str:
    """Return what is kept and how to go on, in words."""
    from experiments.stored_runs import StoredRuns

    try:
        count = len(StoredRuns(folder).finished())
    except InputError:
        count = 0
    if not count:
        return "Nothing had finished."
    return f"{count} finished runs are kept in {folder}; the same command goes on there:\n  {command_line()}"


def print_result(result: "SweepResult") -> None:
    """Print how many runs came to what, and where they are."""
    from experiments.store import LEDGER, TRACES

    print(result.sentence)
    for path in (result.folder / LEDGER, *result.folder.glob("runs.[cp]*"), result.folder / TRACES):
        if path.exists():
            print(path)
    tally = result.tally
    if tally.failed or tally.set_aside or tally.left_aside:
        print(f"why: undertow runs {result.folder} --status failed (or: --status 'set aside')")


def print_forecast(request: "SweepRequest") -> None:
    """Print how many runs there are to do, how long they take, and how much disk."""
    from experiments.progress import clock_time
    from experiments.store import LEDGER
    from experiments.stored_runs import StoredRuns
    from experiments.sweep import prepare
    from experiments.sweeps.forecast import forecast, from_one_run, from_stored, size_words
    from experiments.warm_up import warm_up

    prepared = prepare(request)
    plan, file = prepared.plan, prepared.file
    stored = (
        StoredRuns(prepared.folder, every=True).finished() if (prepared.folder / LEDGER).is_file() else {}
    )
    todo = [run for run in plan.runs if run.id not in stored]
    seeds = len(plan.runs) // max(plan.points * len(file.twins), 1)
    print(
        f"{file.name}: {plan.points} points x {seeds} seeds x {len(file.twins)} twins = {len(plan.runs)} "
        f"runs, {len(plan.runs) - len(todo)} of them finished"
    )
    if prepared.note:
        print(prepared.note)
    if not todo:
        return
    if stored:
        measured = from_stored(*zip(*stored.values(), strict=True))
    else:
        warm_up(plan.base.scenario(file.set), sys.stderr)
        measured = from_one_run(todo[0], prepared.work)
    expected = forecast(todo, plan.documents, measured, request.workers)
    print(
        f"{len(todo)} runs to do: about {clock_time(expected.seconds)} on {request.workers} workers, "
        f"about {size_words(expected.disk_bytes)} of disk ({expected.source})"
    )


def write_slurm(request: "SweepRequest", workers: int) -> None:
    """Write the script for SLURM and say how to start it."""
    from experiments.output import write_text
    from experiments.sweep import prepare
    from experiments.sweeps.slurm import slurm_script

    prepared = prepare(request)
    script = prepared.folder.resolve() / "slurm.py"
    source = slurm_script(
        prepared.file.name,
        Path(str(request.sweep)).resolve(),
        prepared.folder.resolve(),
        workers,
        sys.executable,
        script,
    )
    write_text(script, source)
    print(f"{script}\nAdapt it to your site, then start it where sbatch works: python {script}")


def runs_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a sweep.")],
    status: Annotated[str, typer.Option(help="Only runs that are: planned, done, failed, set aside.")] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION", help="Only runs with this, such as 'total_fall>10' or twin=adl; repeatable."
        ),
    ] = None,
    columns: Annotated[
        str, typer.Option(metavar="NAMES", help="Metrics to list, with commas between [default: total_fall].")
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help="Runs to list; 0 = all.")] = SHOWN_RUNS,
    show: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="Print all about one run.")
    ] = None,
    scenario: Annotated[
        int | None,
        typer.Option(min=1, metavar="NUMBER", help="Print the resolved scenario of a run, as JSON."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also runs of earlier plans and versions in the same folder.")
    ] = False,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the runs as a table, .csv or .parquet.")
    ] = None,
) -> None:
    """List the runs of a sweep, filter and export them.

    Works while the sweep runs. The exported table holds finished runs only, unless --status asks for others.
    """
    from experiments.runs_listing import list_runs, print_run_details, print_scenario
    from experiments.stored_runs import StoredRuns

    stored = StoredRuns(folder, every=every)
    if scenario is not None:
        print_scenario(stored, scenario)
    elif show is not None:
        print_run_details(stored, show)
    else:
        list_runs(stored, status, where or [], [name for name in columns.split(",") if name], limit, export)
