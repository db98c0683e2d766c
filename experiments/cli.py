"""The command ``undertow``. Heavy imports wait until a command needs them, so that help answers at once."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from experiments.analysis_commands import phase_command, sensitivity_command
from experiments.attribute_command import attribute_command
from experiments.calibration_command import calibrate_command
from experiments.command_line import (
    available_cores,
    command_line,
    fail,
    parse_overrides,
    print_list,
    split_pair,
    usage_message,
)
from experiments.discriminate_command import discriminate_command
from experiments.errors import InputError
from experiments.policy_command import policy_command
from experiments.reproduce_command import reproduce_command
from experiments.search_command import search_command
from experiments.sweep_commands import runs_command, sweep_command
from experiments.target_command import targets_command

if TYPE_CHECKING:
    from experiments.compare import Request

app = typer.Typer(
    name="undertow",
    help="A laboratory for market crashes: agents, order books, leverage, liquidation and contagion.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DEFAULT_SCENARIOS = ("october-2025", "covid-2020")
DEFAULT_SEEDS = 5

Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a scenario key, such as retail.traders=500; repeatable."
    ),
]


@app.command("compare")
def compare_command(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(help=f"Scenarios, name or file [default: {' '.join(DEFAULT_SCENARIOS)}]."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100_000, help="Seeds of each scenario.")] = DEFAULT_SEEDS,
    workers: Annotated[
        int, typer.Option(min=0, max=4096, help="Worker processes; 0 = one for each core.")
    ] = 0,
    population: Annotated[
        int | None,
        typer.Option(min=1, max=5_000_000, help="Retail traders, in place of the scenario's number."),
    ] = None,
    steps_per_second: Annotated[
        float | None,
        typer.Option(min=1e-4, max=1000.0, help="Steps per simulated second in the finest phase."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the report, the tables and the figures.")] = Path(
        "undertow-out"
    ),
    bars: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="Real bars to draw beside scenario NAME; repeatable."),
    ] = None,
    overrides: Overrides = None,
    first: Annotated[
        list[str] | None,
        typer.Option("--set-first", metavar="KEY=VALUE", help="Override a key of the first scenario alone."),
    ] = None,
    second: Annotated[
        list[str] | None,
        typer.Option("--set-second", metavar="KEY=VALUE", help="The same for the second one."),
    ] = None,
) -> None:
    """Compare crashes, say what made each part.

    Runs every seed of each scenario and, with the same seeds, twins with one mechanism off; writes a report,
    figures and tables. The same scenario twice with --set-second, such as venues.hub.collateral_price=oracle,
    shows what a change of rules does, seed by seed. Ctrl-C keeps what is finished, and the same command goes
    on from there.
    """
    from experiments.compare import Request

    settings = parse_overrides(overrides or [])
    if population is not None:
        settings["retail.traders"] = str(population)
    request = Request(
        scenarios=tuple(scenarios or DEFAULT_SCENARIOS),
        seeds=seeds,
        workers=workers or available_cores(),
        out=out,
        overrides=settings,
        own_overrides=(
            parse_overrides(first or [], "--set-first"),
            parse_overrides(second or [], "--set-second"),
        ),
        steps_per_second=steps_per_second,
        bars={
            name: Path(file)
            for name, file in (split_pair("--bars", item, "NAME=FILE") for item in bars or [])
        },
        command=command_line(),
    )
    run_comparison(request)


def run_comparison(request: "Request") -> None:
    """Compare, print the table, and say where the files are."""
    from experiments.compare import NothingFinishedError, compare
    from experiments.terminal import print_comparison

    try:
        comparison = compare(request)
    except KeyboardInterrupt:
        tell_how_to_go_on(request.out)
        raise typer.Exit(130) from None
    except NothingFinishedError as error:
        fail(str(error), status=1)
    print_comparison(comparison)
    if comparison.outcome.failures:
        raise typer.Exit(1)


def tell_how_to_go_on(out: Path) -> None:
    """Say after Ctrl-C what is kept and how to go on."""
    from experiments.compare import RUNS_FOLDER

    kept = len(list((out / RUNS_FOLDER).glob("*.npz")))
    print(
        f"\nStopped. {kept} finished runs are kept in {out / RUNS_FOLDER}; the same command goes on there:\n"
        f"  {command_line()}",
        file=sys.stderr,
    )


@app.command("run")
def run_command(
    scenario: Annotated[str, typer.Argument(help="Scenario, name or file.")],
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of all random streams.")] = 1,
    twin: Annotated[str, typer.Option(help="Mechanism to switch off.")] = "baseline",
    out: Annotated[
        Path | None, typer.Option(help="Folder for figures and tables; nothing is written without.")
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Run one scenario once, print its metrics."""
    from experiments.single import run_single
    from experiments.terminal import print_run

    result, written = run_single(scenario, seed, twin, parse_overrides(overrides or []), out)
    print_run(result, written)


app.command("attribute")(attribute_command)
app.command("sweep")(sweep_command)
app.command("runs")(runs_command)
app.command("phase")(phase_command)
app.command("sensitivity")(sensitivity_command)
app.command("policy")(policy_command)
app.command("search")(search_command)
app.command("targets")(targets_command)
app.command("calibrate")(calibrate_command)
app.command("discriminate")(discriminate_command)


@app.command("viz")
def viz_command(
    scenario: Annotated[str, typer.Argument(help="Scenario, name or file.")] = "october-2025",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of all random streams.")] = 1,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 = any that is free.")] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen on; beyond this machine a token is asked for.")
    ] = "127.0.0.1",
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="Show a finished run: folder of a sweep or of `run --out`, or a .parquet."
        ),
    ] = None,
    run: Annotated[int | None, typer.Option(min=1, help="Which run of the sweep to replay.")] = None,
    overrides: Overrides = None,
) -> None:
    """Watch a run in the browser, change and fork it.

    A page of your own machine that works offline. Needs: pip install "undertow[viz]".
    """
    from experiments.visualizer.start import start

    settings = parse_overrides(overrides or [])
    start(scenario, seed, settings, host, port, browser=browser, replay=replay, run=run)


@app.command("scenarios")
def scenarios_command() -> None:
    """List the shipped scenarios."""
    from experiments.scenarios import available

    print_list(available())


@app.command("venues")
def venues_command(
    name: Annotated[str | None, typer.Argument(help="Preset whose rules to print.")] = None,
) -> None:
    """List the venue presets, or print the rules of one."""
    from experiments.venues import print_venue, venue_lines

    if name is None:
        print_list(venue_lines())
    else:
        print_venue(name)


@app.command("agents")
def agents_command() -> None:
    """List the kinds of agents."""
    from agents import KINDS

    print_list(KINDS)


@app.command("diagnose")
def diagnose_command(
    bars: Annotated[
        Path, typer.Argument(help="Bars of the traded asset: CSV in a public kline format, may be .gz.")
    ],
    event_start: Annotated[
        str | None,
        typer.Option(help="Start of the event, ISO 8601 in UTC; found from the bars when not given."),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Bars of an equity index, for the beta share.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Instrument, where BARS holds several.")] = None,
    reference_symbol: Annotated[
        str | None, typer.Option(help="Instrument, where the reference holds several.")
    ] = None,
    calm_days: Annotated[float, typer.Option(min=0.1, help="Longest calm to compare with, days.")] = 30.0,
    rule: Annotated[
        Path | None, typer.Option(help="Thresholds to read it by, as `undertow discriminate` writes them.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for diagnosis.json and diagnosis.png.")] = None,
) -> None:
    """Measure and read a real event on its bars.

    Finds the fall, its legs and what was given back, and reads the event as repricing, cascade or mixed.
    """
    from experiments.diagnose import diagnose, print_diagnosis

    result = diagnose(
        bars,
        event_start,
        reference,
        out,
        symbol=symbol,
        reference_symbol=reference_symbol,
        calm_days=calm_days,
        rule=rule,
    )
    print_diagnosis(result)


app.command("reproduce")(reproduce_command)


@app.command("version")
def version_command() -> None:
    """Print the version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("undertow")
    except PackageNotFoundError:
        number = "(from a source tree, not installed)"
    print(f"undertow {number}")


def main() -> None:
    """Run the command line: bad input gives one clear line each on standard error, and exit status 2."""
    usage_error = cast("type[Exception]", typer.BadParameter.__base__)  # Typer brings its own copy of Click
    try:
        status = app(sys.argv[1:] or ["--help"], prog_name="undertow", standalone_mode=False)
    except InputError as error:
        fail(str(error))
    except usage_error as error:
        fail(usage_message(error, [command.name or "" for command in app.registered_commands]))
    except (KeyboardInterrupt, typer.Abort):
        fail("stopped", status=130)
    raise SystemExit(status if isinstance(status, int) else 0)
