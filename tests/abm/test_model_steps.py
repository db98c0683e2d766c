"""The model: steps, accounts, the published view, and agents with a step of their own."""

import mesa
import numpy as np
import pytest

from abm.ledger.invariants import check
from experiments.build import build


def test_steps_time_and_the_end_of_a_run(small):
    model = build(small(), 1, views=False)
    model.run(30.0)
    assert (model.clock.now_s, model.clock.index, model.recorder.steps) == (30.0, 19, 20)
    assert model.running
    model.run()
    assert not model.running
    assert model.recorder.steps == model.clock.steps() == model.steps
    trace = model.trace({"news": 60.0})
    assert trace.time_s[-1] == 300.0
    assert trace.marks == {"news": 60.0}
    assert {len(series) for series in trace.by_instrument.values()} == {model.steps}
    model.run()
    assert model.recorder.steps == model.steps == 182


def test_prices_by_name(small):
    model = build(small(), 1, views=False)
    assert model.price("ETH-SPOT") == 4000.0
    assert model.hub.perpetuals().tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="XRP"):
        model.price("XRP-PERP")


def test_accounts_of_agents_added_by_hand(small):
    model = build(small(), 1, spare_accounts=2)
    first, second = model.hub.open_account(1000.0, 5), model.hub.open_account(0.0, 125)
    assert second == first + 1
    assert model.hub.ledger.cash[0, first] == 1000 * 10**6
    assert set(model.hub.ledger.leverage[:, second].tolist()) == {125}
    check(model.hub.ledger)
    with pytest.raises(ValueError, match="no spare account left"):
        model.hub.open_account(1.0, 1)


@pytest.mark.parametrize(("deposit", "leverage"), [(-1.0, 5), (1.0, 0), (1.0, 126)])
def test_impossible_accounts_are_refused(small, deposit, leverage):
    model = build(small(), 1)
    with pytest.raises(ValueError, match=r"deposit_usd .* leverage .* from 1 to 125"):
        model.hub.open_account(deposit, leverage)


def test_agents_see_the_market_as_late_as_the_feed_is(small):
    model = build(small({"venues.hub.outages": [{"start_s": 100, "end_s": 110}]}), 1, views=False)
    model.run(99.0)
    assert np.array_equal(model.hub.published, model.hub.view)
    last_seen = model.hub.published.copy()
    for second in range(1, 11):
        model.step()
        assert model.hub.gateway.feed_delay_s == second
        assert np.array_equal(model.hub.published, last_seen)
    model.step()
    assert model.hub.gateway.feed_delay_s == 0.0
    assert np.array_equal(model.hub.published, model.hub.view)


def test_a_backlog_shows_what_was_true_as_long_ago_as_it_is_long(small):
    model = build(small({"venues.hub.capacity_per_s": 15}), 1, views=False)
    model.run(20.0)
    shown = []
    while model.clock.now_s < 120.0:
        model.step()
        shown.append(
            (
                model.clock.now_s,
                model.hub.gateway.feed_delay_s,
                model.hub.view.copy(),
                model.hub.published.copy(),
            )
        )
    delays = [delay for _, delay, _, _ in shown]
    assert max(delays) > 3.0
    times = np.array([now for now, *_ in shown])
    checked = 0
    for now, delay, _, published in shown:
        past = np.searchsorted(times, now - delay, side="right") - 1
        if delay > 0.0 and past >= 0 and np.array_equal(published, shown[past][2]):
            checked += 1
        elif delay > 0.0 and past >= 0:
            # the feed never runs backwards: it may show something later that it has shown already
            later = [np.array_equal(published, view) for _, _, view, _ in shown[past:]]
            assert any(later)
    assert checked > 10


class Counter(mesa.Agent):
    """A plain Mesa agent that looks and does nothing."""

    def __init__(self, model):
        super().__init__(model)
        self.looks = 0

    def step(self):
        self.looks += 1
        assert self.model.clock.index == self.looks - 1


class Leaver(Counter):
    """Leaves after three steps."""

    def step(self):
        super().step()
        if self.looks == 3:
            self.remove()


def test_plain_mesa_agents_step_once_a_step_and_may_leave(small):
    with_agents, without = build(small(), 1), build(small(), 1)
    agents, leaver = Counter.create_agents(with_agents, 3), Leaver(with_agents)
    for model in (with_agents, without):
        model.run(40.0)
    assert {agent.looks for agent in agents} == {with_agents.steps}
    assert leaver.looks == 3
    assert leaver not in with_agents.agents
    assert np.array_equal(with_agents.hub.ledger.cash, without.hub.ledger.cash)


def test_agents_are_asked_by_mesas_own_tools_too(small):
    model = build(small(), 1)
    agents = Counter.create_agents(model, 2)
    model.step()
    assert model.agents_by_type[Counter].agg("looks", sum) == 2
    assert len(model.agents.select(lambda agent: agent in agents)) == 2
