"""Draw every figure of every scenario as PNG."""

import io
from collections.abc import Iterable, Sequence

from experiments.chapter import Chapter
from experiments.report.figures import FIGURES


def draw_all(chapters: Sequence[Chapter]) -> dict[str, dict[str, bytes]]:
    """Return scenario -> figure -> PNG bytes; the same numbers give the same bytes."""
    return {chapter.ensemble.name: draw_chapter(chapter) for chapter in chapters}


def draw_chapter(chapter: Chapter, names: Iterable[str] = tuple(FIGURES)) -> dict[str, bytes]:
    """Return the figures of one scenario, by name."""
    pictures = {}
    for name in names:
        stream = io.BytesIO()
        FIGURES[name](chapter.ensemble, chapter.real).savefig(
            stream, format="png", metadata={"Software": None}
        )
        pictures[name] = stream.getvalue()
    return pictures
