"""What we ask of the market: scenarios, runs, comparison, diagnostics, reports and the command line."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.stored_runs import StoredRuns

__all__ = ["load"]


def load(folder: Path | str, *, every: bool = False) -> "StoredRuns":
    """Return the runs of a sweep from its folder: ``.table`` as pandas, ``.traces`` opened when asked for.

    Parameters
    ----------
    folder
        Where `undertow sweep` wrote.
    every
        Whether to read runs of earlier plans in the same folder too.

    Raises
    ------
    InputError
        When there are no runs.
    """
    from experiments.stored_runs import StoredRuns

    return StoredRuns(folder, every=every)
