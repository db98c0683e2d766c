import numpy as np
import pytest

from experiments.build import build

EDGE = {"name": "edge", "spot": False, "depth_share": 0.5, "retail_share": 0.5}
OUT = {"name": "hub", "outages": [{"start_s": 30.0, "end_s": 50.0}], "rate_limit_per_s": 0.2}


@pytest.fixture(scope="module")
def model(small):
    model = build(small({"venues": [OUT, EDGE]}), 1, views=False)
    model.run(until_s=90.0)
    return model


@pytest.fixture(scope="module")
def trace(model):
    return model.trace()


def test_the_sum_of_the_funds_is_the_series_of_the_world(trace):
    funds = [trace.world[f"insurance_fund@{name}"] for name in trace.exchanges]
    assert trace.exchanges == ("hub", "edge")
    assert all(fund[0] > 0.0 for fund in funds)
    assert np.allclose(np.sum(funds, axis=0), trace.world["insurance_fund"])
    assert np.array_equal(trace.world["feed_delay_s@hub"], trace.world["feed_delay_s"])


def test_a_scheduled_outage_is_an_event_of_its_exchange(trace):
    outages = trace.events["outages"]
    assert outages["exchange"].tolist() == ["hub"]
    assert outages["cause"].tolist() == ["scheduled"]
    assert 30.0 < outages["time_s"][0] <= 34.0
    assert 50.0 <= outages["end_s"][0] <= 53.0
    assert 17.0 <= outages["largest_delay_s"][0] <= 21.0


def test_refused_orders_are_counted_by_exchange_and_reason(model, trace):
    refused = trace.events["refused"]
    limited = refused[(refused["exchange"] == "hub") & (refused["reason"] == "too many orders")]
    assert limited["orders"].tolist() == [model.hub.gateway.refused]
    assert model.hub.gateway.refused > 0


def test_makers_and_desks_own_accounts_on_several_exchanges(model):
    makers = model.crowds[0]
    hub, edge = (int(accounts[0]) for accounts in makers.accounts)
    assert set(model.owners.accounts((0, hub))) == {(0, hub), (1, edge)}
    (desks,) = (crowd for crowd in model.crowds if type(crowd).__name__ == "Arbitrageurs")
    apart = desks.table[desks.table["exchange"] != desks.table["other_exchange"]][0]
    legs = {(1, int(apart["account"])), (0, int(apart["other_account"]))}
    assert set(model.owners.accounts((0, int(apart["other_account"])))) == legs
