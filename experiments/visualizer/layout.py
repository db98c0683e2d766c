"""What a page must know of a market before the first frame: names, units, scales."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from abm.instruments import PERPETUAL
from abm.measures.stages import STAGES
from abm.venues.presets.loader import preset_names
from agents.making.deciding import REASONS
from agents.market_maker import MarketMakers
from experiments.visualizer import book_picture, liquidation_map
from experiments.visualizer.credit_picture import credit_layout
from experiments.visualizer.parameters import sliders
from experiments.visualizer.roster import COLUMNS
from experiments.visualizer.sellers import collateral_coins
from experiments.visualizer.track import TRACK

if TYPE_CHECKING:
    from experiments.visualizer.lane import Lane

SERIES = (
    "last",
    "mark",
    "depth_bid",
    "depth_ask",
    "open_interest",
    "funding",
    "liquidated_long",
    "liquidated_short",
    "adl",
)
"""Series of each instrument that a frame carries, of `abm.trace.INSTRUMENT_SERIES`."""


def world_series(exchanges: Iterable[str]) -> list[str]:
    """Return the names of the series of the whole market that a frame carries."""
    names = list(exchanges)
    own = [f"{series}@{name}" for series in ("insurance_fund", "feed_delay_s") for name in names]
    return ["sentiment", "equity_index", "makers_quoting", *own]


def layout(lane: "Lane") -> dict[str, Any]:
    """Return names, units and scales of everything in the frames of ``lane``."""
    model, scenario = lane.model, lane.scenario
    instruments = [
        {
            "name": name,
            "exchange": exchange.name,
            "coin": model.asset_names[int(exchange.table["asset"][i])],
            "kind": "perpetual" if exchange.table["kind"][i] == PERPETUAL else "spot",
            "tick": float(exchange.table["tick"][i]),
            "pool": exchange.pool is not None,
        }
        for exchange in model.exchanges
        for i, name in enumerate(exchange.instrument_names)
    ]
    makers = next((crowd for crowd in model.crowds if isinstance(crowd, MarketMakers)), None)
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "seed": model.seed_used,
        "start_utc": scenario.start_utc,
        "duration_s": scenario.duration_s,
        "steps": model.clock.steps(),
        "phases": [[phase.until_s, phase.step_s] for phase in scenario.phases],
        "crash": {"start_s": scenario.crash.start_s, "end_s": scenario.crash.end_s},
        "news": [{"name": item.name, "time_s": item.time_s} for item in scenario.news],
        "exchanges": [exchange.name for exchange in model.exchanges],
        "assets": model.asset_names,
        "coins": [asset.name for asset in scenario.assets if asset.perpetual],
        "instruments": instruments,
        "shown": lane.shown,
        "series": list(SERIES),
        "world": lane.world,
        "stages": STAGES,
        "kinds": lane.roster.kinds,
        "makers": 0 if makers is None else len(makers.table),
        "reasons": {str(code): text for code, text in REASONS.items()},
        "agents": list(COLUMNS),
        "track": list(TRACK),
        "sliders": sliders(scenario),
        "heatmap": {
            "bins": book_picture.BINS,
            "reach": book_picture.REACH,
            "low_usd": book_picture.LOW_USD,
            "high_usd": book_picture.HIGH_USD,
        },
        "social": None if lane.social is None else lane.social.layout(),
        "credit": credit_layout(model),
        "pegged": collateral_coins(model),
        "presets": {"known": preset_names(), "now": {venue.name: venue.preset for venue in scenario.venues}},
        "replay": False,
        "map": {"bins": liquidation_map.BINS, "reach": liquidation_map.REACH},
    }
