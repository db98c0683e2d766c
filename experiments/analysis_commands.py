"""The commands ``undertow phase`` and ``undertow sensitivity``: what a sweep says."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.command_line import available_cores, command_line

if TYPE_CHECKING:
    from experiments.sensitivity import Sensitivity


def phase_command(
    folder: Annotated[Path, typer.Argument(metavar="SWEEP_DIR", help="Folder of a sweep over two axes.")],
    x: Annotated[str, typer.Option("--x", metavar="PATH", help="Axis to the right, as the sweep names it.")],
    y: Annotated[str, typer.Option("--y", metavar="PATH", help="Axis upwards.")],
    metric: Annotated[str, typer.Option(help="Metric to draw.")] = "total_fall",
    rule: Annotated[
        str, typer.Option(metavar="CONDITION", help="What makes a run a cascade.")
    ] = "amplification>2",
    share: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Share of a point's runs that must meet the rule.")
    ] = 0.5,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="Only runs with this, such as herd.traders=0; repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for picture and table [default: SWEEP_DIR].")
    ] = None,
) -> None:
    """Draw the map of a metric over two axes of a sweep.

    With the boundary between calm and cascade: a point is a cascade where at least a share of its runs meets
    the rule. Works while the sweep runs, on what has finished. Writes phase.png and phase.csv.
    """
    from experiments.output import prepare_folder, write_bytes, write_text
    from experiments.phase import as_csv, phase_map
    from experiments.report.phase import phase_figure

    found = phase_map(folder, x, y, metric, rule=rule, share=share, where=where or [])
    target = prepare_folder(out or folder)
    write_bytes(target / "phase.png", phase_figure(found))
    write_text(target / "phase.csv", as_csv(found))
    cascades = int((found.cascades >= share).sum())
    print(f"{cascades} of {found.median.size} points are cascades ({rule} in {100 * share:g} % of runs)")
    for name in ("phase.png", "phase.csv"):
        print(target / name)


def sensitivity_command(
    sweep: Annotated[
        Path, typer.Argument(metavar="SWEEP", help="Sweep file with sampled axes, or folder of such a sweep.")
    ],
    metrics: Annotated[
        str, typer.Option(metavar="NAMES", help="Metrics to explain, with commas between.")
    ] = "total_fall",
    workers: Annotated[
        int, typer.Option(min=0, max=4096, help="Worker processes; 0 = one for each core.")
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the store [default: undertow-out/NAME].")
    ] = None,
) -> None:
    """Say which parameters a metric depends on.

    Does the runs of the sweep file that are not done yet, as `undertow sweep` does, then tells by how the
    axes were drawn: Sobol indices (method saltelli), elementary effects (morris), PAWN (sobol,
    latin-hypercube). The last two need SALib: pip install "undertow[sensitivity]". Writes sensitivity.png and
    sensitivity.csv.
    """
    from experiments.output import write_bytes, write_text
    from experiments.report.sensitivity import sensitivity_figure
    from experiments.sensitivity import as_csv, check_installed, sampled_only, sensitivity

    folder = sweep
    if not sweep.is_dir():
        from experiments.sweep import SweepRequest, prepare
        from experiments.sweep_commands import run_sweep

        request = SweepRequest(sweep, out, workers or available_cores(), command=command_line())
        prepared = prepare(request)
        check_installed(sampled_only(prepared.file)[1])
        folder = prepared.folder
        run_sweep(request)
    found = sensitivity(folder, [name.strip() for name in metrics.split(",") if name.strip()])
    write_bytes(folder / "sensitivity.png", sensitivity_figure(found))
    write_text(folder / "sensitivity.csv", as_csv(found))
    for item in found:
        print_indices(item)
    for name in ("sensitivity.png", "sensitivity.csv"):
        print(folder / name)


def print_indices(found: "Sensitivity") -> None:
    """Print the measures of every parameter, largest first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from experiments.report.words import number

    measures = list(dict.fromkeys(index.measure for index in found.indices))
    by_path = {(index.path, index.measure): index for index in found.indices}
    paths = dict.fromkeys(index.path for index in found.indices)
    order = sorted(paths, key=lambda path: -by_path[path, measures[-1]].value)
    unit = f" {found.unit}" if found.unit else ""
    title = (
        f"{found.metric}: mean {number(found.mean)}{unit}, standard deviation {number(found.deviation)}{unit}"
    )
    table = Table(
        "parameter",
        *measures,
        title=escape(f"{title}; {found.points} settings, {found.seeds} runs each"),
        title_justify="left",
    )
    for path in order:
        cells = []
        for measure in measures:
            index = by_path[path, measure]
            ends = "" if math.isnan(index.low) else f" [{number(index.low)}, {number(index.high)}]"
            cells.append(escape(number(index.value) + ends))
        table.add_row(escape(path), *cells)
    console = Console(highlight=False)
    (console if console.is_terminal else Console(highlight=False, width=110)).print(table)
