"""Row views behave as Mesa agents; own agents join any scenario; discarded models are freed."""

import gc
import pickle
import weakref

import mesa
import numpy as np
import pytest

from agents.leveraged_retail import LeveragedRetail
from agents.market_maker import MarketMaker
from agents.trader import Trader
from experiments.build import build
from experiments.scenarios import load
from experiments.scenarios.schema import Scenario

SMALL = {
    "retail.traders": 120,
    "herd.traders": 30,
    "noise.traders": 30,
    "fundamentalist.traders": 24,
    "phases": [{"until_s": 60, "step_s": 1}],
    "crash": {"start_s": 10, "end_s": 60},
}


def small(name: str = "october-2025") -> Scenario:
    return load(name, SMALL)


def test_agent_sets_read_and_write_the_columns() -> None:
    model = build(small(), 1)
    retail = model.agents_by_type[LeveragedRetail]
    assert len(retail) == 120
    strong = retail.select(lambda agent: agent.leverage >= 10)
    tables = [crowd.table for crowd in model.crowds if crowd.kind == "leveraged_retail"]
    assert len(tables) == len(model.exchanges)
    assert len(strong) == sum(int((table["leverage"] >= 10).sum()) for table in tables)
    wealth = sum(float(table["wealth_usd"].sum()) for table in tables)
    assert retail.agg("wealth_usd", sum) == pytest.approx(wealth)
    retail.set("susceptibility", 0.25)
    assert all((table["susceptibility"] == 0.25).all() for table in tables)
    assert set(retail.get("susceptibility")) == {0.25}


def test_data_collector_takes_model_and_agent_reporters() -> None:
    model = build(small(), 1)
    model.datacollector = mesa.DataCollector(
        model_reporters={"mood": "mean_mood"} if hasattr(model, "mean_mood") else {"seed": "seed_used"},
        agenttype_reporters={MarketMaker: {"quoting": "quoting"}},
    )
    for _ in range(3):
        model.step()
    frame = model.datacollector.get_agenttype_vars_dataframe(MarketMaker)
    assert len(frame) == 3 * len(model.agents_by_type[MarketMaker])
    assert (frame["quoting"] == len(model.instrument_names)).all()


@pytest.mark.parametrize("views", [False, True])
def test_a_pickled_model_goes_on_as_the_original(views: bool) -> None:
    model = build(small(), 2, views=views)
    model.run(20.0)
    twin = pickle.loads(pickle.dumps(model))
    model.run(40.0)
    twin.run(40.0)
    for name, series in model.trace().by_instrument.items():
        np.testing.assert_array_equal(series, twin.trace().by_instrument[name])


class Buyer(Trader):
    """Buys a little once."""

    def step(self) -> None:
        if self.position("BTC-PERP") == 0.0:
            self.buy("BTC-PERP", 0.01)


@pytest.mark.parametrize("name", ["calm", "october-2025", "covid-2020"])
def test_a_hand_written_trader_joins_every_scenario(name: str) -> None:
    model = build(small(name), 3, views=False)
    buyer = Buyer(model, deposit_usd=100_000.0)
    model.run(5.0)
    assert buyer.position("BTC-PERP") == pytest.approx(0.01)


def test_discarded_models_are_freed() -> None:
    model = build(small(), 4)
    model.step()
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
