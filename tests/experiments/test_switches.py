"""A mechanism that is switched off in a running market stops there and then, and comes back."""

import math

import pytest

from agents.liquidation_engine import LiquidationEngineAgent
from experiments.build import build
from experiments.mechanisms import MECHANISMS, from_the_start, told_ahead
from experiments.scenarios import load
from experiments.switches import SWITCHES, switch, switch_off

HUB = "venues.hub."
LOADED = {
    HUB + "capacity_per_s": 25.0,
    HUB + "outages": [{"start_s": 500.0, "end_s": 600.0}],
    HUB + "withdrawals_suspended": [{"start_s": 500.0, "end_s": 700.0}],
}


def test_every_mechanism_is_switched_or_there_from_the_start(small):
    assert set(SWITCHES) | {"exogenous_shock"} | from_the_start(small()) == set(MECHANISMS)
    assert not set(SWITCHES) & from_the_start(small())


AHEAD = {"information.tiers": [{"name": "headline", "ahead_s": 30.0}]}


@pytest.mark.parametrize(
    ("changes", "ahead"),
    [
        ({}, False),
        ({"whale.informed": True}, True),
        ({"whale.informed": True, "information.whale": "headline"}, False),
        (AHEAD, True),
        ({**AHEAD, "news.0.shock": False}, False),
        ({"news.0.tiers": [{"name": "headline", "ahead_s": 5.0}]}, True),
        ({"news.0.tiers": [{"name": "insider", "ahead_s": 5.0}]}, False),
    ],
)
def test_news_that_somebody_is_told_of_ahead_is_there_from_the_start(small, changes, ahead):
    assert told_ahead(small(changes)) == ahead
    assert ("exogenous_shock" in from_the_start(small(changes))) == ahead


def test_shocks_that_are_taken_back_do_not_happen(small):
    model = build(small(), 1)
    model.run(50.0)
    switch_off(model, small(), "exogenous_shock")
    model.run(150.0)
    assert not model.fundamentals.news_log_value.any()
    readers = [crowd.readers for crowd in model.crowds if getattr(crowd, "readers", None) is not None]
    assert readers
    assert not any(item.public(150.0).any() for item in readers)


def test_news_that_is_no_shock_stays(small):
    model = build(small({"news.0.shock": False}), 1, "exogenous_shock")
    model.run(100.0)
    assert model.fundamentals.news_log_value.all()


def test_an_informed_whale_does_not_sell_ahead_of_news_that_does_not_come(small):
    scenario = small({"whale.informed": True})
    targets = [
        next(
            crowd.table["target_usd"].sum()
            for crowd in build(scenario, seed, twin).crowds
            if crowd.kind == "whale"
        )
        for seed in (1, 2)
        for twin in ("baseline", "exogenous_shock")
    ]
    assert max(targets[::2]) > 0.0
    assert targets[1::2] == [0.0, 0.0]


def test_liquidations_and_adl_are_switched_on_every_exchange(small):
    model = build(small(), 1)
    engines = model.agents_by_type[LiquidationEngineAgent]
    switch_off(model, small(), "adl+liquidations")
    assert model.twin == "adl+liquidations"
    assert not any(engine.liquidations or engine.adl for engine in engines)
    switch(model, small(), "adl", on=True)
    assert all(engine.adl and not engine.liquidations for engine in engines)


def test_nobody_has_a_mood_without_herding(small):
    model = build(small(), 1)
    model.run(small().duration_s / 2)
    herd = model.networks[0]
    assert herd.sentiment.any()
    switch(model, small(), "herding", on=False)
    assert not herd.sentiment.any()
    model.run()
    assert not herd.sentiment.any()
    assert herd.report_sentiment() == 0.0


def test_makers_return_without_withdrawal(small):
    model = build(small(), 1)
    while model.reporters["makers_quoting"]() == 1.0:
        model.step()
    switch(model, small(), "maker_withdrawal", on=False)
    seen = []
    for _ in range(6):
        model.step()
        seen.append(model.reporters["makers_quoting"]())
    assert seen[-1] == 1.0, seen


def test_outages_come_back_as_the_scenario_has_them(small):
    model = build(small(LOADED), 1)
    gateway = model.hub.gateway
    before = gateway.access, gateway.outages, model.transfers.suspended
    switch(model, small(LOADED), "outage", on=False)
    assert gateway.access.capacity_per_s == 0.0
    assert gateway.outages == ()
    assert not model.transfers.suspended
    switch(model, small(LOADED), "outage", on=True)
    assert (gateway.access, gateway.outages, model.transfers.suspended) == before
    assert gateway.access.capacity_per_s == 25.0
    assert [window.end_s for window in model.transfers.suspended[0]] == [700.0]


def test_collateral_counts_at_its_worth_without_the_peg():
    scenario = load("october-2025", {"retail.traders": 50, "herd.traders": 20})
    model = build(scenario, 1)
    before = [exchange.collateral.source for exchange in model.exchanges]
    assert before[0] != "oracle"
    switch(model, scenario, "collateral_peg", on=False)
    assert {exchange.collateral.source for exchange in model.exchanges} == {"oracle"}
    switch(model, scenario, "collateral_peg", on=True)
    assert [exchange.collateral.source for exchange in model.exchanges] == before


def test_winners_of_a_pool_wait_only_where_there_is_adl(small):
    pool = {"name": "pool", "preset": "gmx-v2", "spot": False, "index_from": ["hub"]}
    scenario = small({"venues": [{"name": "hub"}, pool]})
    model = build(scenario, 1)
    before = model.exchange("pool").pool.profit_limit
    switch(model, scenario, "adl", on=False)
    assert before < model.exchange("pool").pool.profit_limit == math.inf
    switch(model, scenario, "adl", on=True)
    assert model.exchange("pool").pool.profit_limit == before
