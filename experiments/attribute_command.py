"""The command ``undertow attribute``."""

import sys
from pathlib import Path
from typing import Annotated, cast

import typer

from experiments.command_line import available_cores, command_line, fail, parse_overrides
from experiments.errors import InputError
from experiments.mechanisms import MECHANISMS

DEFAULT_SEEDS = 16
UNTIL = ("crash_end", "end")
FEW = 4
"""Up to so many mechanisms all coalitions, at most 16, are run by default."""


def attribute_command(
    scenarios: Annotated[list[str], typer.Argument(metavar="SCENARIO [SCENARIO]", help="Name or file.")],
    mechanisms: Annotated[
        str,
        typer.Option(metavar="A,B,C", help="Among which to share out; the others stay on [default: all]."),
    ] = "",
    metric: Annotated[
        str, typer.Option(help="What to share out: any metric of summary.json.")
    ] = "total_fall",
    seeds: Annotated[int, typer.Option(min=1, max=100_000, help="Seeds of each scenario.")] = DEFAULT_SEEDS,
    permutations: Annotated[
        int,
        typer.Option(
            min=0,
            max=100_000,
            help="Orders of joining drawn for each seed, an even number [default: 2; all coalitions up to 4 "
            "mechanisms].",
        ),
    ] = 0,
    exact: Annotated[bool, typer.Option("--exact", help="Run all coalitions: 2 to the mechanisms.")] = False,
    until: Annotated[
        str, typer.Option(help="Where runs stop: crash_end, or end for metrics of the recovery.")
    ] = "crash_end",
    workers: Annotated[
        int, typer.Option(min=0, max=4096, help="Worker processes; 0 = one for each core.")
    ] = 0,
    population: Annotated[
        int | None,
        typer.Option(min=1, max=5_000_000, help="Retail traders, in place of the scenario's number."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the tables and the figure.")] = Path("undertow-out"),
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a scenario key; repeatable."),
    ] = None,
) -> None:
    """Say which mechanism made which part of a fall.

    Runs each scenario with sets of mechanisms off, on the same seeds, and shares the fall out by Shapley
    value: what a mechanism adds, averaged over the orders in which they may join. Parts and what is left
    with all of them off add up to the fall. Ctrl-C keeps what is finished, and the same command goes on from
    there.
    """
    from experiments.attribute import Request, Until, attribute
    from experiments.attribution_tables import print_attribution
    from experiments.compare import NothingFinishedError

    names = tuple(name.strip() for name in mechanisms.split(",")) if mechanisms else tuple(MECHANISMS)
    if until not in UNTIL:
        raise InputError(f"--until: {until!r}; it must be one of {', '.join(UNTIL)}")
    settings = parse_overrides(overrides or [])
    if population is not None:
        settings["retail.traders"] = str(population)
    request = Request(
        tuple(scenarios),
        names,
        metric,
        seeds,
        pairs_of(len(names), permutations, exact=exact),
        workers or available_cores(),
        out,
        cast("Until", until),
        settings,
        command_line(),
    )
    try:
        attributed = attribute(request)
    except KeyboardInterrupt:
        tell_how_to_go_on(out)
        raise typer.Exit(130) from None
    except NothingFinishedError as error:
        fail(str(error), status=1)
    print_attribution(attributed)
    if attributed.failures:
        raise typer.Exit(1)


def pairs_of(mechanisms: int, permutations: int, *, exact: bool) -> int:
    """Return how many pairs of orders are drawn for each seed; 0 for all coalitions.

    Raises
    ------
    InputError
        For an odd number of orders, or both ways at once.
    """
    if exact and permutations:
        raise InputError(
            f"--permutations: {permutations} orders and --exact, all of them, exclude each other; give one"
        )
    if permutations % 2:
        raise InputError(
            f"--permutations: {permutations} is odd; orders are drawn with their reverse, so give an even one"
        )
    if exact or (not permutations and mechanisms <= FEW):
        return 0
    return permutations // 2 or 1


def tell_how_to_go_on(out: Path) -> None:
    """Say after Ctrl-C what is kept and how to go on."""
    from experiments.attribute import COALITIONS_FOLDER

    kept = len(list((out / COALITIONS_FOLDER).glob("*.npz")))
    print(
        f"\nStopped. {kept} finished runs are kept in {out / COALITIONS_FOLDER}; the same command goes on "
        f"there:\n  {command_line()}",
        file=sys.stderr,
    )
