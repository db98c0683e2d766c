"""The job behind ``undertow discriminate``: sweeps of both families, what separates them, a rule from it."""

import json
import math
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
import pandas as pd

from experiments.diagnose import SMALL_FALL_DEVIATIONS
from experiments.diagnostics.reading import Reading, read_event
from experiments.diagnostics.rule import EVIDENCE, Rule, Thresholds
from experiments.discrimination.diagnostics import DIAGNOSTICS, REAL_EVENTS
from experiments.discrimination.separation import Separation, separate
from experiments.errors import InputError
from experiments.minutes import Floats
from experiments.output import prepare_folder, write_bytes, write_text
from experiments.stored_runs import StoredRuns, write_table
from experiments.summary import software_versions
from experiments.sweep import SweepRequest, sweep

HERE = Path(__file__).parent
FAMILIES: tuple[Literal["cascade", "repricing"], ...] = ("cascade", "repricing")
FEWEST = 4


@dataclass(frozen=True)
class DiscriminationRequest:
    """What to run.

    Attributes
    ----------
    runs
        How many runs of each family.
    workers
        Worker processes.
    out
        Folder; each family has a store of its own in it.
    files
        Family -> sweep file, in place of those that come with the package.
    overrides
        Dotted scenario key -> value, for all runs of both families.
    command
        The command line, for the record.
    """

    runs: int = 20
    workers: int = 1
    out: Path = Path("undertow-out/discrimination")
    files: Mapping[str, Path] | None = None
    overrides: Mapping[str, Any] | None = None
    command: str = ""


@dataclass(frozen=True)
class Discrimination:
    """What was found.

    Attributes
    ----------
    table
        One row a run that crashed: ``family``, seed, settings and metrics.
    quiet
        Family -> how many runs were left out because nothing crashed.
    separations
        Metric -> how well it separates; None where too few runs have it.
    rule
        Thresholds from these runs alone.
    readings
        Family -> verdict -> how many of its runs read so, by the rule made from the other half of the runs.
    real
        Real event -> its reading by the rule, from published figures.
    folder
        Where everything lies.
    """

    table: pd.DataFrame
    quiet: Mapping[str, int]
    separations: Mapping[str, Separation | None]
    rule: Rule
    readings: Mapping[str, Mapping[str, int]]
    real: Mapping[str, Reading]
    folder: Path


def discriminate(request: DiscriminationRequest, stream: TextIO | None = None) -> Discrimination:
    """Run both families, measure what separates them, make a rule, write everything.

    The truth of a run is its family: whether its scenario lets values fall by a lot (repricing) or by a
    little, with leverage and makers that leave (cascade).

    Raises
    ------
    InputError
        When the request cannot be done.
    KeyboardInterrupt, SweepStoppedError, DiskFullError
        When it ends early; finished runs are in the stores, and the same call goes on there.
    """
    folder = prepare_folder(request.out)
    for family in FAMILIES:
        sweep(
            SweepRequest(
                family_sweep(family, request), folder / family, request.workers, command=request.command
            ),
            stream=stream if stream is not None else sys.stderr,
        )
    return evaluate(
        {family: StoredRuns(folder / family).table for family in FAMILIES}, folder, request.command
    )


def family_sweep(family: str, request: DiscriminationRequest) -> dict[str, Any]:
    """Return the sweep of a family with as many points as asked for."""
    path = (request.files or {}).get(family, HERE / f"{family}.toml")
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"sweep file {path}: {error}") from error
    data["sample"] = {**data.get("sample", {"method": "latin-hypercube"}), "points": request.runs}
    data["set"] = {**data.get("set", {}), **(request.overrides or {})}
    return data


def evaluate(tables: Mapping[str, pd.DataFrame], folder: Path, command: str = "") -> Discrimination:
    """Measure what separates the families, make the rule, write everything.

    Parameters
    ----------
    tables
        Family -> one row a run with every metric.
    folder
        Where to write.
    command
        For the record.
    """
    from experiments.discrimination.figure import draw_discrimination

    crashed = {family: table[crashes(table)] for family, table in tables.items()}
    for family, table in crashed.items():
        if len(table) < FEWEST:
            raise InputError(
                f"{family}: {len(table)} of {len(tables[family])} runs crashed; at least {FEWEST} are needed"
            )
    together = pd.concat(
        [table.copy().assign(family=family) for family, table in crashed.items()], ignore_index=True
    )
    result = Discrimination(
        together,
        {family: len(tables[family]) - len(crashed[family]) for family in tables},
        {item.metric: separate(*columns(together, item.metric)) for item in DIAGNOSTICS},
        make_rule(together),
        cross_read(together),
        {event: read_real(event, make_rule(together)) for event in REAL_EVENTS},
        folder,
    )
    document = discrimination_document(result) | {"command": command, "versions": software_versions()}
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(folder / "discrimination.json", text)
    write_text(folder / "rule.toml", result.rule.to_toml())
    write_table(separation_table(result), folder / "separation.csv")
    write_table(together, folder / "runs.csv")
    write_bytes(folder / "discrimination.png", draw_discrimination(result))
    return result


def crashes(table: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which runs crashed: a fall larger than what the calm does by itself."""
    size = table["fall_in_calm_deviations"]
    return (size >= SMALL_FALL_DEVIATIONS).fillna(value=False)


def columns(table: pd.DataFrame, metric: str) -> tuple[Floats, Floats]:
    """Return a metric of the cascades and of the repricings; empty where no run has it."""
    if metric not in table.columns:
        return np.empty(0), np.empty(0)
    one, other = (table.loc[table["family"] == family, metric].to_numpy(np.float64) for family in FAMILIES)
    return one, other


def make_rule(table: pd.DataFrame) -> Rule:
    """Return the rule that runs give: thresholds by Youden's index, their 95 % intervals as no man's land.

    A diagnostic whose area under the ROC cannot be told from one half is left out.
    """
    thresholds = {}
    for metric in EVIDENCE:
        found = separate(*columns(table, metric))
        if found is None or not found.separates:
            continue
        low, high = found.threshold_low, found.threshold_high
        margin = max(1e-6 * abs(found.threshold), 1e-9)
        if high - low < 2.0 * margin:
            low, high = low - margin, high + margin
        cascade, repricing = (high, low) if found.higher == "cascade" else (low, high)
        thresholds[metric] = Thresholds(float(f"{cascade:.4g}"), float(f"{repricing:.4g}"))
        if thresholds[metric].cascade == thresholds[metric].repricing:
            thresholds[metric] = Thresholds(cascade, repricing)
    counts = table["family"].value_counts()
    source = " and ".join(
        f"{counts.get(family, 0)} simulated runs of the {family} family" for family in FAMILIES
    )
    return Rule(source, thresholds)


def cross_read(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return how runs read by a rule that was made without them: from the other half of the runs."""
    half = table.groupby("family").cumcount() % 2
    counted: dict[str, Counter[str]] = {family: Counter() for family in FAMILIES}
    for part in (0, 1):
        rule = make_rule(table[half != part])
        for _, run in table[half == part].iterrows():
            counted[str(run["family"])][read_run(run, rule).verdict] += 1
    return {family: dict(sorted(counts.items())) for family, counts in counted.items()}


def read_run(run: "pd.Series[Any]", rule: Rule) -> Reading:
    """Return the reading of one run."""

    def known(name: str) -> float:
        return float(run[name]) if name in run else math.nan

    after = known("half_recovery_sustained_minutes")
    never = math.isinf(after)  # not within the days that were simulated
    return read_event(
        math.nan if never else 60.0 * after,
        math.inf if never else math.nan,
        known("recovery_share_median_1_24h"),
        known("volatility_ratio_3d"),
        known("equity_beta_share"),
        math.nan,
        rule,
    )


def read_real(event: str, rule: Rule) -> Reading:
    """Return the reading of a real event from its published figures."""
    figures = {item.metric: getattr(item, REAL_EVENTS[event]) for item in DIAGNOSTICS}
    known = {name: math.nan if value is None else float(value) for name, value in figures.items()}
    return read_event(
        60.0 * known["half_recovery_sustained_minutes"],
        math.nan,
        known["recovery_share_median_1_24h"],
        known["volatility_ratio_3d"],
        known["equity_beta_share"],
        rule=rule,
    )


def separation_table(result: Discrimination) -> pd.DataFrame:
    """Return one row a diagnostic: area with interval, threshold, medians of the families, real figures."""
    rows = []
    for item in DIAGNOSTICS:
        found = result.separations[item.metric]
        one, other = columns(result.table, item.metric)
        rows.append(
            {
                "metric": item.metric,
                "group": item.group,
                "area": math.nan if found is None else found.area,
                "low95": math.nan if found is None else found.low,
                "high95": math.nan if found is None else found.high,
                "threshold": math.nan if found is None else found.threshold,
                "youden": math.nan if found is None else found.youden,
                "cascade_median": _median(one),
                "repricing_median": _median(other),
                "cascades": 0 if found is None else found.cascades,
                "repricings": 0 if found is None else found.repricings,
                "october_2025": math.nan if item.october is None else item.october,
                "march_2020": math.nan if item.march is None else item.march,
            }
        )
    return pd.DataFrame(rows)


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if known.size else math.nan


def discrimination_document(result: Discrimination) -> dict[str, Any]:
    """Return everything but the runs as plain values for JSON; unknown numbers are None."""
    table = separation_table(result)
    finite = table.astype(object).where(
        table.map(lambda cell: cell == cell and cell not in (math.inf,)), None
    )
    return {
        "truth": "the family of the run",
        "runs": {family: int((result.table["family"] == family).sum()) for family in FAMILIES},
        "without_crash": dict(result.quiet),
        "diagnostics": finite.to_dict("records"),
        "rule": {
            "source": result.rule.source,
            **{name: vars(own) for name, own in result.rule.thresholds.items()},
        },
        "readings": {family: dict(counts) for family, counts in result.readings.items()},
        "real_events": {
            event: {
                "verdict": reading.verdict,
                "votes": reading.votes,
                "evidence": [
                    f"{item.name}: {item.shown} ({item.rule}), {item.vote}" for item in reading.evidence
                ],
            }
            for event, reading in result.real.items()
        },
    }
