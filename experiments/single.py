"""One run on its own: metrics, figures, series and events as tables."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from abm.trace import Trace
from experiments.chapter import Chapter
from experiments.ensemble import gather
from experiments.measure import check_window, measure
from experiments.mechanisms import read_twin
from experiments.output import prepare_folder, write_bytes, write_text
from experiments.real_event import published_event
from experiments.results import RunResult
from experiments.tables import runs_table

FIGURES_OF_ONE_RUN = (
    "price",
    "assets",
    "depth",
    "liquidations",
    "open_interest",
    "funding",
    "sentiment",
    "insurance_fund",
    "recovery",
    "venue_prices",
    "venue_alt_prices",
    "venue_pegs",
    "venue_funds",
    "venue_adl",
    "withdrawals",
)


def run_single(
    name: str, seed: int, twin: str, overrides: Mapping[str, str], out: Path | None
) -> tuple[RunResult, list[Path]]:
    """Run one scenario once.

    Parameters
    ----------
    name
        Scenario, name or path.
    seed, twin
        Which draws, and which mechanisms are off (``"baseline"``: none, ``"adl+herding"``: these two).
    overrides
        Dotted scenario key -> value.
    out
        Folder for figures and tables; ``None`` writes nothing.

    Returns
    -------
    result, written
        The metrics and minutes of the run, and the files written.

    Raises
    ------
    InputError
        For an unknown scenario, twin or key, a value out of bounds, or a folder that cannot be written.
    """
    from experiments.scenarios import load
    from experiments.simulate import simulate

    twin = read_twin("--twin", twin)
    scenario = load(name, dict(overrides))
    check_window(scenario)
    folder = prepare_folder(out) if out is not None else None
    with _Percent() as percent:
        trace = simulate(scenario, seed, twin=twin, progress=percent)
    result = measure(trace, scenario)
    if folder is None:
        return result, []
    crash_minutes = (scenario.crash.end_s - scenario.crash.start_s) / 60.0
    about = {"scenario": scenario.model_dump(mode="json"), "seed": seed, "twin": twin}
    return result, _write(folder, trace, result, scenario.title, crash_minutes, scenario.event, about)


def _write(
    folder: Path,
    trace: Trace,
    result: RunResult,
    title: str,
    crash_minutes: float,
    event: str,
    about: Mapping[str, Any],
) -> list[Path]:
    from experiments.report.draw import draw_chapter

    alone = RunResult(
        result.scenario,
        result.seed,
        "baseline",
        result.metrics,
        result.reasons,
        result.minutes,
        result.marks,
        result.stages,
        result.details,
    )
    ensemble = gather(result.scenario, title, crash_minutes, [alone])
    chapter = Chapter(ensemble, event, "", (), {}, (), published_event(event))
    files = {
        f"figures/{name}.png": picture for name, picture in draw_chapter(chapter, FIGURES_OF_ONE_RUN).items()
    }
    tables = {"metrics.csv": runs_table([result]), "series.csv": series_table(trace)}
    tables["run.json"] = json.dumps(about, indent=1) + "\n"
    tables |= {f"events-{name}.csv": events.to_csv(index=False) for name, events in trace.events.items()}
    for name, picture in files.items():
        write_bytes(folder / name, picture)
    for name, table in tables.items():
        write_text(folder / name, table)
    return [folder / name for name in (*files, *tables)]


def series_table(trace: Trace) -> str:
    """Return every series of a run as CSV, one row a step; columns are named ``series@instrument``."""
    columns = {"time_s": trace.time_s}
    for name, values in trace.by_instrument.items():
        columns |= {f"{name}@{item}": values[:, i] for i, item in enumerate(trace.instruments)}
    for name, values in trace.by_asset.items():
        columns |= {f"{name}@{item}": values[:, i] for i, item in enumerate(trace.assets)}
    columns |= trace.world
    rows = np.column_stack(list(columns.values())).tolist()
    lines = [",".join(columns), *(",".join(_number(value) for value in row) for row in rows)]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return "" if value != value else f"{value:.10g}"


class _Percent:
    """Shows on a terminal how much of one run is done."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> "_Percent":
        return self

    def __call__(self, share: float) -> None:
        if self._shown:
            print(f"\r{share:4.0%}", end="", file=sys.stderr, flush=True)

    def __exit__(self, *_: object) -> None:
        if self._shown:
            print("\r     \r", end="", file=sys.stderr, flush=True)
