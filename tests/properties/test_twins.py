"""A twin is its original, byte by byte, until the mechanism that is off would first have acted."""

import numpy as np
import pytest
from run_bytes import rows_in_common, run_bytes

from experiments.build import build
from experiments.coalitions import Design, absent_mechanisms
from experiments.mechanisms import BASELINE, COMPARED, twin_without
from experiments.scenarios import load
from experiments.simulate import simulate

SEEDS = (1, 2)
FIRST_CAUSE_S = 60.0


@pytest.fixture(scope="module")
def runs(small):
    """All runs of the small scenario: (seed, twin) -> trace."""
    return {(seed, twin): simulate(small(), seed, twin) for seed in SEEDS for twin in (BASELINE, *COMPARED)}


def rows_before(trace, time_s):
    """Number of steps that end before ``time_s``."""
    return int(np.searchsorted(trace.time_s, time_s - 1e-9))


def first_maker_change(scenario, seed):
    """Steps before a maker's size or state is first different without withdrawal."""
    models = [build(scenario, seed, twin, views=False) for twin in ("baseline", "maker_withdrawal")]
    for step in range(models[0].clock.steps()):
        for model in models:
            model.step()
        one, two = (model.crowds[0].quotes[0] for model in models)
        if any((one[name] != two[name]).any() for name in ("size_factor", "state")):
            return step
    return models[0].clock.steps()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mechanism", [item for item in COMPARED if item != "credit_contagion"])
def test_a_twin_is_its_original_until_the_mechanism_acts(runs, small, seed, mechanism):
    original, twin = runs[seed, "baseline"], runs[seed, mechanism]
    if mechanism == "liquidations":
        acts = rows_before(original, original.events["liquidations"]["time_s"].min())
    elif mechanism == "adl":
        acts = rows_before(original, original.events["adl"]["time_s"].min())
    elif mechanism == "exogenous_shock":
        acts = rows_before(original, small().news[0].time_s)
    elif mechanism == "herding":
        acts = int(np.flatnonzero(original.world["sentiment"])[0])
    else:
        acts = first_maker_change(small(), seed)
    common = rows_in_common(original, twin)
    assert 0 < acts <= common < len(original.time_s)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_off_does_not_happen(runs, seed):
    def since(twin, name):
        events = runs[seed, twin].events[name]
        return int((events["time_s"] > FIRST_CAUSE_S).sum())

    assert since("liquidations", "liquidations") == since("liquidations", "adl") == 0
    assert since("adl", "adl") == 0
    assert since("maker_withdrawal", "maker_withdrawals") == 0
    from_then_on = runs[seed, BASELINE].time_s > FIRST_CAUSE_S
    assert not runs[seed, "herding"].world["sentiment"][from_then_on].any()
    assert (runs[seed, "maker_withdrawal"].world["makers_quoting"][from_then_on] == 1.0).all()
    for name in ("liquidations", "adl", "maker_withdrawals"):
        assert since(BASELINE, name) > 0


@pytest.mark.parametrize("twin", [item for item in COMPARED if item != "exogenous_shock"])
def test_a_twin_shares_all_that_was_before_the_first_cause(runs, twin):
    acted = rows_before(runs[1, BASELINE], FIRST_CAUSE_S)
    assert rows_in_common(runs[1, BASELINE], runs[1, twin]) >= acted > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_values_draw_the_same_in_every_twin(runs, seed):
    value = runs[seed, "baseline"].by_asset["value"]
    for mechanism in COMPARED:
        same = runs[seed, mechanism].by_asset["value"]
        if mechanism == "exogenous_shock":
            before = rows_before(runs[seed, "baseline"], FIRST_CAUSE_S)
            assert np.array_equal(same[:before], value[:before])
            assert (same[-1] > value[-1]).all()
        else:
            assert np.array_equal(same, value)


def test_an_unknown_twin_is_refused(small):
    with pytest.raises(ValueError, match="twin: unknown name 'liquidation'; known: baseline, liquidations"):
        build(small(), 1, "liquidation")


def test_another_kind_of_agent_changes_no_draw_of_the_others(small):
    counts = {}
    for traders in (60, 120):
        model = build(small({"noise.traders": traders, "news": []}), 1)
        first = [crowd for crowd in model.crowds if crowd.kind in ("market_maker", "leveraged_retail")]
        counts[traders] = [crowd.table.copy() for crowd in first]
    makers, retail = zip(counts[60], counts[120], strict=True)
    for name in ("wealth_usd", "leverage", "instrument", "susceptibility"):
        assert np.array_equal(retail[0][name], retail[1][name])
    for name in ("risk_limit", "stretch", "capital_usd"):
        assert np.array_equal(makers[0][name], makers[1][name])


def test_what_a_scenario_has_no_cause_for_changes_no_byte(runs, small):
    absent = absent_mechanisms(small())
    assert absent == {"outage", "collateral_peg", "credit_contagion"}
    assert run_bytes(simulate(small(), 1, twin_without(absent))) == run_bytes(runs[1, BASELINE])
    assert "outage" not in absent_mechanisms(small({"venues.hub.capacity_per_s": 20}))
    assert "exogenous_shock" in absent_mechanisms(small({"news": []}))
    assert "collateral_peg" not in absent_mechanisms(load("october-2025"))


def test_nobody_is_deleveraged_where_nobody_is_liquidated(runs, small):
    design = Design(small(), ("liquidations", "adl", "outage"), (1,), 0)
    twins = [design.twin(coalition) for coalition in range(8)]
    assert twins == ["liquidations", "adl", "liquidations", "baseline"] * 2
    assert run_bytes(simulate(small(), 2, "adl+liquidations")) == run_bytes(runs[2, "liquidations"])
