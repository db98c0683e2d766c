from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abm.measures.stages import (
    STAGES,
    Stage,
    calm_deviation,
    cross_margin,
    cross_margin_closures,
    deleveraging,
    find_stages,
    first_spell,
    price_move,
    trigger,
    void,
    waves,
    withdrawal,
)
from abm.trace import Trace

ZERO, END = 20_000.0, 26_000.0
TIME = np.arange(10.0, 30_001.0, 10.0)
NO_PEG: list[np.ndarray] = []


def calm_path(seed=1):
    """A price whose five-minute returns have a standard deviation of 0.1 %."""
    steps = 0.001 / np.sqrt(30.0) * np.random.default_rng(seed).standard_normal(TIME.size)
    return 100.0 * np.exp(np.cumsum(steps))


def since(start_s, over_s, size):
    """A change of ``size`` in log price that begins at ``start_s`` and takes ``over_s``."""
    return np.exp(size * np.clip((TIME - start_s) / over_s, 0.0, 1.0))


def closures(*rows):
    return pd.DataFrame(rows, columns=["time_s", "account", "instrument", "how"])


def adl(*rows):
    return pd.DataFrame(rows, columns=["time_s", "instrument"])


def test_a_spell_must_last_and_is_over_when_it_stays_away():
    holds = (TIME >= 1000) & (TIME < 1030) | (TIME >= 2000) & (TIME < 2100) | (TIME >= 2200) & (TIME < 2300)
    assert first_spell(TIME, holds, 60.0) == Stage(2000.0, 2300.0)
    assert first_spell(TIME, holds, 20.0) == Stage(1000.0, 1030.0)
    assert first_spell(TIME, holds, 101.0) is None
    assert np.isnan(first_spell(TIME, TIME >= 29_000.0, 60.0).end_s)
    assert first_spell(TIME[:0], holds[:0], 0.0) is None


def test_calm_deviation_is_of_five_minute_returns_before_p0():
    assert calm_deviation(TIME, calm_path(), ZERO) == pytest.approx(0.001, rel=0.3)


def test_the_trigger_is_a_move_of_value_that_the_calm_never_makes():
    news = calm_path() * since(ZERO + 100.0, 120.0, -0.03)
    found = trigger(TIME, news, ZERO, END)
    assert ZERO + 100.0 < found.start_s <= ZERO + 150.0
    assert found.end_s == pytest.approx(ZERO + 520.0, abs=40.0)
    assert trigger(TIME, calm_path() * since(ZERO + 100.0, 120.0, 0.03), ZERO, END) is not None
    assert trigger(TIME, calm_path() * since(ZERO - 4000.0, 120.0, -0.03), ZERO, END) is None


@pytest.mark.parametrize("seed", range(20))
def test_calm_prices_and_values_trigger_nothing(seed):
    assert trigger(TIME, calm_path(seed), ZERO, END) is None
    assert price_move(TIME, calm_path(seed), ZERO, END) is None


def test_the_price_move_ends_at_the_low():
    price = calm_path() * since(ZERO + 600.0, 600.0, -0.10) * since(ZERO + 1800.0, 600.0, 0.05)
    found = price_move(TIME, price, ZERO, END)
    assert ZERO + 600.0 < found.start_s < ZERO + 800.0
    assert ZERO + 1190.0 <= found.end_s <= ZERO + 1900.0
    assert price_move(TIME, calm_path() * since(ZERO + 600.0, 600.0, 0.10), ZERO, END) is None


def test_liquidity_is_withdrawn_by_depth_or_by_makers():
    depth = np.full(TIME.size, 5e6)
    gone = np.where((TIME >= ZERO + 300.0) & (TIME < ZERO + 900.0), 2e6, depth)
    assert withdrawal(TIME, gone, None, ZERO, END) == Stage(ZERO + 300.0, ZERO + 900.0)
    assert withdrawal(TIME, np.where(TIME > ZERO, 2.6e6, depth), None, ZERO, END) is None
    makers = np.where(TIME >= ZERO + 500.0, 0.6, 0.95)
    assert withdrawal(TIME, depth, makers, ZERO, END).start_s == ZERO + 500.0
    assert withdrawal(TIME, depth, np.where(TIME >= ZERO + 500.0, 0.65, 0.95), ZERO, END) is None
    brief = np.where((TIME >= ZERO + 500.0) & (TIME < ZERO + 540.0), 0.0, 0.95)
    assert withdrawal(TIME, depth, brief, ZERO, END) is None


def test_a_calm_that_is_often_thin_withdraws_nothing_by_being_thin_again():
    depth = np.where(np.arange(TIME.size) % 20 < 2, 2e6, 5e6)
    again = np.where((TIME > ZERO + 300.0) & (TIME < ZERO + 600.0), 2e6, depth)
    assert withdrawal(TIME, again, None, ZERO, END) is None


def test_the_void_is_one_side_as_good_as_empty():
    full = np.full(TIME.size, 2e6)
    bids = np.where((TIME >= ZERO + 700.0) & (TIME < ZERO + 760.0), np.nan, full)
    assert void(TIME, bids, full, ZERO, END) == Stage(ZERO + 700.0, ZERO + 760.0)
    assert void(TIME, full, np.where(TIME > ZERO + 50.0, 1.9e5, full), ZERO, END).start_s == ZERO + 60.0
    assert void(TIME, full, np.where(TIME > ZERO + 50.0, 2.1e5, full), ZERO, END) is None


def test_an_account_loses_positions_that_margined_each_other():
    rows = closures(
        (100.0, 1, "BTC-PERP", "order"),
        (160.0, 1, "ETH-PERP", "takeover"),
        (200.0, 2, "BTC-PERP", "order"),
        (900.0, 2, "ETH-PERP", "order"),  # too long after
        (300.0, 3, "BTC-PERP", "order"),
        (310.0, 3, "BTC-PERP@dex", "order"),  # account 3 of another exchange is somebody else
        (400.0, 4, "USDE-SPOT", "collateral sold"),
        (500.0, 5, "BTC-PERP", "order"),
        (505.0, 5, "BTC-PERP", "order"),
    )
    assert cross_margin_closures(rows).tolist() == [160.0, 400.0]
    assert cross_margin_closures(rows.iloc[:0]).tolist() == []


def test_cross_margin_fails_with_three_accounts_within_five_minutes():
    times = ZERO + np.array([-500.0, 100.0, 600.0, 700.0, 800.0, 3000.0])
    assert cross_margin(times, TIME, NO_PEG, ZERO, END) == Stage(ZERO + 600.0, ZERO + 3000.0)
    assert cross_margin(times[:4], TIME, NO_PEG, ZERO, END) is None
    assert cross_margin(np.zeros(0), TIME, NO_PEG, ZERO, END) is None


def test_cross_margin_fails_when_collateral_loses_its_peg():
    peg = np.where((TIME >= ZERO + 2000.0) & (TIME < ZERO + 2400.0), 0.7, 1.0)
    assert cross_margin(np.zeros(0), TIME, [peg], ZERO, END) == Stage(ZERO + 2000.0, ZERO + 2400.0)
    assert cross_margin(np.zeros(0), TIME, [np.maximum(peg, 0.985)], ZERO, END) is None
    lasting = np.where(TIME >= ZERO + 2000.0, 0.7, 1.0)
    assert np.isnan(cross_margin(np.zeros(0), TIME, [peg, lasting], ZERO, END).end_s)


def test_waves_are_apart_by_a_minute():
    assert waves(np.array([5.0, 0.0, 50.0, 120.0])) == [Stage(0.0, 50.0), Stage(120.0, 120.0)]
    assert waves(np.zeros(0)) == []


def test_deleveraging_counts_from_the_first_wave_after_the_backstop_of_the_same_exchange():
    rows = adl((ZERO + 50.0, "BTC-PERP"), (ZERO + 500.0, "BTC-PERP"), (ZERO + 900.0, "ETH-PERP"))
    backstop = closures((ZERO + 300.0, 1, "BTC-PERP", "backstop"))
    assert deleveraging(rows, backstop, ZERO, END) == Stage(ZERO + 500.0, ZERO + 900.0)
    other = closures((ZERO + 300.0, 1, "BTC-PERP@dex", "backstop"))
    assert deleveraging(rows, other, ZERO, END) == Stage(ZERO + 50.0, ZERO + 900.0)
    order = closures((ZERO + 300.0, 1, "BTC-PERP", "order"))
    assert deleveraging(rows, order, ZERO, END).start_s == ZERO + 50.0
    assert deleveraging(adl((ZERO - 1.0, "BTC-PERP"), (END + 1.0, "BTC-PERP")), backstop, ZERO, END) is None


def whole_trace():
    """A run that goes through all six stages on a hub, with a synthetic dollar as collateral."""
    names = ("BTC-PERP", "USDE-SPOT", "BTC-PERP@dex")
    price = calm_path() * since(ZERO + 120.0, 240.0, -0.03) * since(ZERO + 1200.0, 600.0, -0.10)
    coin = np.where((TIME > ZERO + 1500.0) & (TIME < ZERO + 2500.0), 0.8, 1.0)
    last = np.column_stack((price, coin, price))
    depth = np.where(TIME > ZERO + 400.0, 1e6, 5e6) * np.where(TIME > ZERO + 1300.0, 0.1, 1.0)
    by_instrument = dict.fromkeys(("last", "low", "high"), last)
    by_instrument |= {name: np.column_stack((depth, depth, depth)) for name in ("depth_bid", "depth_ask")}
    value = np.column_stack((calm_path(2) * since(ZERO + 60.0, 120.0, -0.03), np.ones(TIME.size)))
    events = {
        "liquidations": closures((ZERO + 1400.0, 7, "BTC-PERP", "takeover")),
        "adl": adl((ZERO + 1460.0, "BTC-PERP")),
    }
    return Trace(
        "whole", 1, "baseline", TIME, names, ("BTC", "USDE"), by_instrument, {"value": value},
        {"makers_quoting": np.ones(TIME.size)}, events, {}, ("hub", "dex"), ("USDE-SPOT",),
    )  # fmt: skip


def test_all_six_are_found_in_their_order():
    found = find_stages(whole_trace(), "BTC-PERP", ZERO, END)
    assert list(found) == list(STAGES)
    starts = [(found[name].start_s - ZERO) / 60.0 for name in ("trigger", "price_move", "withdrawal", "void")]
    assert starts == sorted(starts)
    assert found["adl"] == Stage(ZERO + 1460.0, ZERO + 1460.0)
    assert found["cross_margin"] == Stage(ZERO + 1510.0, ZERO + 2500.0)


def test_a_calm_run_has_none():
    trace = whole_trace()
    calm = {name: np.column_stack([calm_path(4)] * 3) for name in ("last", "low", "high")}
    calm |= {name: np.full((TIME.size, 3), 5e6) for name in ("depth_bid", "depth_ask")}
    value = np.column_stack((calm_path(3), calm_path(4)))
    empty = {"liquidations": closures(), "adl": adl()}
    quiet = replace(trace, by_instrument=calm, by_asset={"value": value}, events=empty)
    assert find_stages(quiet, "BTC-PERP", ZERO, END) == {}


def test_a_coin_with_a_perpetual_has_no_peg_to_break():
    trace = replace(whole_trace(), collateral=("BTC-SPOT", "USDE-SPOT"))
    assert trace.pegged == ("USDE-SPOT",)
    assert "cross_margin" not in find_stages(replace(trace, collateral=("BTC-SPOT",)), "BTC-PERP", ZERO, END)
