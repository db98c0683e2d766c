"""Replay of Hyperliquid's auto-deleveraging of 2025-10-10: made-up files, and the real ones if there."""

import numpy as np
import pandas as pd
import pytest
from real_data import real_file

from experiments.reproduce.hyperliquid_adl import (
    area_under_curve,
    gini,
    main,
    prediction,
    published_policies,
    replay,
    weighted_median,
)
from experiments.reproduce.hyperliquid_positions import (
    MARKETS,
    POSITIONS,
    USERS,
    candidates_before,
    closed_whole,
    common_prices,
    joined_positions,
)

FIRST, SECOND = 108_416, 107_350


def account(number, price, lots, entry, equity, held=None, **position):
    """Return a row of each file for a short of `lots` (1/100,000 BTC) closed at `price`."""
    size, held = lots / 100_000, (held or lots) / 100_000
    profit = size * (entry - price)
    user = {
        "account": number,
        "adl_notional": size * price,
        "closed_pnl": profit,
        "leverage_realtime": held * price / equity,
        "account_value_realtime": equity,
        "num_adl_events": 1,
    }
    place = {
        "account": number + 1000,
        "asset": "BTC",
        "side": "SHORT",
        "realized_pnl": profit,
        "was_adl": True,
        "had_pre_existing_position": True,
    }
    return user, place | position


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return 25 accounts closed at the first price and 25 at the second, by leverage times profit."""
    made = []
    for k in range(25):  # low leverage and much profit are closed first, high leverage and little later
        made.append(account(k, FIRST, 10_007 + 60 * k, 140_000.0 + 10 * k, 5_000.0))
        made.append(account(30 + k, SECOND, 10_009 + 60 * k, 109_500.0 + 10 * k, 3_000.0))
    made.append(account(60, FIRST, 10_001, 115_000.0, 4_000.0, side="LONG"))
    made.append(account(61, FIRST, 10_003, 115_000.0, 4_000.0, had_pre_existing_position=False))
    made.append(account(62, FIRST, 10_011, 135_000.0, 5_000.0, held=20_022))
    users, positions = (pd.DataFrame(rows) for rows in zip(*made, strict=True))
    path = tmp_path_factory.mktemp("data")
    (path / "hyperliquid").mkdir()
    users.to_csv(path / USERS, index=False)
    positions.to_csv(path / POSITIONS, index=False)
    published = pd.DataFrame({"budget_needed": [10.0, 5.0], "budget_prod": [30.0, 6.0]})
    published.to_csv(path / "hyperliquid" / "chitra_policy_per_wave_metrics.csv", index=False)
    return path


def test_positions_before_the_waves(folder):
    rows = joined_positions(folder)
    assert len(rows) == 51
    assert rows["wave"].value_counts().to_dict() == {0: 26, 1: 25}
    one = rows[rows["account"] == 62].iloc[0]
    assert (one["lots"], one["closed"], one["wave"]) == (20_022, 10_011, 0)
    assert one["entry"] == pytest.approx(135_000.0)
    assert one["wallet"] == pytest.approx(5_000.0 - 0.10011 * (135_000 - FIRST))
    assert closed_whole(folder).to_dict() == {"accounts": 53, "whole": 52}


def test_candidates_at_the_price_of_the_wave(folder):
    rows = joined_positions(folder)
    candidates, closed = candidates_before(rows, "BTC", 0)
    later = (rows["wave"] == 1).to_numpy()
    assert closed[later].tolist() == [0] * 25
    size = candidates.lots / 100_000
    assert candidates.mark_value == pytest.approx(size * FIRST)
    assert candidates.profit == pytest.approx(size * (rows["entry"] - FIRST))
    assert candidates.equity[later] == pytest.approx(3_000.0 - size[later] * (FIRST - SECOND))
    assert len(candidates_before(rows, "BTC", 1)[1]) == 25


def test_the_score_that_was_used_is_found(folder):
    table = prediction(folder, resamples=50).set_index("score")
    assert set(table["closed"]) == {26}
    assert table.loc["hyperliquid_decompiled", "auc"] == 1.0
    assert table.loc["hyperliquid_decompiled", "lead_low"] > 0.5
    assert table.loc["hyperliquid_documented", "auc"] < 0.1
    assert table.loc["hyperliquid_documented", ["lead", "lead_low", "lead_high"]].tolist() == [0.0, 0.0, 0.0]


def test_every_policy_closes_the_same_lots(folder):
    table = replay(folder, starts=5).set_index("policy")
    assert table.loc["production", ["filled", "overlap"]].tolist() == [1.0, 1.0]
    assert table["filled"].tolist() == pytest.approx([1.0] * len(table))
    best = table.drop("production")["overlap"].max()
    assert table.loc["queue, hyperliquid_decompiled", "overlap"] == best > 0.95
    assert table.loc["queue, hyperliquid_documented", "overlap"] < 0.5
    assert table.loc["pro_rata", "accounts"] == 51
    assert table.loc["pro_rata", "gini"] < 0.01 < table.loc["queue, binance", "gini"]


def test_published_losses_and_printout(folder, capsys, tmp_path):
    table = published_policies(folder)
    assert table.loc["prod"].tolist() == [36.0, 15.0, 21.0]
    main([str(folder), str(tmp_path / "figure.png")])
    assert "policies, mean over waves" in capsys.readouterr().out
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_measures():
    assert area_under_curve(np.array([3.0, 2.0, 1.0]), np.array([True, False, False])) == 1.0
    assert area_under_curve(np.ones(4), np.array([True, False, True, False])) == 0.5
    assert gini(np.ones(5)) == pytest.approx(0.0)
    assert gini(np.array([0.0, 0.0, 0.0, 1.0])) == pytest.approx(0.75)
    assert gini(np.zeros(3)) == 0.0
    assert weighted_median(np.array([5.0, 1.0, 3.0]), np.array([1.0, 1.0, 9.0])) == 3.0


def test_prices_of_fills_are_found_from_their_notionals():
    market = MARKETS["BTC"]
    lots = np.arange(10_007, 10_067)
    prices = np.where(lots % 3 == 0, FIRST, SECOND)
    found = common_prices(lots * prices / market.lots, market, 100_000, 112_000)
    assert sorted(found) == [SECOND, FIRST]


@pytest.fixture(scope="module")
def real():
    real_file(POSITIONS)
    return real_file(USERS).parents[1]


def test_the_join_is_right(real):
    rows = joined_positions(real)
    for coin, (low, high) in {"BTC": (100_000, 112_000), "SOL": (13_000, 20_000)}.items():
        market, mine = MARKETS[coin], rows[rows["coin"] == coin]
        assert len(mine) > 1_000
        assert (np.diff(mine["account"]) > 0).all()  # as both files are sorted by address
        notional = mine["closed"] * np.array(market.waves)[mine["wave"]] / market.lots / market.ticks
        assert sorted(common_prices(notional.to_numpy(), market, low, high)) == sorted(market.waves)


def test_production_closed_whole_positions_as_a_queue_does(real):
    counts = closed_whole(real)
    assert counts["whole"] / counts["accounts"] > 0.99


def test_leverage_times_profit_predicts_production_better_than_the_documented_index(real):
    table = prediction(real, resamples=200)
    rows = table[table["score"] == "hyperliquid_decompiled"]
    assert len(rows) == 11
    assert (rows["lead_low"] > 0).sum() >= 9
    assert not (rows["lead_high"] < 0).any()
    assert rows.loc[rows["wave"] == 1, "auc"].min() > 0.9
    documented = table[table["score"] == "hyperliquid_documented"]
    assert np.average(rows["auc"], weights=rows["closed"]) > 0.84
    assert np.average(documented["auc"], weights=documented["closed"]) < 0.78


def test_queue_by_leverage_times_profit_comes_closest_to_production(real):
    table = replay(real, starts=10)
    weight = table.groupby(["coin", "wave"])["accounts"].transform("first")
    mean = (table["overlap"] * weight).groupby(table["policy"]).sum() / weight.groupby(table["policy"]).sum()
    assert mean["queue, hyperliquid_decompiled"] == mean.drop("production").max()
    assert mean["queue, hyperliquid_decompiled"] > mean["queue, hyperliquid_documented"] + 0.1
    assert mean["pro_rata"] < 0.55
    assert mean["random"] < 0.55


def test_published_excess_winner_loss(real):
    table = published_policies(real)
    assert table.loc["prod", "needed_usd"] == pytest.approx(15_079_670, abs=1)
    assert table.loc["prod", "taken_usd"] == pytest.approx(60_108_335, abs=1)
    assert table.loc["prod", "excess_usd"] == pytest.approx(45_028_666, abs=1)
