"""Two exchanges in one market: money, prices, hedges, outages, draws."""

import numpy as np
import pytest
from run_bytes import run_bytes

from abm.instruments import PERPETUAL
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.invariants import check
from agents.making.deciding import NO_HEDGE, QUOTING, STALE_FEED
from agents.trader import Trader
from experiments.build import build
from experiments.simulate import simulate

HUB = {"name": "hub"}
EDGE = {"name": "edge", "spot": False, "depth_share": 0.5, "retail_share": 0.5, "latency_ms": 5.0}
TWO = {"venues": [HUB, EDGE]}
CALM = TWO | {"news": [], "whale.start_s": 1e6, "whale.end_s": 2e6}
PAIRS = [(f"{asset}-PERP", f"{asset}-PERP@edge") for asset in ("BTC", "ETH", "ALT")]


class Buyer(Trader):
    """Buys BTC on its exchange for forty seconds."""

    def step(self):
        if 20.0 < self.model.clock.now_s <= 60.0:
            self.buy("BTC-PERP@edge", 0.2)


def gap(model, here="BTC-PERP@edge", there="BTC-PERP"):
    return float(np.log(model.price(here) / model.price(there)))


def test_each_exchange_has_instruments_accounts_and_a_place_of_its_own(small):
    model = build(small(TWO), 1, views=False)
    hub, edge = model.exchanges
    assert model.hub is hub is model.exchange("hub")
    assert model.instrument_names == [*hub.instrument_names, *edge.instrument_names]
    assert edge.instrument_names == [there for _, there in PAIRS]
    assert (edge.table["kind"] == PERPETUAL).all()
    assert (hub.place, edge.place) == (slice(0, 6), slice(6, 9))
    assert model.exchange_of("ETH-PERP@edge") is edge
    for wrong in (model.exchange, model.exchange_of, edge.index_of):
        with pytest.raises(ValueError, match=r"unknown (exchange|instrument) 'BTC-SPOT@edge'.*known: "):
            wrong("BTC-SPOT@edge")
    model = build(small(TWO | {"retail.traders": 6000}), 1, views=False)
    held = [np.maximum(item.ledger.position[: len(PAIRS)], 0).sum(axis=1) for item in model.exchanges]
    assert held[1] / held[0] == pytest.approx(0.5, rel=0.25)
    sights = model.sights()
    assert [sight.elsewhere for sight in sights] == [sights, sights]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_ledger_balances_after_every_step_of_a_crash(small, seed):
    model = build(small(TWO), seed)
    while model.running:
        model.step()
        for exchange in model.exchanges:
            check(exchange.ledger)
            assert (exchange.ledger.position == exchange.books.position).all()
    closed = model.trace().events["liquidations"]["instrument"]
    assert closed.str.endswith("@edge").any()
    assert not closed.str.endswith("@edge").all()


def test_prices_of_a_coin_stay_together(small):
    model = build(small(CALM), 1, views=False)
    model.run(20.0)
    widest = 0.0
    while model.running:
        model.step()
        widest = max(widest, *(abs(gap(model, there, here)) for here, there in PAIRS))
    assert 0.0 < widest < 0.005


def mean_gap(small, seed, rate_per_hour):
    """Mean log gap while somebody buys on one exchange, with makers who do not look at the other."""
    busy = {"arbitrageur.rate_per_hour": rate_per_hour, "market_maker.reference_s": 1e5}
    model = build(small(CALM | busy), seed, views=False)
    Buyer(model, deposit_usd=1e8, leverage=20, exchange="edge")
    model.run(30.0)
    gaps = []
    while model.clock.now_s < 60.0:
        model.step()
        gaps.append(gap(model))
    return np.mean(gaps)


def test_arbitrageurs_carry_a_price_from_one_exchange_to_the_other(small):
    idle = np.array([mean_gap(small, seed, 1e-9) for seed in range(1, 7)])
    busy = np.array([mean_gap(small, seed, 36_000) for seed in range(1, 7)])
    closed = idle - np.abs(busy)
    assert closed.mean() > 3.0 * closed.std(ddof=1) / np.sqrt(len(closed))


@pytest.mark.parametrize(("hedge_at", "hedged"), [(0.02, True), (100.0, False)])
@pytest.mark.parametrize("way", [1, -1])
def test_makers_offset_on_the_hub_what_they_took_on_elsewhere(small, hedge_at, hedged, way):
    model = build(small(CALM | {"market_maker.hedge_at": hedge_at}), 1, views=False)
    hub, edge = model.exchanges
    makers = model.crowds[0]
    mine, partner = int(makers.accounts[1][0]), edge.open_account(1e7, 5)
    lots = 5_000  # 500,000 USD
    seller, buyer = (partner, mine) if way > 0 else (mine, partner)
    edge.ledger.position_transfer(0, seller, buyer, lots, 1_000_000)
    model.run(20.0)
    on_hub = way * int(hub.ledger.position[0, makers.accounts[0][0]])
    assert (on_hub < -2_500) == hedged
    assert on_hub > -5_500


def test_when_the_hub_is_out_makers_leave_the_others_for_want_of_a_hedge(small):
    closed = {"outages": [{"start_s": 100.0, "end_s": 110.0}]}
    model = build(small(CALM | {"venues": [HUB | closed, EDGE], "market_maker.return_s": 10.0}), 1)
    makers = model.crowds[0]
    model.run(99.0)
    assert all((quotes["state"] == QUOTING).all() for quotes in makers.quotes)
    model.run(109.0)
    assert (makers.quotes[0]["state"] == STALE_FEED).all()
    assert (makers.quotes[1]["state"] == NO_HEDGE).all()
    assert model.exchange("edge").gateway.feed_delay_s == 0.0
    table = model.trace().events["maker_withdrawals"]
    left = table[table["time_s"] >= 100.0]
    away = left["instrument"].str.endswith("@edge")
    assert set(left[away]["reason"]) == {"hedge unreachable"}
    assert set(left[~away]["reason"]) == {"stale feed"}
    assert len(left) == 3 * (6 + 3)
    model.run()
    assert makers.report_share_quoting() > 0.9


def test_when_another_exchange_is_out_makers_stay_on_the_hub(small):
    closed = {"outages": [{"start_s": 100.0, "end_s": 110.0}]}
    model = build(small(CALM | {"venues": [HUB, EDGE | closed]}), 1, views=False)
    model.run(108.0)
    hub, edge = model.crowds[0].quotes
    assert (hub["state"] == QUOTING).all()
    assert (edge["state"] == STALE_FEED).all()
    assert [item.gateway.feed_delay_s for item in model.exchanges] == [0.0, 9.0]
    before = model.exchange("edge").books.books["trades"].sum()
    model.step()
    assert model.exchange("edge").books.books["trades"].sum() == before


def test_the_index_of_an_exchange_without_spot_is_that_of_the_hub(small):
    model = build(small(CALM), 1, views=False)
    hub, edge = model.exchanges
    spot = [hub.index_of(f"{asset}-SPOT") for asset in ("BTC", "ETH", "ALT")]
    while model.clock.now_s < 60.0:
        known = hub.published["mid"][spot].tolist()  # what the hub has published before the step
        model.step()
        assert edge.view["index"].tolist() == known


def test_a_run_is_a_function_of_scenario_and_seed(small):
    first = run_bytes(simulate(small(TWO), 1))
    assert run_bytes(simulate(small(TWO), 2)) != first
    assert run_bytes(simulate(small(TWO), 1)) == first


def test_an_exchange_more_leaves_the_draws_for_the_first_as_they_were(small):
    one, two = build(small(), 1, views=False), build(small(TWO | {"retail.traders": 225}), 1, views=False)
    retail = [next(item for item in model.crowds if item.kind == "leveraged_retail") for model in (one, two)]
    assert [len(item.table) for item in retail] == [150, 150]
    for name in ("wealth_usd", "leverage", "instrument", "susceptibility"):
        assert np.array_equal(retail[0].table[name], retail[1].table[name])
    one.run(10.0)
    two.run(10.0)
    assert np.array_equal(one.fundamentals.log_value, two.fundamentals.log_value)


def test_a_trader_trades_on_the_exchange_that_it_names(small):
    model = build(small(CALM), 1, views=False)
    trader = Buyer(model, deposit_usd=1e6, exchange="edge")
    with pytest.raises(ValueError, match="unknown exchange 'edgy'; known: hub, edge"):
        Buyer(model, exchange="edgy")
    with pytest.raises(ValueError, match=r"unknown instrument 'BTC-SPOT' on edge; known: BTC-PERP@edge"):
        trader.mid("BTC-SPOT")
    model.run(60.0)
    assert trader.position("BTC-PERP@edge") > 1.0
    assert trader.mid("BTC-PERP@edge") == pytest.approx(100_000.0, rel=0.05)
    edge = model.exchange("edge")
    assert trader.account >= FIRST_TRADER
    assert edge.ledger.position[0, trader.account] == round(trader.position("BTC-PERP@edge") / 0.001)


MOVING = CALM | {"transfer_s": 40.0, "arbitrageur.rebalance_s": 10.0}


def drained(model):
    """Take the cash of a gap desk on the edge away; return the desk's accounts and what is left."""
    hub, edge = model.exchanges
    desks = next(crowd for crowd in model.crowds if crowd.kind == "arbitrageur").table
    desk = desks[(desks["exchange"] == 1) & (hub.table["kind"][desks["other"]] == PERPETUAL)][0]
    here, there = int(desk["account"]), int(desk["other_account"])
    edge.ledger.withdraw(here, int(edge.ledger.cash[0, here]))
    return here, there, int(hub.ledger.cash[0, there])


def test_desks_send_money_where_they_lack_it_and_it_takes_its_time(small):
    model = build(small(MOVING), 1, views=False)
    hub, edge = model.exchanges
    here, there, cash = drained(model)
    model.run(20.0)
    assert hub.ledger.cash[0, there] < 0.6 * cash
    assert model.transfers.in_transit > 0.4 * cash
    assert edge.ledger.cash[0, here] < 0.1 * cash
    model.run(60.0)
    assert edge.ledger.cash[0, here] > 0.25 * cash


def test_desks_count_what_they_have_already_sent(small):
    model = build(small(MOVING), 1, views=False)
    _, there, cash = drained(model)
    model.run(45.0)
    assert model.hub.ledger.cash[0, there] > 0.4 * cash


def test_nothing_is_sent_from_an_exchange_that_suspends_withdrawals(small):
    shut = HUB | {"withdrawals_suspended": [{"start_s": 0.0, "end_s": 100.0}]}
    model = build(small(MOVING | {"venues": [shut, EDGE]}), 1, views=False)
    drained(model)
    model.run(99.0)
    assert model.transfers.in_transit == 0
    model.run(120.0)
    assert model.transfers.in_transit > 0
