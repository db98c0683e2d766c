"""The market in Mesa's own SolaraViz: ``solara run experiments.visualizer.app``.

Needs the extra ``undertow[solara]``. Its charts are the painter of `undertow viz`, each a widget for any page
of SolaraViz: ``SolaraViz(model, components=[charts("prices"), charts("heatmap")])``.
"""

import os
from collections.abc import Callable
from typing import Any

import solara
from mesa.visualization import Slider, SolaraViz
from mesa.visualization.utils import update_counter

from experiments.scenarios import shipped
from experiments.visualizer.mesa_market import MesaMarket
from experiments.visualizer.painter import Painter


def charts(*names: str) -> Callable[[MesaMarket], Any]:
    """Return a component for SolaraViz that paints charts, of `experiments.visualizer.painter.CHARTS`."""

    @solara.component
    def Charts(model: MesaMarket) -> None:  # noqa: N802
        update_counter.get()
        painted = solara.use_memo(dict, [id(model)])

        def note(steps: int) -> None:
            painted["steps"] = steps

        frame = model.frame(painted.get("steps", 0))
        Painter.element(charts=list(names), known=model.layout, frame=frame, on_have=note)

    return Charts


SCENARIO = os.environ.get("UNDERTOW_SCENARIO", "october-2025")
"""What the page begins with: a shipped scenario, or a file."""


def parameters(market: MesaMarket) -> dict[str, Any]:
    """Return what the sidebar offers, with the present values of the scenario."""
    scenario = market.lane.scenario
    names = sorted({*shipped(), SCENARIO})
    retail, makers = scenario.retail, scenario.market_maker
    return {
        "scenario": {"type": "Select", "value": SCENARIO, "values": names, "label": "scenario"},
        "seed": {"type": "InputText", "value": 1, "label": "seed"},
        "traders": Slider("retail traders", retail.traders, 100, max(20_000, retail.traders), 100),
        "leverage": Slider("median leverage", retail.leverage_median, 1.0, 25.0, 0.5),
        "panic_per_hour": Slider("retail: panic, 1/hour", retail.panic_per_hour, 0.0, 10.0, 0.1),
        "loss_limit": Slider("makers: loss limit, share", makers.loss_limit, 0.01, 0.5, 0.01),
    }


@solara.component
def Page() -> None:  # noqa: N802
    """Show the whole page, or what is going on until the market stands."""
    building = solara.use_thread(lambda: MesaMarket(SCENARIO), dependencies=[])
    if building.state == solara.ResultState.ERROR:
        solara.Error(str(building.error))
    elif building.value is None:
        solara.Text(
            "Building the market and running its calm. The first start compiles, which takes a minute."
        )
        solara.ProgressLinear(value=True)
    else:
        market = building.value
        SolaraViz(
            market,
            components=[
                charts("prices"),
                charts("heatmap"),
                charts("map", "closures"),
                charts("makers", "network"),
                charts("interest", "funding", "funds", "mood"),
            ],
            model_params=parameters(market),
            name="Undertow",
            play_interval=1,
        )
