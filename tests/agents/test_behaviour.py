"""Each kind does what its page says when the rest of the market is held still."""

import numpy as np
import pytest

from abm.model import MarketModel
from agents.crowd import Crowd, happens
from agents.making.deciding import QUOTING, STALE_FEED
from agents.making.quoting import ladder_shares
from agents.retail.exits import round_number
from experiments.build import build
from experiments.scenarios import load

SHORT = {
    "phases": [{"until_s": 600, "step_s": 1}],
    "crash": {"start_s": 100, "end_s": 600},
    "retail.traders": 60,
}


OUTAGE = {"start_s": 60, "end_s": 90}


def market(**changes: object) -> MarketModel:
    return build(load("calm", SHORT | changes), 1, views=False)


def crowd(model: MarketModel, kind: str) -> Crowd:
    return next(item for item in model.crowds if isinstance(item, Crowd) and item.kind == kind)


def test_makers_show_the_calm_depth_on_both_sides() -> None:
    model = market()
    model.run(30.0)
    bids, asks = (
        model.recorder.by_instrument["depth_bid"][29, 0],
        model.recorder.by_instrument["depth_ask"][29, 0],
    )
    assert 0.4 < bids / 2.4e6 < 1.6
    assert 0.4 < asks / 2.4e6 < 1.6


def test_ladder_holds_the_whole_depth_within_one_per_cent() -> None:
    shares = ladder_shares()
    assert (shares > 0).all()
    assert 0.6 < shares[:6].sum() < 1.1


def test_makers_leave_when_the_feed_is_stale_and_come_back() -> None:
    model = market(venues=[{"outages": [OUTAGE]}], **{"market_maker.return_s": 20})
    makers = crowd(model, "market_maker")
    model.run(60.0)
    assert (makers.quotes[0]["state"] == QUOTING).all()
    model.run(70.0)
    assert (makers.quotes[0]["state"] == STALE_FEED).all()
    model.run(300.0)
    assert (makers.quotes[0]["state"] == QUOTING).mean() > 0.9


def test_the_twin_without_withdrawal_stays_through_an_outage() -> None:
    scenario = load("calm", SHORT | {"venues": [{"outages": [OUTAGE]}]})
    model = build(scenario, 1, "maker_withdrawal", views=False)
    model.run(80.0)
    assert (crowd(model, "market_maker").quotes[0]["state"] == QUOTING).all()


def test_the_price_follows_news_part_of_the_way_at_once_and_the_rest_within_the_hour() -> None:
    news = [{"name": "bad", "time_s": 60, "duration_s": 240, "size": -0.02}]
    model = market(news=news, phases=[{"until_s": 3600, "step_s": 2}])
    start = np.log(115000.0)
    model.run(360.0)
    assert np.log(model.price("BTC-PERP")) - start < -0.008
    model.run(3600.0)
    moved, value = np.log(model.price("BTC-PERP")) - start, model.fundamentals.log_value[0] - start
    assert value < -0.012
    assert moved == pytest.approx(value, abs=0.006)


def test_the_whale_sells_on_schedule() -> None:
    whale = {"short_over_depth": 0.2, "start_s": 10, "end_s": 310}
    model = market(whale=whale)
    account = int(crowd(model, "whale").table["account"][0])
    model.run(160.0)
    half = model.hub.ledger.position[0, account] * 0.001 * model.price("BTC-PERP")
    model.run(320.0)
    full = model.hub.ledger.position[0, account] * 0.001 * model.price("BTC-PERP")
    assert full == pytest.approx(-0.2 * 2.4e6, rel=0.03)
    assert half == pytest.approx(0.5 * full, rel=0.05)


def test_liquidation_alerts_lower_the_mood_of_followers_only() -> None:
    model = market()
    herd = crowd(model, "social_herd")
    (nodes,) = herd.retail
    followers = np.bincount(herd.graph.followed, minlength=herd.graph.nodes)
    node = nodes.first_node + int(np.argmax(followers[nodes.first_node :][: nodes.traders]))
    herd.on_liquidations(0, np.array([nodes.first_account + node - nodes.first_node]), np.array([True]))
    herd.spread(model.hub.published["momentum"], 5.0)
    follows = np.array(
        [
            node in herd.graph.followed[a:b]
            for a, b in zip(herd.graph.start, herd.graph.start[1:], strict=False)
        ]
    )
    assert (herd.sentiment[follows] < -0.01).all()
    assert (herd.sentiment[~follows] == 0.0).all()


@pytest.mark.parametrize(("price", "nearest"), [(109_760.0, 110_000.0), (3_772.0, 3_770.0), (0.2338, 0.234)])
def test_stops_stand_at_round_numbers(price: float, nearest: float) -> None:
    assert round_number(price) == pytest.approx(nearest, rel=1.5e-3)
    assert round_number(round_number(price)) == pytest.approx(round_number(price))


def test_happens_is_the_exact_chance_of_a_hazard() -> None:
    draws = np.random.default_rng(0).random(200_000)
    hits = np.mean([happens(u, 0.7) for u in draws])
    chance = 1.0 - np.exp(-0.7)
    standard_error = np.sqrt(chance * (1.0 - chance) / len(draws))
    assert abs(hits - chance) < 3.0 * standard_error
