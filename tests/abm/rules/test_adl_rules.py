"""Ranks, allocations, prices and triggers of auto-deleveraging."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.rules.adl import ALLOCATIONS, AdlRule, Candidates, lots_closed
from abm.rules.adl_allocations import (
    bankruptcy_overlaps,
    capped_pro_rata,
    largest_remainder,
    pro_rata,
    random_sequential,
    sequential,
    water_fill,
)
from abm.rules.adl_prices import adl_price, settle_adl
from abm.rules.adl_ranks import (
    RANKS,
    adl_order,
    binance_score,
    bitmex_score,
    effective_leverage,
    hyperliquid_decompiled_score,
    hyperliquid_documented_score,
    okx_score,
)
from abm.rules.adl_triggers import (
    account_value_below_zero,
    drawdown_active,
    drawdown_ratio,
    fund_cannot_take,
    loss_beyond_drawdown,
    pool_pnl_exceeds,
    pool_pnl_to_close,
)
from abm.rules.fund_drawdown import HOUR_NS, FundDrawdown

holdings = st.lists(st.integers(0, 10**9), min_size=1, max_size=40).map(lambda v: np.array(v, np.int64))
amounts = st.integers(0, 3 * 10**9)


@st.composite
def winners(draw, side=None):
    n = draw(st.integers(1, 12))

    def column(low, high):
        return np.array(draw(st.lists(st.integers(low, high), min_size=n, max_size=n)), float)

    return Candidates(
        side=draw(st.sampled_from([1, -1])) if side is None else side,
        lots=np.array(draw(st.lists(st.integers(1, 1000), min_size=n, max_size=n)), np.int64),
        entry_value=column(1, 10**6),
        mark_value=column(1, 10**6),
        equity=column(-1_000, 10**6),
        wallet=column(-1_000, 10**6),
        maintenance=column(0, 10**4),
    )


@given(amounts, holdings, st.data())
def test_every_allocation_gives_what_is_asked_or_what_there_is(lots, held, data):
    start = data.draw(st.integers(0, len(held) - 1))
    for taken in (
        sequential(lots, held),
        random_sequential(lots, held, start),
        pro_rata(lots, held),
        largest_remainder(lots, held),
        capped_pro_rata(lots, held, 1.0),
    ):
        assert taken.dtype == np.int64
        assert taken.sum() == min(lots, held.sum())
        assert np.all((taken >= 0) & (taken <= held))


@given(amounts, holdings)
def test_pro_rata_is_within_a_lot_of_the_exact_share(lots, held):
    if lots < held.sum():
        exact = [int(h) * lots / int(held.sum()) for h in held]
        for rule in (pro_rata, largest_remainder):
            assert np.all(np.abs(rule(lots, held) - exact) < 1.0 + 1e-6)


def test_largest_remainder_is_exact():
    # shares 3.5, 2.8, 0.7 of 7 lots: floors 3, 2, 0, then the remainders .8 and .7
    assert largest_remainder(7, np.array([5, 4, 1])).tolist() == [3, 3, 1]
    assert pro_rata(7, np.array([5, 4, 1])).tolist() == [4, 3, 0]


def test_a_queue_closes_the_front_whole():
    assert sequential(13, np.array([10, 5, 4])).tolist() == [10, 3, 0]
    assert sequential(13, np.array([], np.int64)).tolist() == []


def test_the_walk_starts_anywhere_and_passes_over_accounts_that_cannot_pay():
    held = np.array([10, 10, 10, 10])
    assert random_sequential(15, held, 3).tolist() == [5, 0, 0, 10]
    skip = np.array([True, False, True, True])
    assert random_sequential(15, held, 1, skip).tolist() == [0, 0, 10, 5]
    assert random_sequential(15, held, 1, None, 1).tolist() == [0, 10, 0, 0]


def test_bankruptcy_prices_overlap():
    own = np.array([0.9, 1.2, 1.3])
    assert bankruptcy_overlaps(1, own, 1.2).tolist() == [True, True, False]
    assert bankruptcy_overlaps(-1, own, 1.2).tolist() == [False, True, True]


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.floats(0.0, 1.0)), min_size=1, max_size=20),
    st.floats(0.0, 2.0),
)
def test_water_level(rows, share):
    weights = np.array([w for w, _ in rows], float)
    caps = np.array([c for _, c in rows])
    amount = share * weights.sum()
    filled = water_fill(amount, weights, caps)
    assert filled.sum() == pytest.approx(min(amount, (weights * caps).sum()), rel=1e-9, abs=1e-6)
    fraction = filled / weights
    level = fraction.max()
    assert np.all((fraction <= caps + 1e-12) & ((fraction >= level - 1e-9) | (fraction >= caps - 1e-9)))


@given(st.integers(0, 2_000), st.floats(0.05, 0.95))
def test_capped_pro_rata_does_not_reward_splitting_an_account(amount, cap):
    weights, caps = np.array([700.0, 500.0, 300.0]), np.array([0.2, cap, 1.0])
    whole = water_fill(float(amount), weights, caps)
    split = water_fill(float(amount), np.array([350.0, 350.0, 500.0, 300.0]), np.array([0.2, 0.2, cap, 1.0]))
    assert split[:2].sum() == pytest.approx(whole[0])
    assert split[2:] == pytest.approx(whole[1:])


def test_caps_hold_in_whole_lots():
    taken = capped_pro_rata(500, np.array([100, 1_000, 10]), np.array([0.1, 0.3, 1.0]))
    assert taken.tolist() == [10, 300, 10]
    with pytest.raises(ValueError, match="cap_share"):
        capped_pro_rata(1, np.array([5]), 1.5)


def test_scores_of_worked_examples():
    assert binance_score(500, 1_000, 60) == pytest.approx(0.02)
    assert binance_score(500, -600, 60) == 0.0
    assert binance_score(0.5, 0.5, 0.1) == pytest.approx(0.05)  # a wallet below one unit counts as one
    assert bitmex_score(1, 100, 120, 90) == pytest.approx(0.8)
    assert bitmex_score(-1, 100, 80, 100) == pytest.approx(0.8)
    assert bitmex_score(1, 100, 90, 80) == pytest.approx(-0.1 / 9)
    assert hyperliquid_documented_score(1, 100, 110, 1_100, 220) == pytest.approx(5.5)
    assert hyperliquid_documented_score(-1, 110, 100, 1_100, 220) == pytest.approx(5.5)
    assert hyperliquid_decompiled_score(1_100, 220, 100, 1_000) == pytest.approx(0.5)
    assert effective_leverage([100, 100], [20, -1]).tolist() == [5.0, np.inf]
    assert okx_score(50, 100, 300, 30) == pytest.approx(0.05)
    assert okx_score(-50, 100, 300, 30) == pytest.approx(-5.0)


def test_the_two_readings_of_hyperliquid_order_accounts_differently():
    entry, mark, leverage = np.array([100, 100]), np.array([101, 150]), np.array([20, 5])
    documented = hyperliquid_documented_score(1, entry, mark, leverage, 1.0)
    decompiled = hyperliquid_decompiled_score(
        leverage, 1.0, (mark - entry) / mark * leverage, entry / mark * leverage
    )
    assert adl_order(documented).tolist() == [0, 1]
    assert adl_order(decompiled).tolist() == [1, 0]


@given(winners(), st.sampled_from(sorted(RANKS)))
def test_ranks_depend_on_ratios_not_on_size(candidates, rank):
    if rank == "binance":  # has a floor of one settlement unit
        return
    bigger = Candidates(
        candidates.side,
        candidates.lots,
        *(
            getattr(candidates, name) * 4.0
            for name in ("entry_value", "mark_value", "equity", "wallet", "maintenance")
        ),
    )
    assert RANKS[rank](bigger) == pytest.approx(RANKS[rank](candidates), rel=1e-9, abs=1e-12)


@given(winners(), st.sampled_from(sorted(set(RANKS) - {"none", "leverage"})), st.data())
def test_more_profit_never_moves_a_winner_back(candidates, rank, data):
    k = data.draw(st.integers(0, len(candidates.lots) - 1))
    entry = candidates.entry_value.copy()
    entry[k] *= 0.9 if candidates.side > 0 else 1.1
    equity, wallet = np.maximum(candidates.equity, 1.0), np.maximum(candidates.wallet, 1.0)
    if rank == "binance":  # profit is part of its equity: hold that fixed
        return
    columns = (candidates.mark_value, equity, wallet, candidates.maintenance)
    before = RANKS[rank](Candidates(candidates.side, candidates.lots, candidates.entry_value, *columns))[k]
    after = RANKS[rank](Candidates(candidates.side, candidates.lots, entry, *columns))[k]
    assert after >= before - 1e-12 * abs(before)


@given(winners(), st.sampled_from(sorted(RANKS)), st.integers(0, 5_000), st.randoms())
def test_the_queue_does_not_depend_on_the_order_of_rows(candidates, rank, lots, random):
    score = RANKS[rank](candidates)
    if len(np.unique(score)) < len(score):
        return
    rule = AdlRule(rank=rank)
    swap = np.array(random.sample(range(len(score)), len(score)))
    names = ("lots", "entry_value", "mark_value", "equity", "wallet", "maintenance")
    mixed = Candidates(candidates.side, *(getattr(candidates, name)[swap] for name in names))
    assert lots_closed(rule, mixed, lots).tolist() == lots_closed(rule, candidates, lots)[swap].tolist()


@given(winners(), st.sampled_from(ALLOCATIONS), st.integers(0, 5_000), st.floats(0.0, 3_000.0))
def test_nobody_closed_is_left_with_less_than_nothing(candidates, allocation, lots, price):
    closed = lots_closed(AdlRule(allocation=allocation), candidates, lots, start=1, price=price)
    worth = candidates.equity + candidates.side * (price * candidates.lots - candidates.mark_value)
    able = worth >= -1e-6 * candidates.mark_value
    assert np.all(able[closed > 0])
    assert closed.sum() <= min(lots, candidates.lots[able].sum())
    certain = worth >= 1e-6 * candidates.mark_value
    assert closed.sum() >= min(lots, candidates.lots[certain].sum())


def test_a_rule_by_names_as_a_preset_writes_them():
    rule = AdlRule(
        rank="hyperliquid-documented", allocation="pro-rata", price="previous-mark", trigger="account-value"
    )
    assert (rule.rank, rule.allocation, rule.price, rule.trigger) == (
        "hyperliquid_documented",
        "pro_rata",
        "previous_mark",
        "account_value",
    )


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("rank", "fame", "rank is 'fame'; allowed: binance, bitmex"),
        ("allocation", "fifo", "allocation is 'fifo'; allowed: queue"),
        ("price", "last", "price is 'last'; allowed: bankruptcy, mark, previous_mark"),
        ("trigger", "mood", "trigger is 'mood'; allowed: fund_capacity"),
        ("drawdown_stop", -0.5, "drawdown start is -0.3, stop is -0.5"),
        ("drawdown_hours", 0.0, "drawdown_hours is 0.0"),
        ("pool_pnl_factor", 0.0, "pool_pnl_factor is 0.0"),
        ("cap_share", 0.0, "cap_share is 0.0"),
        ("most_accounts", -1, "most_accounts is -1"),
    ],
)
def test_bad_rules_are_refused(field, value, words):
    with pytest.raises(ValueError, match=words):
        AdlRule(**{field: value})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"side": 0}, "side is 0"),
        ({"lots": np.array([1.5])}, "whole lots"),
        ({"lots": np.array([-1])}, "lots has -1"),
        ({"equity": np.array([1.0, 2.0])}, "equity has shape"),
    ],
)
def test_bad_candidates_are_refused(change, words):
    one = np.array([1.0])
    columns = {"side": 1, "lots": np.array([1])} | dict.fromkeys(
        ("entry_value", "mark_value", "equity", "wallet", "maintenance"), one
    )
    with pytest.raises(ValueError, match=words):
        Candidates(**(columns | change))
    with pytest.raises(ValueError, match="lots is -1"):
        lots_closed(AdlRule(), Candidates(**columns), -1)


def test_prices_and_what_they_leave():
    assert adl_price("bankruptcy", 1.2, 2.0, 1.1) == 1.2
    assert adl_price("mark", 1.2, 2.0, 1.1) == 2.0
    assert adl_price("previous_mark", 1.2, 2.0, 1.1) == 1.1
    at_bankruptcy = settle_adl(1, 500, 1.0, 1.2, 1.2, 2.0)
    assert at_bankruptcy.winner_pnl == pytest.approx(100)
    assert at_bankruptcy.loser_equity == 0.0
    assert at_bankruptcy.pnl_forgone == pytest.approx(400)
    at_mark = settle_adl(-1, 10, 100.0, 80.0, 85.0, 80.0)  # a long, bankrupt at 85, closed at 80
    assert (at_mark.winner_pnl, at_mark.loser_equity, at_mark.pnl_forgone) == (200.0, -50.0, 0.0)
    with pytest.raises(ValueError, match="price is 'last'"):
        adl_price("last", 1.0, 1.0, 1.0)


@given(st.sampled_from([1, -1]), *(st.floats(0.1, 1e4) for _ in range(4)), st.floats(1.0, 1e3))
def test_settlement_makes_no_money(side, entry, price, broke, mark, size):
    outcome = settle_adl(side, size, entry, price, broke, mark)
    assert outcome.winner_pnl + outcome.pnl_forgone == pytest.approx(side * size * (mark - entry), abs=1e-5)
    value_of_loser_before = side * size * (broke - mark)
    assert outcome.loser_equity - value_of_loser_before == pytest.approx(outcome.pnl_forgone, abs=1e-5)


def test_triggers():
    assert fund_cannot_take([5, 6], [5, 5]).tolist() == [False, True]
    assert account_value_below_zero([-1e-9, 0.0, 1.0]).tolist() == [True, False, False]
    assert drawdown_ratio(-350_000, 0, 1_000_000) == pytest.approx(-0.35)
    assert drawdown_ratio(-1.0, 0.0, 0.0) == -np.inf
    assert drawdown_ratio(0.0, 0.0, 0.0) == 0.0
    assert loss_beyond_drawdown(350_000, 1_000_000) == pytest.approx(50_000)
    assert loss_beyond_drawdown(100_000, 1_000_000) == 0.0
    assert pool_pnl_exceeds(46.0, 100.0, 0.45)
    assert not pool_pnl_exceeds(45.0, 100.0, 0.45)
    assert not pool_pnl_exceeds(-1.0, 0.0, 0.45)
    assert pool_pnl_exceeds(1.0, 0.0, 0.45)
    paid = pool_pnl_to_close(60.0, 100.0, 0.4)
    assert (60.0 - paid) / (100.0 - paid) == pytest.approx(0.4)
    assert pool_pnl_to_close(10.0, 100.0, 0.4) == 0.0


def test_drawdown_has_hysteresis():
    seen, active = [], False
    for ratio in (-0.29, -0.30, -0.31, -0.27, -0.25, -0.24, -0.27, -0.31):
        active = drawdown_active(active, ratio)
        seen.append(active)
    assert seen == [False, False, True, True, True, False, False, True]
    with pytest.raises(ValueError, match="drawdown start"):
        drawdown_active(False, 0.0, -0.2, -0.3)


def test_fund_is_measured_against_its_peak_of_eight_hours():
    fund = FundDrawdown()
    assert fund.peak == 0.0
    assert not fund.record(0, 1_000.0)
    assert not fund.record(HOUR_NS, 750.0)
    assert fund.record(2 * HOUR_NS, 690.0)
    assert fund.ratio == pytest.approx(-0.31)
    assert fund.record(3 * HOUR_NS, 740.0)  # between stop and start: goes on
    assert not fund.record(9 * HOUR_NS, 740.0)  # the peak of hour 0 has left the window
    assert fund.peak == 750.0
    assert fund.record(10 * HOUR_NS, 0.0)
    with pytest.raises(ValueError, match="time_ns"):
        fund.record(HOUR_NS, 1.0)
    with pytest.raises(ValueError, match="window_hours"):
        FundDrawdown(0.0)


@given(st.lists(st.tuples(st.integers(0, 4 * HOUR_NS), st.floats(0.0, 1e6)), min_size=1, max_size=40))
def test_rolling_peak_is_the_maximum_of_the_window(moves):
    fund, time, seen = FundDrawdown(), 0, []
    for step, balance in moves:
        time += step
        seen.append((time, balance))
        fund.record(time, balance)
        assert fund.peak == max(b for t, b in seen if t >= time - 8 * HOUR_NS)
        assert fund.active or fund.ratio >= -0.30
