"""The command ``undertow policy``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from experiments.command_line import available_cores, command_line, fail, parse_overrides, print_list


def policy_command(
    scenario: Annotated[str, typer.Argument(help="Scenario, name or file.")] = "october-2025",
    policies: Annotated[
        Path | None,
        typer.Argument(metavar="[POLICIES.toml]", help="File of policies [default: the shipped table]."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100_000, help="Seeds of each policy.")] = 5,
    workers: Annotated[
        int, typer.Option(min=0, max=4096, help="Worker processes; 0 = one for each core.")
    ] = 0,
    only: Annotated[
        str, typer.Option(metavar="NAMES", help="Only these policies, with commas between.")
    ] = "",
    objectives: Annotated[
        str, typer.Option(metavar="METRIC,METRIC", help="The two metrics of the picture.")
    ] = "total_fall,hedged_deleveraged",
    hours_after: Annotated[
        float, typer.Option(min=0.0, max=1000.0, help="Simulated hours after the crash window.")
    ] = 1.0,
    out: Annotated[Path, typer.Option(help="Folder for table, numbers and picture.")] = Path(
        "undertow-out/policy"
    ),
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a scenario key in all runs; repeatable."),
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="List the policies and run nothing.")] = False,
) -> None:
    """Compare changes of rules on the same seeds.

    Circuit breakers, ADL rules, margin tiers, price of collateral, insurance funds, duties of makers, or what
    a file of your own says: each against no change, seed by seed, with intervals. Writes policy.json,
    policy.csv and policy.png, where a policy is marked that nothing betters in both objectives. Ctrl-C keeps
    what is finished, and the same command goes on from there.
    """
    from experiments.policies.policy_reading import read_policies
    from experiments.policies.study import NothingFinishedError, PolicyRequest, study

    names = [name.strip() for name in only.split(",") if name.strip()]
    if show:
        print_list({policy.name: policy.title for policy in read_policies(policies, names)})
        return
    pair = tuple(name.strip() for name in objectives.split(",") if name.strip())
    request = PolicyRequest(
        scenario,
        policies,
        names,
        seeds,
        workers or available_cores(),
        out,
        parse_overrides(overrides or []),
        pair,
        hours_after,
    )
    try:
        result = study(request)
    except KeyboardInterrupt:
        from experiments.compare import RUNS_FOLDER

        kept = len(list((out / RUNS_FOLDER).glob("*.npz")))
        print(
            f"\nStopped. {kept} finished runs are kept in {out / RUNS_FOLDER}; the same command goes on "
            f"there:\n  {command_line()}",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
    except NothingFinishedError as error:
        fail(str(error), status=1)
    from experiments.policies.printing import print_study
    from experiments.policies.writing import write_study

    paths = write_study(result, command_line())
    print_study(result)
    for path in paths:
        print(path)
    if result.failures:
        raise typer.Exit(1)
