"""The command ``undertow search``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from experiments.command_line import available_cores, command_line, fail


def search_command(
    space: Annotated[
        Path, typer.Argument(metavar="SPACE.toml", help="Sweep file whose axes are the space to search.")
    ],
    objective: Annotated[
        str, typer.Option(metavar="METRIC", help="What is made small (large where more is better).")
    ] = "total_fall",
    trials: Annotated[
        int, typer.Option(min=1, max=100_000, help="Settings to try in all, earlier starts included.")
    ] = 30,
    workers: Annotated[
        int, typer.Option(min=0, max=4096, help="Worker processes; 0 = one for each core.")
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for everything [default: undertow-out/NAME].")
    ] = None,
) -> None:
    """Search settings that make an objective small.

    Optuna proposes settings from the axes of a sweep file; the objective is the median over the file's seeds.
    The best settings are then compared with none on as many fresh seeds. Ctrl-C keeps what is finished, and
    the same command goes on from there. Needs: pip install "undertow[search]".
    """
    from experiments.report.words import interval, number
    from experiments.search import SearchRequest, search

    try:
        found = search(SearchRequest(space, objective, trials, workers or available_cores(), out))
    except KeyboardInterrupt:
        print(f"\nStopped. The same command goes on:\n  {command_line()}", file=sys.stderr)
        raise typer.Exit(130) from None
    except RuntimeError as error:
        fail(str(error), status=1)
    print(f"best of {found.trials} trials ({found.earlier} of earlier starts), by the median of {objective}:")
    for path, value in found.settings.items():
        print(f"  {path} = {value}")
    print(f"on the seeds of the search: {number(found.best.median)}{interval(found.best, '')}")
    print(f"  without these settings:   {number(found.base.median)}{interval(found.base, '')}")
    print(
        f"difference on {found.gain.count} fresh seeds: {number(found.gain.median)}{interval(found.gain, '')}"
    )
    print(found.folder / "search.csv")
