"""The rule by which an event is read: two thresholds for each piece of evidence, in a file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from experiments.errors import InputError

EVIDENCE = (
    "half_recovery_sustained_minutes",
    "recovery_share_median_1_24h",
    "volatility_ratio_3d",
    "equity_beta_share",
)
"""Metrics that a rule may judge by, in the order in which they are shown."""


@dataclass(frozen=True)
class Thresholds:
    """Where a metric begins to speak for a cascade, and where for a repricing; the two differ."""

    cascade: float
    repricing: float


@dataclass(frozen=True)
class Rule:
    """Thresholds by metric, and where they come from; a metric of `EVIDENCE` without any has no vote."""

    source: str
    thresholds: Mapping[str, Thresholds]

    def to_toml(self) -> str:
        """Return the rule as a file says it."""
        lines = [f'source = "{self.source}"']
        for name, own in self.thresholds.items():
            lines += ["", f"[{name}]", f"cascade = {own.cascade!r}", f"repricing = {own.repricing!r}"]
        return "\n".join(lines) + "\n"


@cache
def shipped_rule() -> Rule:
    """Return the rule that comes with the package."""
    return read_rule(Path(__file__).with_name("rule.toml"))


def read_rule(path: Path) -> Rule:
    """Return the rule of a file.

    Raises
    ------
    InputError
        With one line that says what is wrong with the file.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"rule file {path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"rule file {path}: not valid TOML ({error})") from error
    source = data.pop("source", "")
    thresholds = {}
    for name, table in data.items():
        if name not in EVIDENCE:
            raise InputError(f"rule file {path}: unknown metric {name!r} (known: {', '.join(EVIDENCE)})")
        if not isinstance(table, dict) or set(table) != {"cascade", "repricing"}:
            raise InputError(f"rule file {path}: {name} must have cascade and repricing, and nothing else")
        bounds = [table["cascade"], table["repricing"]]
        if not all(isinstance(bound, int | float) and not isinstance(bound, bool) for bound in bounds):
            raise InputError(f"rule file {path}: {name}: cascade and repricing must be numbers, got {bounds}")
        if bounds[0] == bounds[1]:
            raise InputError(f"rule file {path}: {name}: cascade and repricing must differ, got {bounds[0]}")
        thresholds[name] = Thresholds(float(bounds[0]), float(bounds[1]))
    return Rule(str(source), {name: thresholds[name] for name in EVIDENCE if name in thresholds})
