"""Money and positions are conserved to the last unit after every step of every scenario, with every twin."""

import pytest

from abm.ledger.accounts import OUTSIDE
from abm.ledger.invariants import broken_invariants
from agents.trader import Trader
from experiments.build import build
from experiments.mechanisms import BASELINE, COMPARED, MECHANISMS, twin_without
from experiments.scenarios import load, shipped

STEPS = 300
TWINS = (BASELINE, *COMPARED, twin_without(MECHANISMS))
FEWER = {
    "retail.traders": 300,
    "herd.traders": 60,
    "noise.traders": 90,
    "fundamentalist.traders": 36,
    "arbitrageur.traders": 9,
}


class Restless(Trader):
    """Sends orders of every kind at random, in every instrument."""

    def step(self):
        draw = self.model.random
        for name in draw.sample(self.exchange.instrument_names, 2):
            mid = self.mid(name)
            quantity = draw.expovariate(1.0) * self.cash_usd / mid
            price = draw.choice([None, mid * draw.uniform(0.97, 1.03)])
            act = self.buy if draw.random() < 0.5 else self.sell
            options = {key: draw.random() < 0.3 for key in ("post_only", "immediate", "reduce_only")}
            if quantity > 0:
                number = act(name, quantity, price, **options)
                if draw.random() < 0.3:
                    self.cancel(name, number)


def shortened(name):
    """A shipped scenario with its causes moved into ten minutes, fewer traders, and larger news."""
    scenario = load(name)
    end_s = 2.0 * STEPS
    overrides = FEWER | {"phases": [{"until_s": end_s, "step_s": 2.0}]}
    overrides |= {"crash.start_s": 0.2 * end_s, "crash.end_s": end_s, "crash.news_leg_s": 0.1 * end_s}
    for k, event in enumerate(scenario.news):
        share = (k + 1) / (len(scenario.news) + 1)
        overrides |= {f"news.{k}.time_s": share * end_s, f"news.{k}.duration_s": 10.0}
        overrides |= {f"news.{k}.size": 4.0 * event.size if -0.2 < event.size < 0 else event.size}
    for k in range(len(scenario.venues[0].outages)):
        overrides |= {
            f"venues.0.outages.{k}.start_s": 60.0 * k,
            f"venues.0.outages.{k}.end_s": 60.0 * k + 20.0,
        }
    if scenario.whale is not None:
        overrides |= {"whale.start_s": 0.0, "whale.end_s": 0.2 * end_s}
    return load(name, overrides)


def run_checked(model):
    """Step to the end; nothing may be out of balance at the start or after any step."""
    issued = [exchange.ledger.issued.copy() for exchange in model.exchanges]
    paid_in = paid_in_by_now(model)
    assert paid_in < 0
    while model.running:
        for exchange in model.exchanges:
            assert broken_invariants(exchange.ledger) == [], f"{exchange.name}, step {model.clock.index}"
        assert paid_in_by_now(model) == paid_in
        model.step()
    for exchange, at_first in zip(model.exchanges, issued, strict=True):
        assert broken_invariants(exchange.ledger) == []
        assert (exchange.ledger.issued == at_first).all()
        assert (exchange.ledger.position == exchange.books.position).all()
    assert paid_in_by_now(model) == paid_in


def paid_in_by_now(model):
    """What the world outside owes all exchanges together, less what is on its way between them."""
    outside = sum(int(exchange.ledger.cash[0, OUTSIDE]) for exchange in model.exchanges)
    return outside - model.transfers.in_transit


@pytest.mark.parametrize("name", list(shipped()))
def test_every_shipped_scenario_with_a_trader_written_by_hand(name):
    model = build(shortened(name), 1, views=False)
    traders = [Restless(model, deposit_usd=200_000.0, leverage=20) for _ in range(3)]
    run_checked(model)
    assert model.recorder.steps == STEPS
    assert model.recorder.by_instrument["volume"].sum() > 0
    assert any(trader.cash_usd != 200_000.0 for trader in traders)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_twin_of_the_small_scenario(small, seed, twin):
    model = build(small(), seed, twin)
    Restless(model, deposit_usd=200_000.0, leverage=20)
    run_checked(model)


@pytest.mark.parametrize(
    "venue", [{"venues.hub.capacity_per_s": 20}, {"venues.hub.outages": [{"start_s": 62, "end_s": 90}]}]
)
def test_with_an_overloaded_or_closed_venue(small, venue):
    model = build(small(venue), 1)
    run_checked(model)
    assert model.recorder.world["feed_delay_s"].max() > 5.0


def test_with_a_fund_that_is_empty(small):
    model = build(small({"venues.hub.insurance_fund_over_open_interest": 0}), 1)
    run_checked(model)
    assert len(model.trace().events["adl"]) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", list(shipped()))
@pytest.mark.parametrize("twin", TWINS)
def test_every_shipped_scenario_in_full(name, twin):
    model = build(load(name, {"retail.traders": 500}), 1, twin, views=False)
    run_checked(model)
