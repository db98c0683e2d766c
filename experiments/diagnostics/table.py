"""The diagnosis on the terminal."""

import math

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from experiments.bars import stamp
from experiments.diagnostics.diagnosis import Diagnosis, metric_title
from experiments.diagnostics.reading import in_words

PLAIN_WIDTH = 110
DURATION_METRICS = ("half_recovery_minutes", "half_recovery_sustained_minutes", "full_recovery_minutes")


def print_diagnosis(diagnosis: Diagnosis, console: Console | None = None) -> None:
    """Print what was measured, the evidence and the verdict."""
    if console is None:
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=PLAIN_WIDTH)
    event, fall, bars = diagnosis.event, diagnosis.event.fall, diagnosis.bars
    console.print(escape(f"{bars.name}: {len(bars.time)} bars of {in_words(bars.step_s)}, {bars.span}"))
    how = "found in the bars" if diagnosis.found else "given"
    console.print(
        f"Event from {stamp(fall.start_s)} UTC ({how}), P0 {fall.start_price:,.6g}, to the low "
        f"{fall.low_price:,.6g} in the bar of {stamp(fall.low_s - bars.step_s)} UTC; calm: "
        f"{stamp(event.calm_s[0])} to {stamp(event.calm_s[1])} UTC"
    )
    console.print(_metrics(diagnosis))
    console.print(_evidence(diagnosis))
    votes = diagnosis.reading.votes
    console.print(
        f"The event reads as [bold]{diagnosis.reading.verdict}[/bold]: "
        f"{votes['cascade']} for cascade, {votes['repricing']} for repricing"
    )
    for warning in diagnosis.warnings:
        console.print(escape(f"Note: {warning}"))


def _metrics(diagnosis: Diagnosis) -> Table:
    table = Table(title="Measures", title_justify="left")
    table.add_column("measure")
    table.add_column("value", justify="right")
    legs = diagnosis.event.legs
    for name, (value, unit) in diagnosis.event.metrics().items():
        title = metric_title(name)
        if name.startswith("leg_"):
            leg = legs[int(name.split("_")[1]) - 1]
            title += f" ({stamp(leg.start_s)} to {stamp(leg.low_s)})"
        table.add_row(title, _value(diagnosis, name, value, unit))
    return table


def _value(diagnosis: Diagnosis, name: str, value: float, unit: str) -> str:
    if math.isnan(value):
        # a recovery that did not happen is known not to have happened for as long as was observed
        if name in DURATION_METRICS:
            return f"not in {in_words(diagnosis.event.first_touch.observed_s)}"
        return "-"
    if unit == "%":
        return f"-{value:.1f} %"
    if unit == "minutes":
        # the low lies somewhere within its bar
        return f"{in_words(60.0 * value)} to {in_words(60.0 * value + diagnosis.bars.step_s)}"
    return f"{value:.2f}" if abs(value) < 10.0 else f"{value:.1f}"


def _evidence(diagnosis: Diagnosis) -> Table:
    table = Table(title="Evidence (violence is none: both kinds of crash are violent)", title_justify="left")
    for column in ("evidence", "value", "rule", "vote"):
        table.add_column(column)
    for item in diagnosis.reading.evidence:
        title = "Half of the fall back and kept" if item.unit == "seconds" else metric_title(item.name)
        table.add_row(title, item.shown, item.rule, item.vote)
    return table
