from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fake_simulation import COVID, OCTOBER, fake_simulate

from abm.measures.stages import STAGES
from experiments.ensemble import gather
from experiments.measure import measure
from experiments.metrics import VENUE_METRICS
from experiments.minutes import MinuteClock
from experiments.report.figures import has_figure
from experiments.venue_series import gaps_by_coin, venue_series


@pytest.fixture(scope="module")
def october():
    return fake_simulate(OCTOBER, 1)


@pytest.fixture(scope="module")
def result(october):
    return measure(october, OCTOBER)


def test_gaps_are_between_the_same_kind_of_the_same_coin(october):
    gaps = gaps_by_coin(october, MinuteClock(october.time_s, 7200.0), "last")
    assert set(gaps) == {"BTC", "ALT"}  # spot of BTC is on one exchange alone
    assert gaps["BTC"][119] == 0.0  # minute 0


def test_metrics_of_gaps_and_pegs(result):
    fall = result.metrics["total_fall"] / 100.0
    assert result.metrics["venue_gap"] == pytest.approx(4.0 * (1.0 - fall), rel=0.1)
    assert result.metrics["venue_gap_other"] == pytest.approx(30.0 * (1.0 - 4.0 * fall), rel=0.2)
    assert 20.0 < result.metrics["venue_gap_minutes"] < 60.0
    assert result.metrics["collateral_lowest"] == pytest.approx(0.7, abs=0.01)


def test_metrics_of_events(result):
    assert result.metrics["maker_withdrawals"] == 3
    assert result.metrics["adl_waves"] == 2
    assert result.metrics["backstop_to_adl_seconds"] == 60.0
    assert result.metrics["lost_hedges"] == 2  # two accounts, the third event hit no hedge
    assert result.details["withdrawals@stale feed"] == 2
    assert result.details["withdrawals@risk limit"] == 1


def test_each_exchange_has_all_its_metrics(result):
    for name in ("hub", "dex"):
        assert all(f"{metric}@{name}" in result.details for metric in VENUE_METRICS)
    assert result.details["fall@dex"] > result.details["fall@hub"]
    assert result.details["adl_waves@hub"] == 2
    assert result.details["adl_waves@dex"] == 0
    assert result.details["fund_change@dex"] == pytest.approx(-1.5)
    assert result.details["fund_change_share@hub"] == pytest.approx(-0.3)
    assert result.details["outage_minutes@hub"] == 10.0
    assert result.details["refused@dex"] == 5
    assert np.isnan(result.details["collateral_lowest@hub"])
    assert result.details["collateral_lowest@dex"] == result.metrics["collateral_lowest"]


def test_an_outage_counts_up_to_the_end_of_the_crash(october):
    open_end = october.events["outages"].assign(end_s=np.nan)
    trace = replace(october, events=october.events | {"outages": open_end})
    assert measure(trace, OCTOBER).details["outage_minutes@hub"] == 45.0


def test_one_exchange_has_no_gaps_and_says_so():
    result = measure(fake_simulate(COVID, 1), COVID)
    for name in ("venue_gap", "venue_gap_other", "venue_gap_minutes"):
        assert np.isnan(result.metrics[name])
        assert result.reasons[name] == "the scenario has one exchange"
    assert not any(name.startswith(("price@", "gap")) for name in result.minutes)
    ensemble = gather("covid-2020", "one", 60.0, [result])
    assert not has_figure("venue_prices", ensemble)
    assert not has_figure("venue_pegs", ensemble)
    assert has_figure("withdrawals", ensemble)


def test_withdrawals_of_each_reason_by_minute(october):
    series = venue_series(october, MinuteClock(october.time_s, 7200.0), "BTC-PERP", "ALT-PERP")
    assert np.flatnonzero(series["withdrawals@stale feed"]).tolist() == [119 + 6, 119 + 7]
    assert series["withdrawals@risk limit"].sum() == 1
    assert series["peg@USDE-USD@dex"].min() == pytest.approx(0.7, abs=0.01)


def test_stages_survive_being_written(result, tmp_path):
    assert set(result.stages) == set(STAGES)
    assert result.stages["adl"] == (11.0, pytest.approx(12.667, abs=0.01))
    result.save(tmp_path / "run.npz")
    stored = type(result).load(tmp_path / "run.npz")
    assert stored.stages == dict(result.stages)
    assert np.array_equal(list(stored.details.values()), list(result.details.values()), equal_nan=True)


def test_shares_of_seeds_and_start_times_over_seeds(result):
    without = replace(result, seed=2, stages={"trigger": (3.0, 4.0)}, details={})
    ensemble = gather("october-2025", "two", 60.0, [result, without])
    assert ensemble.stages["trigger"].share == 1.0
    assert ensemble.stages["adl"].share == 0.5
    assert ensemble.stages["adl"].start.median == 11.0
    assert ensemble.stages["trigger"].start.median == np.mean([3.0, result.stages["trigger"][0]])
    assert ensemble.details["withdrawals@stale feed"].median == 1.0


def test_nothing_happened_between_exchanges(october):
    empty = {name: table.iloc[:0] for name, table in october.events.items()}
    result = measure(replace(october, events=empty), OCTOBER)
    assert result.metrics["maker_withdrawals"] == result.metrics["lost_hedges"] == 0
    assert result.reasons["backstop_to_adl_seconds"]
    assert result.reasons["rebound_after_outage"] == "no exchange was out"
    assert "adl" not in result.stages
    assert isinstance(empty["adl"], pd.DataFrame)
