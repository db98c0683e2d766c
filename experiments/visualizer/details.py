"""What a page is told twice a second: liquidation map, agents, stages, events, networks, switches."""

from typing import TYPE_CHECKING, Any

from experiments.visualizer.credit_picture import credit_state
from experiments.visualizer.happenings import latest, running_trace, stages, totals
from experiments.visualizer.liquidation_map import liquidation_map
from experiments.visualizer.open_orders import open_orders
from experiments.visualizer.packing import number
from experiments.visualizer.shown import Arrays
from experiments.visualizer.social_picture import social_network
from experiments.visualizer.view import View

if TYPE_CHECKING:
    from experiments.visualizer.lane import Lane


def details_of(lane: "Lane", view: View) -> tuple[dict[str, Any], Arrays]:
    """Return what is dear to work out of a run that is being simulated."""
    model = lane.model
    exchange = next(item for item in model.exchanges if item.place.start <= view.focus < item.place.stop)
    instrument = view.focus - exchange.place.start
    trace = running_trace(model, lane.scenario)
    header: dict[str, Any] = {
        "mark": number(float(exchange.view["mark"][instrument]), 9),
        "agents": lane.roster.table(view.query),
        "stages": stages(trace, lane.scenario),
        "latest": latest(trace),
        "totals": {name: number(value) for name, value in totals(trace).items()},
        "switches": lane.switches,
    }
    if lane.followed is not None:
        place, account = lane.followed
        header["orders"] = open_orders(model.exchanges[place], account)
    arrays: Arrays = {"map": liquidation_map(exchange, instrument).astype("f4")}
    if lane.social is not None:
        arrays["mood"] = lane.social.mood(social_network(model).sentiment)
    credit = credit_state(model)
    if credit is not None:
        header["credit"] = credit
    return header, arrays
