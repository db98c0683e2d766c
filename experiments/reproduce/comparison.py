"""Ours beside the published numbers: one tidy table for every paper."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

Source = Literal["paper", "exact", "reference run"]

STANDARD_ERRORS = 3.0
EXACT = 1e-9
"""Room for rounding where nothing is random."""


@dataclass(frozen=True)
class Row:
    """One number.

    Attributes
    ----------
    quantity
        What it is.
    ours
        What the framework gives.
    published
        What it is compared with; nan when there is nothing.
    error
        Standard error of ours, 0 when nothing is random.
    source
        Where the published number is from: printed in the paper, exact by closed form or recursion, or an
        earlier independent simulation of the paper's model.
    published_error
        Standard error of the published number, where it is a simulation.
    allowed
        Largest difference that is a hit; by default three standard errors, both errors taken together.
    at
        Value of the parameter that varies within ``quantity``.
    runs
        Number of runs from whose spread the error is estimated. With few, three standard errors become the
        quantile of Student's t that is as rare.
    """

    quantity: str
    ours: float
    published: float
    error: float = 0.0
    source: Source = "exact"
    published_error: float = 0.0
    allowed: float | None = None
    at: float = np.nan
    runs: int = 0


def compared(rows: list[Row]) -> pd.DataFrame:
    """Return a table with one line for each row.

    Columns: ``quantity``, ``at`` (nan where nothing varies), ``ours``, ``standard_error``, ``published``,
    ``source``, ``allowed`` (largest difference that is a hit) and ``verdict``: hit, miss, or a dash where
    there is nothing to compare with.
    """
    lines = []
    for row in rows:
        both = float(np.hypot(row.error, row.published_error))
        allowed = row.allowed if row.allowed is not None else max(errors_allowed(row.runs) * both, EXACT)
        known = np.isfinite(row.published)
        lines.append(
            {
                "quantity": row.quantity,
                "at": row.at,
                "ours": float(row.ours),
                "standard_error": float(row.error),
                "published": float(row.published),
                "source": row.source if known else "",
                "allowed": allowed if known else np.nan,
                "verdict": ("hit" if abs(row.ours - row.published) <= allowed else "miss") if known else "–",
            }
        )
    return pd.DataFrame(lines)


def label_of(quantity: str, at: float) -> str:
    """Return the name of a number: "price by leverage, long" at 10 is "price, leverage 10, long"."""
    if np.isnan(at):
        return quantity
    name, _, varies = quantity.partition(" by ")
    parameter, comma, case = varies.partition(",")
    return f"{name.rstrip(',')}, {parameter} {at:g}{comma}{case}"


def errors_allowed(runs: int) -> float:
    """Return how many estimated standard errors are as rare to be passed as three true ones."""
    if runs < 2:
        return STANDARD_ERRORS
    return float(stats.t.ppf(stats.norm.cdf(STANDARD_ERRORS), runs - 1))


def mean_and_error(values: npt.ArrayLike) -> tuple[float, float]:
    """Return the mean of independent values and its standard error."""
    sample = np.asarray(values, np.float64)
    return float(sample.mean()), float(sample.std(ddof=1) / np.sqrt(len(sample)))


def share_and_error(hits: int, draws: int) -> tuple[float, float]:
    """Return a share and its binomial standard error.

    The error is that of the share with two successes and two failures added (Agresti and Coull 1998), which
    does not vanish at 0 and 1.
    """
    shrunk = (hits + 2.0) / (draws + 4.0)
    return hits / draws, float(np.sqrt(shrunk * (1.0 - shrunk) / (draws + 4.0)))
