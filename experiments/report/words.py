"""Numbers, units and lists of words as one writes them."""

import math
from collections.abc import Sequence

from experiments.statistics import Estimate


def number(value: float) -> str:
    """Return a value with three significant digits, without exponent where that is readable."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0.0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size >= 7 or size < -4:
        text = f"{value:.2e}"
    else:
        text = f"{value:,.{max(0, 2 - size)}f}"
    if "." in text and "e" not in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def with_unit(value: float, unit: str) -> str:
    """Return a value with its unit as one writes it; long times in hours or days."""
    if unit == "minutes" and abs(value) >= 2880 and math.isfinite(value):
        return f"{number(value / 1440)} days"
    if unit == "minutes" and abs(value) >= 180 and math.isfinite(value):
        return f"{number(value / 60)} hours"
    if unit == "ratio":
        return f"{number(value)} times"
    if unit == "share":
        return f"{number(round(100 * value, 1))} %"
    if unit == "count":
        return number(value)
    return f"{number(value)} {unit}"


def span(low: float, high: float, unit: str) -> str:
    """Return ``8 to 30 minutes``: the unit once where both ends have the same."""
    first, last = with_unit(low, unit), with_unit(high, unit)
    if math.isinf(high):
        return f"at least {first}"
    shared = last.partition(" ")[2]
    return (
        f"{first.removesuffix(shared).rstrip()} to {last}" if first.endswith(shared) else f"{first} to {last}"
    )


def interval(estimate: Estimate, unit: str) -> str:
    """Return the interval in brackets, or nothing where there is none."""
    if math.isnan(estimate.low):
        return ""
    factor = 100.0 if unit == "share" else 1.0
    bounds = (factor * estimate.low, factor * estimate.high)
    low, high = (number(round(bound, 1) if unit == "share" else bound) for bound in bounds)
    return f" [{low} to {high}]"


def in_some_seeds(known: int, seeds: int) -> str:
    """Return in how many seeds a quantity is defined, or nothing where it is in all or in none."""
    return f" (in {known} of {seeds} seeds)" if 0 < known < seeds else ""


def change(value: float, unit: str) -> str:
    """Return a difference with its sign; that of shares and percentages in percentage points."""
    sign = "+" if value > 0.0 else ""
    if unit == "share":
        return f"{sign}{number(round(100 * value, 1))} points"
    if unit.startswith("%"):
        return f"{sign}{number(value)} points"
    return sign + (number(value) if unit == "ratio" else with_unit(value, unit))


def join(parts: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def plural(count: int, noun: str, many: str = "") -> str:
    """Return ``1 seed`` or ``3 seeds``."""
    return f"{count} {noun}" if count == 1 else f"{count} {many or noun + 's'}"


def capital(text: str) -> str:
    """Return ``text`` with a capital first letter."""
    return text[:1].upper() + text[1:]
