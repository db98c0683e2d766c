"""Playing, going back, changing and forking a run, without a page."""

import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from abm.ledger.invariants import broken_invariants
from experiments.build import build
from experiments.errors import InputError
from experiments.scenarios import load, parse
from experiments.visualizer import changes, exports
from experiments.visualizer.difference import difference
from experiments.visualizer.lane import Lane
from experiments.visualizer.open_orders import count_orders, open_orders
from experiments.visualizer.playback import Playback
from experiments.visualizer.timeline import MOST, Timeline

FUNDS = Path(__file__).parent.parent / "funds.toml"


@pytest.fixture
def playback(small):
    scenario = small()
    playback = Playback(Lane(build(scenario, 1, views=False), scenario))
    reach(playback, 40.0)
    return playback


def reach(playback, time_s):
    playback.jump(time_s)
    while not playback.go_on(10.0):
        pass


def prices(lane):
    return lane.model.recorder.by_instrument["last"][: lane.steps].copy()


def digest(lane):
    """Return all series of a run as bytes."""
    recorder = lane.model.recorder
    rows = recorder.by_instrument
    series = {name: rows[name] for name in rows.dtype.names} | recorder.by_asset | recorder.world
    return {name: values[: lane.steps].tobytes() for name, values in series.items()}


def same_run(lane, model):
    model.run(lane.now_s)
    return prices(lane).tobytes() == model.recorder.by_instrument["last"][: lane.steps].tobytes()


@pytest.mark.parametrize(
    "change",
    [
        changes.InjectOutage(exchange="hub", duration_s=20.0),
        changes.InjectNews(size=-0.05, duration_s=10.0),
        changes.InjectNews(size=0.04, duration_s=0.0),
    ],
)
def test_what_is_injected_can_be_repeated_from_the_scenario_file(playback, change):
    playback.change(0, change)
    reach(playback, 100.0)
    lane = playback.lanes[0]
    text = exports.scenario_toml(lane, 1)
    assert "Changed while it ran" in text
    again = parse(tomllib.loads(text))
    assert again.model_dump() == lane.scenario.model_dump()
    assert same_run(lane, build(again, 1, views=False))


def test_the_scenario_file_says_the_same_when_nothing_was_changed(small):
    for scenario in (small(), load("october-2025")):
        text = exports.to_toml(scenario.model_dump(mode="json", exclude_none=True))
        assert parse(tomllib.loads(text)).model_dump() == scenario.model_dump()


@pytest.mark.parametrize("time_s", [40.0, 90.0])
def test_a_fork_without_a_change_stays_the_same(small, time_s):
    """Through the crash, where traders leave in panic, and also in a copy of a copy."""
    scenario = small({"retail.panic_per_hour": 1000.0})
    playback = Playback(Lane(build(scenario, 1, views=False), scenario))
    reach(playback, time_s)
    reach(playback, 20.0)
    reach(playback, time_s)
    playback.fork(None)
    reach(playback, 180.0)
    a, b = playback.lanes
    assert a.now_s == b.now_s
    assert digest(a) == digest(b)
    assert a.pictures.tobytes() == b.pictures.tobytes()
    assert all(row["a"] == row["b"] for row in difference(a, b))
    alone = Lane(build(scenario, 1, views=False), scenario)
    alone.model.run(180.0)
    assert digest(alone) == digest(b)
    assert np.nansum(alone.recorder.by_instrument["liquidated_long"][: b.steps]) > 1e6
    assert np.abs(alone.recorder.world["sentiment"][: b.steps]).max() > 0.01


def test_a_fork_differs_from_where_it_was_changed(playback):
    steps = playback.lanes[0].steps
    playback.fork(changes.Switch(mechanism="liquidations", on=False))
    reach(playback, 120.0)
    a, b = (prices(lane) for lane in playback.lanes)
    assert a[:steps].tobytes() == b[:steps].tobytes()
    assert a.tobytes() != b.tobytes()
    rows = {row["name"]: row for row in difference(*playback.lanes)}
    assert rows["longs closed"]["a"] > rows["longs closed"]["b"]
    playback.unite(1)
    assert len(playback.lanes) == 1
    assert playback.lanes[0].switches["liquidations"] is False
    with pytest.raises(InputError, match="only one run"):
        playback.unite(0)


def test_there_are_at_most_two_runs(playback):
    playback.fork(None)
    with pytest.raises(InputError, match="two runs already"):
        playback.fork(None)


def test_going_back_repeats_what_was_done_before_that_time(playback):
    playback.change(0, changes.InjectOutage(exchange="hub", duration_s=10.0))
    reach(playback, 60.0)
    playback.fork(changes.InjectNews(size=0.1, duration_s=0.0))
    reach(playback, 80.0)
    before = [prices(lane) for lane in playback.lanes]
    reach(playback, 70.0)
    assert playback.now_s == 70.0
    assert len(playback.lanes) == 2
    for lane, old in zip(playback.lanes, before, strict=True):
        assert prices(lane).tobytes() == old[: lane.steps].tobytes()
        assert len(lane.changes) == (1 if lane is playback.lanes[0] else 2)
    reach(playback, 50.0)
    assert len(playback.lanes) == 1


@dataclass
class Clockwork:
    now_s: float


def test_snapshots_stay_few():
    timeline = Timeline()
    for time_s in range(0, 20_000, 600):
        assert timeline.is_due(time_s)
        timeline.remember([Clockwork(time_s)], 0)
    assert len(timeline._snapshots) == MOST
    assert timeline.back_to(0.0)[0][0].now_s == 0


def test_switches_act_and_are_shown(playback):
    for mechanism in playback.lanes[0].switches:
        playback.change(0, changes.Switch(mechanism=mechanism, on=False))
        assert playback.lanes[0].switches[mechanism] is False
    reach(playback, 100.0)
    lane = playback.lanes[0]
    assert np.nansum(lane.model.recorder.by_instrument["liquidated_long"][: lane.steps]) == 0
    assert float(lane.model.recorder.world["makers_quoting"][: lane.steps].min()) == 1.0


def test_parameters_that_act_at_once_and_those_that_do_not(playback):
    text = playback.change(0, changes.SetParameter(path="market_maker.loss_limit", value=0.5))
    assert "market_maker.loss_limit is 0.5" in text
    maker = next(crowd for crowd in playback.lanes[0].model.crowds if crowd.kind == "market_maker")
    assert maker.parameters.loss_limit == 0.5
    playback.change(0, changes.SetParameter(path="venues.hub.capacity_per_s", value="50"))
    assert playback.lanes[0].model.hub.gateway.access.capacity_per_s == 50
    playback.change(0, changes.SetParameter(path="venues.hub.adl_price", value="mark"))
    assert playback.lanes[0].model.hub.risk.engine.rules.adl.price == "mark"
    for path, value, words in [
        ("retail.traders", 100, "acts only from the start"),
        ("market_maker.loss_limit", 7, "market_maker.loss_limit"),
        ("market_maker.los_limit", 0.5, "did you mean"),
        ("own_agents", "[]", "cannot be set from a page"),
    ]:
        with pytest.raises(ValueError, match=words):
            playback.change(0, changes.SetParameter(path=path, value=value))


def test_a_large_order_trades_and_can_be_followed(playback):
    before = playback.lanes[0].model.price("BTC-PERP")
    playback.change(0, changes.InjectOrder(instrument="BTC-PERP", side="sell", usd=3e6, duration_s=10.0))
    assert "LargeOrder" in playback.lanes[0].roster.kinds
    roster = playback.lanes[0].roster
    account = int(roster.account[roster.kind == roster.kinds.index("LargeOrder")][0])
    playback.follow("hub", account)
    reach(playback, 55.0)
    lane = playback.lanes[0]
    assert len(lane.track) > 10
    assert lane.track[-1][4] < -1e6  # position, USD
    assert lane.model.price("BTC-PERP") < before
    with pytest.raises(InputError, match="no such account"):
        playback.follow("hub", 10**6)


def test_pace_follows_the_speed(playback):
    playback.speed = 200.0
    playback.set_playing(True)
    begun_s = playback.now_s
    begun = time.perf_counter()
    while time.perf_counter() - begun < 0.3:
        playback.play()
    assert 0 < playback.now_s - begun_s <= 0.45 * 200 + 1
    playback.set_playing(False)


def test_after_full_speed_a_speed_is_kept_at_once(playback):
    playback.speed = 0.0
    playback.set_playing(True)
    begun_s = playback.now_s
    while playback.now_s < begun_s + 60.0:
        playback.play()
    playback.speed = 10.0
    at_s, begun = playback.now_s, time.perf_counter()
    while playback.now_s < at_s + 1.0 and time.perf_counter() < begun + 4.0:
        playback.play()
    assert time.perf_counter() - begun < 2.0  # 0.1 s at that speed; 6 s when what it ran ahead counts


def test_at_the_end_it_stops(playback):
    reach(playback, 1e6)
    assert playback.finished
    playback.set_playing(True)
    assert not playback.playing
    playback.step()
    assert playback.now_s == 300.0


def test_a_rumour_frightens_those_who_follow(playback):
    herd = playback.lanes[0].model.networks[0]
    text = playback.change(0, changes.InjectRumour(tone=-0.9, share=0.1))
    assert "19 most followed" in text
    first = herd.sentiment.copy()
    assert (first < -0.8).sum() >= 19
    reach(playback, 55.0)
    assert (herd.sentiment < first - 0.01).sum() > 19  # those who were silent have heard of it
    playback.change(0, changes.Switch(mechanism="herding", on=False))
    with pytest.raises(ValueError, match="nobody in this market"):
        playback.change(0, changes.InjectRumour())


def test_a_coin_that_is_dumped_loses_its_peg_and_money_balances():
    scenario = load(str(FUNDS))
    lane = Lane(build(scenario, 1, views=False), scenario)
    while lane.now_s < 5.0:
        lane.step()
    (coin, *_) = lane.layout()["pegged"]
    before = lane.model.price(coin)
    changes.InjectDepeg(instrument=coin, fall=0.3, duration_s=10.0).act(lane)
    low = before
    while lane.now_s < 15.0:
        lane.step()
        low = min(low, lane.model.price(coin))
    assert low < 0.75 * before
    assert all(not broken_invariants(exchange.ledger) for exchange in lane.model.exchanges)
    with pytest.raises(ValueError, match="counts as collateral"):
        changes.InjectDepeg(instrument="BTC-SPOT").act(lane)


def test_open_orders_are_those_of_the_account(playback):
    lane = playback.lanes[0]
    maker = int(lane.roster.account[lane.roster.kind == lane.roster.kinds.index("market_maker")][0])
    rows = open_orders(lane.model.hub, maker, most=10_000)
    assert len(rows) == count_orders(lane.model.hub, maker) > 5
    assert rows[0]["usd"] == max(row["usd"] for row in rows)
    best = lane.model.hub.books.best_bid(0) * float(lane.model.hub.table["tick"][0])
    assert (
        max(row["price"] for row in rows if row["side"] == "buy" and row["instrument"] == "BTC-PERP") <= best
    )
    assert count_orders(lane.model.hub, lane.model.hub.ledger.accounts - 1) == 0
