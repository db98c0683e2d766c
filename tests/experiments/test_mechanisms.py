"""Names of twins, and what each mechanism's absence means to the market that is built."""

from pathlib import Path

import numpy as np
import pytest

from abm.instruments import PERPETUAL
from experiments.build import build
from experiments.building.stage import Stage
from experiments.errors import InputError
from experiments.mechanisms import (
    BASELINE,
    COMPARED,
    LOW_LEVERAGE,
    MECHANISMS,
    read_twin,
    switched_off,
    twin_label,
    twin_without,
)
from experiments.scenarios import load

FUNDS = Path(__file__).parents[1] / "funds.toml"
LATE = {"venues.hub.capacity_per_s": 20, "venues.hub.outages": [{"start_s": 62, "end_s": 90}]}


def test_one_set_of_mechanisms_has_one_name():
    assert twin_without([]) == BASELINE
    assert twin_without(["herding", "adl", "adl"]) == read_twin("--twin", "herding+adl") == "adl+herding"
    assert switched_off("adl+herding") == {"adl", "herding"}
    assert switched_off(twin_without(MECHANISMS)) == set(MECHANISMS)
    assert twin_label("leverage+adl") == "ADL and leverage off"
    assert set(COMPARED) <= set(MECHANISMS)


def test_an_unknown_mechanism_is_refused_by_its_nearest_name(small):
    with pytest.raises(InputError, match=r"--twin: unknown mechanism 'herd'; did you mean herding\?"):
        read_twin("--twin", "adl+herd")
    with pytest.raises(ValueError, match="mechanism: unknown name 'peg'; known: liquidations"):
        Stage(small(), 1, BASELINE).on("peg")


def takers_positions(model):
    """What retail and funds hold of each instrument, lots."""
    crowds = [crowd for crowd in model.crowds if crowd.kind in ("leveraged_retail", "cross_margin_fund")]
    accounts = np.concatenate([crowd.table["account"] for crowd in crowds])
    ledger = model.exchanges[0].ledger
    return ledger.position[:, accounts][ledger.instruments["kind"] == PERPETUAL]


def test_without_leverage_positions_are_the_same_and_owners_have_more_money():
    scenario = load(str(FUNDS), {"retail.traders": 200})
    with_it, without = (build(scenario, 1, twin, views=False) for twin in (BASELINE, "leverage"))
    held = [takers_positions(model) for model in (with_it, without)]
    assert np.abs(held[0] - held[1]).max() <= 1  # lots; the same size through another wealth and leverage
    assert (held[0] != 0).sum() > 100
    for model, most in ((with_it, 100.0), (without, LOW_LEVERAGE)):
        leverage = [
            crowd.table["leverage"].max() for crowd in model.crowds if "leverage" in crowd.table.dtype.names
        ]
        assert len(leverage) >= 2
        assert max(leverage) <= most
        assert (max(leverage) > LOW_LEVERAGE) == (most > LOW_LEVERAGE)
    wealth = [
        next(crowd for crowd in model.crowds if crowd.kind == "leveraged_retail").table["wealth_usd"]
        for model in (with_it, without)
    ]
    assert (wealth[1] >= wealth[0]).all()
    assert wealth[1].sum() > 1.5 * wealth[0].sum()


def test_without_outages_no_feed_is_late(small):
    delays = []
    for twin in (BASELINE, "outage"):
        model = build(small(LATE), 1, twin, views=False)
        model.run(until_s=80.0)
        delays.append(model.exchanges[0].gateway.feed_delay_s)
    assert delays[0] > 5.0
    assert delays[1] == 0.0


def test_without_the_peg_no_exchange_prices_collateral_by_its_book():
    scenario = load(str(FUNDS))
    sources = [
        {exchange.collateral.source for exchange in build(scenario, 1, twin, views=False).exchanges}
        for twin in (BASELINE, "collateral_peg")
    ]
    assert "book" in sources[0]
    assert sources[1] == {"oracle"}
