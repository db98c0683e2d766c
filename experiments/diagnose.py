"""The job behind ``undertow diagnose``: bars in, measures, a reading and its evidence out."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path

from abm.measures.fall import largest_fall_start
from abm.measures.price_path import DAY_S, HOUR_S
from experiments.bars import Bars, load_bars, stamp
from experiments.diagnostics.diagnosis import Diagnosis
from experiments.diagnostics.event import Event, measure_event
from experiments.diagnostics.reading import in_words, read_event
from experiments.diagnostics.rule import read_rule
from experiments.errors import InputError

SMALL_FALL_DEVIATIONS = 4.0


def diagnose(
    bars_path: str | Path,
    event_start: str | datetime | None = None,
    reference: str | Path | None = None,
    out: str | Path | None = None,
    *,
    symbol: str | None = None,
    reference_symbol: str | None = None,
    calm_days: float = 30.0,
    rule: str | Path | None = None,
) -> Diagnosis:
    """Diagnose one event on real bars.

    Parameters
    ----------
    bars_path
        CSV file of bars, see `experiments.bars.load_bars`.
    event_start
        When the event begins, ISO 8601, UTC unless it says otherwise; P0 is the last close then. None: the
        largest fall within a day, from its pre-fall level (`largest_fall_start`).
    reference
        CSV file of an equity index, intraday or daily; closed hours and days may be missing.
    out
        Folder for ``diagnosis.json`` and ``diagnosis.png``; None writes nothing.
    symbol, reference_symbol
        Which instrument of a file that holds several.
    calm_days
        Longest calm before the event to compare volatility and volume with, days.
    rule
        File of thresholds, as `experiments.discriminate` writes it; the package's own by default.

    Raises
    ------
    InputError
        One line that says what is wrong with the input; nothing is written then.
    """
    from experiments.output import prepare_folder

    chosen = read_rule(Path(rule)) if rule is not None else None
    bars = load_bars(bars_path, symbol)
    outside = load_bars(reference, reference_symbol, closed_markets=True) if reference is not None else None
    path = bars.path()
    try:
        start_s = largest_fall_start(path) if event_start is None else _start(event_start, bars)
        event = measure_event(path, start_s, outside.path() if outside else None, calm_days=calm_days)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{bars.name}: {error}") from error
    _refuse_gaps(bars, event)
    reading = read_event(
        event.sustained.after_s,
        event.sustained.observed_s,
        event.median_recovery,
        event.volatility["3d"],
        event.beta.share if event.beta else math.nan,
        event.sustained.held_s,
        chosen,
    )
    warnings = _warnings(bars, event, outside is not None)
    result = Diagnosis(bars, outside.name if outside else None, event_start is None, event, reading, warnings)
    if out is not None:
        _write(result, prepare_folder(Path(out)))
    return result


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """Print the measures, the evidence and the verdict to the terminal."""
    from experiments.diagnostics.table import print_diagnosis as print_table

    print_table(diagnosis)


def _start(event_start: str | datetime, bars: Bars) -> float:
    try:
        moment = datetime.fromisoformat(event_start) if isinstance(event_start, str) else event_start
    except ValueError as error:
        raise InputError(
            f"event start {event_start!r} is no time in ISO 8601, as 2025-10-10T20:50"
        ) from error
    start_s = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not float(bars.begin_s[0]) <= start_s < float(bars.end_s[-1]):
        raise InputError(f"event start {stamp(start_s)} UTC is outside {bars.name} ({bars.span})")
    return start_s


def _refuse_gaps(bars: Bars, event: Event) -> None:
    """Refuse bars missing from an hour before the event to a day after its low; elsewhere they are noted."""
    first, last = event.fall.start_s - HOUR_S, event.fall.low_s + DAY_S
    inside = [gap for gap in bars.gaps if gap.before_s > first and gap.after_s < last]
    if inside:
        missing = sum(gap.missing for gap in inside)
        where = f"the first after {stamp(inside[0].after_s)} UTC"
        raise InputError(f"{bars.name}: {missing} bars are missing inside the event, {where}")


def _warnings(bars: Bars, event: Event, has_reference: bool) -> tuple[str, ...]:
    lines = []
    if bars.gaps:
        missing = sum(gap.missing for gap in bars.gaps)
        where = f"in {len(bars.gaps)} gaps, the first after {stamp(bars.gaps[0].after_s)} UTC"
        lines.append(f"{missing} bars are missing outside the event ({where}); they add no returns")
    if event.first_touch.observed_s < 3 * DAY_S:
        span = in_words(event.first_touch.observed_s)
        lines.append(f"the bars end {span} after the low, so later measures are unknown")
    calm_s = event.calm_s[1] - event.calm_s[0]
    if calm_s < 2 * DAY_S:
        lines.append(f"only {in_words(calm_s)} of calm before the event to compare with")
    if event.calm_deviations < SMALL_FALL_DEVIATIONS:
        size = f"{event.calm_deviations:.1f} standard deviations of the calm"
        lines.append(f"the fall is only {size}: hardly an event")
    if has_reference and event.beta is None:
        lines.append("the reference does not cover the worst leg and enough time around it: no beta share")
    return tuple(lines)


def _write(diagnosis: Diagnosis, folder: Path) -> None:
    from experiments.diagnostics.figure import draw_diagnosis
    from experiments.output import write_bytes, write_text

    figure = draw_diagnosis(diagnosis)
    write_text(folder / "diagnosis.json", json.dumps(diagnosis.as_table(), indent=2) + "\n")
    write_bytes(folder / "diagnosis.png", figure)
