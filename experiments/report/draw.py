"""Draw the figures as PNG; the same numbers give the same bytes."""

import io
from collections.abc import Iterable, Sequence
from concurrent.futures import BrokenExecutor, Executor
from contextlib import suppress

from matplotlib.figure import Figure

from experiments.chapter import Chapter
from experiments.pools import LocalPool
from experiments.report.figures import FIGURES, PANELS, WHOLE, figure_of, has_figure, overview_of

Pictures = dict[str, dict[str, bytes]]
ALL = (*FIGURES, *PANELS, *WHOLE)
"""Names of all figures of one scenario."""


def draw_all(chapters: Sequence[Chapter], workers: int = 1) -> tuple[Pictures, bytes]:
    """Draw everything.

    Parameters
    ----------
    chapters
        The scenarios.
    workers
        Processes to draw in; 1 draws in this one.

    Returns
    -------
    figures
        Scenario -> figure -> PNG bytes.
    overview
        See `draw_overview`.
    """
    if workers > 1:
        with suppress(BrokenExecutor), LocalPool(workers) as pool:
            return _draw_in(pool.executor, chapters, workers)
    return {item.ensemble.name: draw_chapter(item, ALL) for item in chapters}, draw_overview(chapters)


def _draw_in(executor: Executor, chapters: Sequence[Chapter], parts: int) -> tuple[Pictures, bytes]:
    """Draw in an executor, the figures of each scenario in so many parts."""
    overview = executor.submit(draw_overview, chapters)
    drawing = [
        [executor.submit(draw_chapter, chapter, ALL[first::parts]) for first in range(parts)]
        for chapter in chapters
    ]
    figures: Pictures = {}
    for chapter, futures in zip(chapters, drawing, strict=True):
        drawn = {name: picture for future in futures for name, picture in future.result().items()}
        figures[chapter.ensemble.name] = {name: drawn[name] for name in ALL if name in drawn}
    return figures, overview.result()


def draw_chapter(chapter: Chapter, names: Iterable[str] = ALL) -> dict[str, bytes]:
    """Return the figures of one scenario, by name; those that it has nothing for are left out."""
    return {name: _png(figure_of(name, chapter)) for name in names if has_figure(name, chapter.ensemble)}


def draw_overview(chapters: Sequence[Chapter]) -> bytes:
    """Return all scenarios beside each other in one picture."""
    return _png(overview_of(chapters))


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
