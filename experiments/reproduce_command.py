"""The command ``undertow reproduce``."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.command_line import print_list


def reproduce_command(
    name: Annotated[str | None, typer.Argument(help="Paper, from the list.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the table and the figure.")] = Path("undertow-out"),
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of real data, for those that need it; UNDERTOW_DATA when not given."),
    ] = None,
) -> None:
    """List the reproduced papers, or run one.

    Prints our numbers beside the published or exact ones, with standard errors; saves a table and a figure.
    """
    from experiments.reproduce import PAPERS

    if name is None:
        print_list(PAPERS)
        return
    from experiments.reproduce.command import reproduce_and_save

    for path in reproduce_and_save(name, out, data):
        print(path)
