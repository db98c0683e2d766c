"""An attribution as JSON and as tidy tables, and in words on a terminal."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from experiments.attribution import Part
from experiments.attribution_result import Attribution
from experiments.mechanisms import MECHANISMS
from experiments.metrics import METRICS
from experiments.report.words import number, with_unit

if TYPE_CHECKING:
    from experiments.attribute import Attributed

SCHEMA = 1
LEFT = "left"
"""Name of the part that is left with every mechanism off."""
LEFT_LABEL = "left with all of them off"


def summarise_attribution(attributions: Sequence[Attribution], command: str, versions: dict[str, str]) -> Any:
    """Return everything, ready for JSON: what is unknown is null."""
    return {
        "schema": SCHEMA,
        "command": command,
        "versions": versions,
        "scenarios": {item.scenario: _scenario(item) for item in attributions},
    }


def _scenario(item: Attribution) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "metric": item.metric,
        "unit": METRICS[item.metric].unit,
        "method": "all coalitions" if item.exact else "antithetic permutations",
        "permutations_per_seed": None if item.exact else 2 * item.pairs,
        "seeds": list(item.seeds),
        "left_out": {str(seed): why for seed, why in item.left_out.items()},
        "runs": item.runs,
        "outcome": _part(item.outcome),
        "mechanisms": {
            name: {
                "label": MECHANISMS[name].label,
                "off": MECHANISMS[name].off,
                **_part(part),
                "sampling_error": _known(item.sampling_errors[name]),
            }
            for name, part in item.parts.items()
        },
        LEFT: {"label": LEFT_LABEL, **_part(item.left)},
    }


def _part(part: Part) -> dict[str, float | None]:
    return {name: _known(value) for name, value in asdict(part).items()}


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def parts_table(attributions: Sequence[Attribution]) -> str:
    """Return one row for each part of each seed as CSV; the parts of a seed add up to its outcome."""
    rows = [
        (item.scenario, item.metric, METRICS[item.metric].unit, seed, name, amount)
        for item in attributions
        for seed, amounts in zip(item.seeds, item.by_seed.tolist(), strict=True)
        for name, amount in zip((*item.mechanisms, LEFT), amounts, strict=True)
    ]
    return _csv(rows, ["scenario", "metric", "unit", "seed", "part", "amount"])


def coalitions_table(attributions: Sequence[Attribution]) -> str:
    """Return one row for each coalition that was run as CSV, named by the twin: what was off."""
    rows = [
        (item.scenario, item.metric, METRICS[item.metric].unit, seed, twin, outcome)
        for item in attributions
        for (seed, twin), outcome in item.outcomes.items()
    ]
    return _csv(rows, ["scenario", "metric", "unit", "seed", "twin", "outcome"])


def _csv(rows: Sequence[tuple[object, ...]], head: list[str]) -> str:
    text: str = pd.DataFrame(rows, columns=head).to_csv(
        index=False, float_format="%.10g", lineterminator="\n"
    )
    return text


def how_sampled(item: Attribution) -> str:
    """Return in words what was run, and how far chance reaches."""
    seeds = f"{len(item.seeds)} seed{'s' if len(item.seeds) > 1 else ''}"
    if item.exact:
        return f"{seeds}, all {2 ** len(item.mechanisms)} coalitions of each: exact for every seed"
    orders = (
        f"{seeds}, {2 * item.pairs} orders of joining for each, drawn in pairs of an order and its reverse"
    )
    told = [value for value in item.sampling_errors.values() if math.isfinite(value)]
    unit = METRICS[item.metric].unit
    if not told:
        held = "the intervals hold seeds and orders together" if len(item.seeds) > 1 else "no interval"
        return f"{orders}; {held}"
    return f"{orders}; largest standard error from the drawing of orders: {with_unit(max(told), unit)}"


def share_said(part: Part) -> str:
    """Return the share of a part with its interval, such as ``31 % [12, 50]``."""
    if math.isnan(part.share):
        return "–"
    shown = f"{round(100 * part.share):d} %"
    if math.isfinite(part.share_low):
        shown += f" [{round(100 * part.share_low):d}, {round(100 * part.share_high):d}]"
    return shown.replace("-", "−")


def amount_said(part: Part) -> str:
    """Return the amount of a part with its standard error."""
    return number(part.amount) + (
        f" ± {number(part.standard_error)}" if math.isfinite(part.standard_error) else ""
    )


def print_attribution(attributed: "Attributed") -> None:
    """Print the parts of each scenario beside each other, and where the files are."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=120)
    items = attributed.attributions
    metric = METRICS[items[0].metric]
    title = f"{metric.title}, {metric.unit}: mean over seeds ± standard error; share [95 % interval]"
    heads = [escape(head) for item in items for head in (item.scenario, "share")]
    table = Table("made by", *heads, title=escape(title), title_justify="left")
    names = list(items[0].mechanisms)
    for name in (*names, LEFT, ""):
        labels = {LEFT: LEFT_LABEL, "": "together"}
        cells = []
        for item in items:
            part = {**item.parts, LEFT: item.left, "": item.outcome}[name]
            cells += [escape(amount_said(part)), escape(share_said(part))]
        table.add_row(labels.get(name) or MECHANISMS[name].label, *cells, end_section=name == names[-1])
    console.print(table)
    for item in items:
        console.print(f"{item.scenario}: {how_sampled(item)}", markup=False)
        for seed, why in item.left_out.items():
            console.print(f"{item.scenario}: seed {seed} left out, {why}", markup=False)
    if attributed.reused:
        console.print(
            f"{attributed.reused} runs were taken from an earlier start of this command", markup=False
        )
    for name in ("attribution.json", "tables/attribution.csv", "figures/attribution.png"):
        console.print(str(attributed.folder / name), markup=False, soft_wrap=True)
