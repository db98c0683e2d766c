"""The painter of the page as a widget: the same charts in SolaraViz, Jupyter, or any host of anywidget."""

from typing import Any

import anywidget
import traitlets

from experiments.visualizer.bundle import bundle

CHARTS = ("prices", "heatmap", "map", "makers", "closures", "interest", "funding", "funds", "mood", "network")


class Painter(anywidget.AnyWidget):
    """Charts of one run.

    Attributes
    ----------
    charts
        Which charts, of `CHARTS`.
    known
        What `experiments.visualizer.layout.layout` says of the run.
    frame
        The newest frame (`experiments.visualizer.frame.frame`).
    have
        How many steps the browser has painted: the next frame may begin there.
    """

    _esm = bundle()
    charts = traitlets.List(traitlets.Enum(CHARTS)).tag(sync=True)
    known = traitlets.Dict({}).tag(sync=True)
    frame = traitlets.Bytes(b"").tag(sync=True)
    have = traitlets.Int(0).tag(sync=True)

    def __init__(self, *charts: str, **options: Any) -> None:
        super().__init__(**({"charts": list(charts)} if charts else {}), **options)
