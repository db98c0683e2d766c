from dataclasses import replace

import numpy as np
import pytest
from fake_simulation import COVID, OCTOBER, fake_simulate

from experiments.measure import measure
from experiments.metrics import METRICS


def metrics_of(scenario, **change):
    return measure(fake_simulate(replace(scenario, **change), 1), replace(scenario, **change))


def test_every_metric_has_a_value_or_a_reason():
    for scenario in (OCTOBER, COVID):
        result = measure(fake_simulate(scenario, 1), scenario)
        assert list(result.metrics) == list(METRICS)
        for name, value in result.metrics.items():
            assert np.isfinite(value) or result.reasons[name]


def test_what_was_put_into_the_trace_comes_out():
    metrics = metrics_of(OCTOBER).metrics
    assert metrics["total_fall"] == pytest.approx(13.0, abs=1.0)
    assert metrics["news_leg"] == pytest.approx(3.0, abs=1.0)
    assert metrics["amplification"] == metrics["total_fall"] / metrics["news_leg"]
    assert metrics["time_to_low_minutes"] == pytest.approx(30.0, abs=1.0)
    assert metrics["alt_to_btc_fall_ratio"] == pytest.approx(4.0, rel=0.1)
    assert metrics["eth_to_btc_fall_ratio"] == pytest.approx(1.15, rel=0.05)
    assert metrics["recovery_share_1d"] == pytest.approx(0.6, abs=0.05)
    assert metrics["depth_1pct_collapse"] == pytest.approx(26.0, rel=0.1)
    assert metrics["open_interest_change"] == pytest.approx(-25.0)
    assert metrics["long_share_of_liquidations"] == pytest.approx(1.0 / 1.15)
    assert metrics["adl_share_of_forced"] == pytest.approx(0.2 / 1.15)
    assert metrics["adl_in_profit_share"] == 0.75
    assert metrics["liquidations_in_worst_40min"] == pytest.approx(1.0)
    assert metrics["funding_minimum"] == pytest.approx(-1.0, abs=0.01)
    assert metrics["basis_minimum"] == pytest.approx(-20.0, abs=0.1)
    assert metrics["insurance_fund_change"] == pytest.approx(-30.0)


def test_forced_closing_over_open_interest_by_hand():
    trace = fake_simulate(OCTOBER, 1)
    crash = (trace.time_s > 7200.0) & (trace.time_s <= 10800.0)
    forced = (trace.by_instrument["liquidated_long"] + trace.by_instrument["liquidated_short"])[crash].sum()
    at_p0 = np.searchsorted(trace.time_s, 7200.0)
    held = (trace.by_instrument["open_interest"] * trace.by_instrument["mark"])[at_p0].sum()
    assert measure(trace, OCTOBER).metrics["liquidated_over_open_interest"] == pytest.approx(forced / held)


def test_a_recovery_beyond_the_end_is_infinite_and_says_so():
    result = metrics_of(COVID)
    assert result.metrics["half_recovery_minutes"] == np.inf
    assert "not within the 28 hours" in result.reasons["half_recovery_minutes"]


def test_a_price_that_does_not_fall_leaves_no_nan_without_reason():
    trace = fake_simulate(OCTOBER, 1)
    flat = replace(
        trace,
        by_instrument={
            **trace.by_instrument,
            **{
                name: np.full_like(trace.by_instrument[name], 100.0)
                for name in ("last", "low", "high", "mark")
            },
        },
    )
    result = measure(flat, OCTOBER)
    assert result.metrics["total_fall"] == 0.0
    assert np.isnan(result.metrics["half_recovery_minutes"])
    assert result.reasons["half_recovery_minutes"] == "the price did not fall"


def test_nothing_closed_by_force_is_said():
    trace = fake_simulate(OCTOBER, 1)
    quiet = {
        name: np.zeros_like(trace.by_instrument[name])
        for name in ("liquidated_long", "liquidated_short", "adl")
    }
    result = measure(replace(trace, by_instrument={**trace.by_instrument, **quiet}), OCTOBER)
    assert result.reasons["long_share_of_liquidations"] == "nothing was closed by force"
    assert result.reasons["adl_delay_seconds"] == "nothing was auto-deleveraged"
    assert result.metrics["liquidated_over_open_interest"] == 0.0


def test_a_scenario_without_the_small_coin():
    result = metrics_of(OCTOBER, alt_instrument=None)
    assert result.reasons["alt_to_btc_fall_ratio"] == "the scenario has no ALT"
