"""Draw the figures as PNG; the same numbers give the same bytes."""

import io
from collections.abc import Iterable, Sequence

from matplotlib.figure import Figure

from experiments.chapter import Chapter
from experiments.report.figures import FIGURES, PANELS, WHOLE, figure_of, has_figure, overview_of


def draw_all(chapters: Sequence[Chapter]) -> dict[str, dict[str, bytes]]:
    """Return scenario -> figure -> PNG bytes."""
    return {chapter.ensemble.name: draw_chapter(chapter) for chapter in chapters}


def draw_chapter(chapter: Chapter, names: Iterable[str] = (*FIGURES, *PANELS, *WHOLE)) -> dict[str, bytes]:
    """Return the figures of one scenario, by name; those that it has nothing for are left out."""
    return {name: _png(figure_of(name, chapter)) for name in names if has_figure(name, chapter.ensemble)}


def draw_overview(chapters: Sequence[Chapter]) -> bytes:
    """Return all scenarios beside each other in one picture."""
    return _png(overview_of(chapters))


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
