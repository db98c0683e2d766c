"""The command ``undertow calibrate``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.command_line import available_cores, command_line, fail

if TYPE_CHECKING:
    from experiments.calibration.job import Calibration
    from experiments.target_job import Judged


def calibrate_command(
    file: Annotated[
        Path,
        typer.Argument(metavar="CALIBRATION.toml", help="What is free, which bands count, seeds, budget."),
    ],
    workers: Annotated[
        int, typer.Option(min=0, max=4096, help="Worker processes; 0 = one for each core.")
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the store and the results [default: undertow-out/NAME].")
    ] = None,
) -> None:
    """Calibrate scenarios to their target bands.

    Searches on one set of seeds, the same at every point, and judges what it found on another. Every run that
    finishes is in the store at once: the same command goes on where it was stopped.
    """
    from experiments.calibration.job import CalibrationRequest, calibrate
    from experiments.store import DiskFullError
    from experiments.sweeps.loop import SweepStoppedError

    request = CalibrationRequest(file, out, workers or available_cores(), command_line())
    try:
        calibration = calibrate(request)
    except KeyboardInterrupt:
        print("\nStopped. Finished runs are kept; the same command goes on there.", file=sys.stderr)
        raise typer.Exit(130) from None
    except (SweepStoppedError, DiskFullError) as error:
        fail(f"{error}. Finished runs are kept; the same command goes on there.", status=1)
    print_calibration(calibration)


def print_calibration(calibration: "Calibration") -> None:
    """Print parameters, bands before and after on fresh seeds, what moves what, and where the files are."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from experiments.report.words import number, span, with_unit

    def said(row: "Judged", unit: str) -> str:
        return with_unit(row.estimate.median, unit).strip()

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=130)
    moved = calibration.identifiability.moved
    free = Table("free", "bounds", "before", "after", "moves")
    for place, parameter in enumerate(calibration.file.parameters):
        ids = [band.target.id for band, yes in zip(calibration.bands, moved[place], strict=True) if yes]
        after = calibration.own[place] if calibration.best == 0 else calibration.values[place]
        bounds = f"{number(parameter.low)} to {number(parameter.high)}"
        free.add_row(
            escape(parameter.path), bounds, number(calibration.own[place]), number(after), " ".join(ids)
        )
    console.print(free)
    seeds = ", ".join(map(str, calibration.file.judge_seeds))
    bands = Table("", escape(f"on seeds {seeds}"), "before", "after", "band", "real", "")
    for name in calibration.scenarios:
        for old, new in zip(calibration.before[name], calibration.after[name], strict=True):
            target = old.target
            unit = "" if target.unit in ("ratio", "correlation") else target.unit
            shown = ["–" if row.verdict == "undefined" else said(row, unit) for row in (old, new)]
            change = old.verdict if old.verdict == new.verdict else f"{old.verdict} → {new.verdict}"
            band, real = span(target.low, target.high, unit).strip(), with_unit(target.real, unit).strip()
            bands.add_row(target.id, *map(escape, (target.title, *shown, band, real, change)))
    console.print(bands)
    distances = calibration.distances
    console.print(
        f"distance on the seeds of fitting: {distances[0]:.3g} before, "
        f"{distances[calibration.best]:.3g} after {len(distances) - 1} points",
        soft_wrap=True,
    )
    first, last = map(calibration.judged_distance, (calibration.before, calibration.after))
    console.print(f"distance on fresh seeds: {first:.3g} before, {last:.3g} after", soft_wrap=True)
    console.print(f"before: {calibration.hits(calibration.before)}", soft_wrap=True)
    console.print(f"after: {calibration.hits(calibration.after)}", soft_wrap=True)
    for name in calibration.scenarios:
        settings = calibration.settings(name)
        options = " ".join(f"--set {path}={value:.6g}" for path, value in settings.items())
        console.print(f"{name}: {options or 'nothing found that is better'}", markup=False, soft_wrap=True)
    for path in sorted(calibration.folder.glob("*.*")):
        if not path.name.startswith(".") and path.suffix in (".json", ".csv", ".png", ".toml", ".sqlite"):
            console.print(str(path), markup=False, soft_wrap=True)
