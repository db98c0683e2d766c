"""Marks made of oracles, own books and other venues; what is unknown drops out and never becomes a mark."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.rules.decaying_average import DecayingAverage, decaying_average
from abm.rules.index_price import MedianIndex, SpotQuotes, WeightedIndex, protected_index
from abm.rules.mark_price import FairPriceMark, IndexMark, MarkInputs, MedianMark
from abm.rules.oracle_mark import OracleMark
from abm.rules.stable_price import StablePrice
from abm.rules.throttled_mark import ThrottledMark, throttled_marks
from abm.rules.venue_median_mark import VenueMedianMark, venue_median
from abm.rules.weighted_median import median_of_known, weighted_median

SECOND = 1_000_000_000
NAN = float("nan")
PRICES = st.floats(0.01, 1e6)
RULES = (MedianMark(), FairPriceMark(), IndexMark(), OracleMark(), ThrottledMark(), StablePrice())


def seen(now_s, index=100.0, mid=100.0, last=100.0, **more):
    one = [np.array([x]) for x in (index, mid, last, 0.0)]
    known = {name: np.array([x]) for name, x in more.items() if name != "other_mids"}
    if "other_mids" in more:
        known["other_mids"] = np.array([more["other_mids"]]).T
    return MarkInputs(round(now_s * SECOND), *one, 8.0, **known)


def test_weighted_median_of_venue_mids():
    weights = [3, 2, 2, 1, 1]
    assert weighted_median([100.0, 101.0, 99.0, 98.0, 103.0], weights) == 100.0
    assert weighted_median([NAN, 101.0, 99.0, NAN, NAN], weights) == 100.0  # even: the mean of the middle two
    assert np.isnan(weighted_median([NAN] * 5, weights))
    assert np.isnan(weighted_median([1.0, 2.0], [0.0, 0.0]))
    with pytest.raises(ValueError, match=r"weights has 2 entries; prices has 3 sources"):
        weighted_median([1.0, 2.0, 3.0], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"weights is \[1.0, -1.0\]"):
        weighted_median([1.0, 2.0], [1.0, -1.0])


@settings(deadline=None)
@given(st.lists(st.tuples(PRICES, st.integers(0, 5)), min_size=1, max_size=9))
def test_weighted_median_is_the_median_of_repeated_prices(rows):
    prices, weights = np.array([p for p, _ in rows]), np.array([w for _, w in rows])
    answer = weighted_median(prices, weights)
    if weights.sum() == 0:
        assert np.isnan(answer)
    else:
        assert answer == pytest.approx(np.median(np.repeat(prices, weights)))


def test_documented_decaying_average():
    # Hyperliquid's recursion by hand: three samples 3 s apart, tau 150 s
    decay = np.exp(-3 / 150)
    by_hand = (10 * decay**2 + 20 * decay + 60) / (decay**2 + decay + 1)
    assert decaying_average([3, 3, 3], [10, 20, 60], 150.0) == pytest.approx(by_hand)
    assert np.isnan(decaying_average([], [], 150.0))
    rule = DecayingAverage(150.0)
    state = rule.start(2)
    rule.update(state, 3.0, np.array([10.0, 10.0]))
    assert rule.update(state, 300.0, np.array([20.0, NAN])).tolist() == pytest.approx(
        [19.9866, 10.0], abs=1e-3
    )
    with pytest.raises(ValueError, match=r"elapsed_s is -1.0"):
        rule.update(state, -1.0, np.zeros(2))


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.001, 1e3), PRICES), min_size=1, max_size=20))
def test_decaying_average_lies_within_its_samples(rows):
    times, samples = zip(*rows, strict=True)
    average = decaying_average(times, samples, 150.0)
    assert min(samples) * (1 - 1e-9) <= average <= max(samples) * (1 + 1e-9)


def test_venue_median_by_number_of_inputs():
    none, a, b, c, smooth = (np.array([x]) for x in (NAN, 100.0, 90.0, 104.0, 93.0))
    assert venue_median(a, b, c, smooth) == [100.0]
    assert venue_median(a, b, none, smooth) == [93.0]  # exactly two: the smoothed book joins
    assert venue_median(a, none, none, smooth) == [100.0]
    assert np.isnan(venue_median(none, none, none, smooth))


def test_venue_median_mark_outvotes_its_own_book():
    rule = VenueMedianMark()
    state = rule.start(np.array([100.0]))
    mids = [100.0, 100.1, 99.9, 100.0, 100.0]
    for now in range(0, 60, 3):
        assert rule.update(state, seen(now, other_mids=mids)) == pytest.approx([100.0])
    crash = seen(60, mid=60.0, last=60.0, best_bid=59.0, best_ask=61.0, other_mids=mids)
    # book 60, abroad 100, oracle + basis in between: 60 s of zero basis, then 3 s at -40
    basis = decaying_average([3] * 21, [0.0] * 20 + [-40.0], 150.0)
    assert rule.update(state, crash) == pytest.approx([100.0 + basis])
    # the others unreachable: two inputs and the smoothed book
    smooth = decaying_average([3] * 22, [100.0] * 20 + [60.0] * 2, 30.0)
    alone = seen(63, mid=60.0, last=60.0, best_bid=59.0, best_ask=61.0, other_mids=[NAN] * 5)
    assert rule.update(state, alone) == pytest.approx([smooth])


def test_venue_median_mark_refreshes_each_three_seconds():
    rule = VenueMedianMark()
    state = rule.start(np.array([100.0]))
    marks = [rule.update(state, seen(t, 100 + t, 100 + t, 100 + t))[0] for t in (0, 1, 2, 3, 5.9, 6)]
    assert marks == pytest.approx([100, 100, 100, 103, 103, 106])


def test_venue_median_mark_of_empty_books_stays():
    rule = VenueMedianMark()
    state = rule.start(np.array([100.0]))
    nothing = seen(0, NAN, NAN, NAN, best_bid=NAN, best_ask=NAN, other_mids=[NAN] * 5)
    assert rule.update(state, nothing) == [100.0]
    with pytest.raises(ValueError, match=r"weights has 5 entries; prices has 2 sources"):
        rule.update(state, seen(3, other_mids=[1.0, 2.0]))
    with pytest.raises(ValueError, match=r"refresh_s is 0.0"):
        VenueMedianMark(refresh_s=0.0)


def test_oracle_alone():
    rule = OracleMark()
    state = rule.start(np.array([100.0]))
    assert rule.update(state, seen(0, 99.0, 50.0, 50.0, oracle=98.0)) == [98.0]
    assert rule.update(state, seen(1, 97.0, oracle=NAN)) == [98.0]
    assert rule.update(state, seen(2, 97.0, oracle=0.0)) == [98.0]
    assert rule.update(state, seen(3, 97.0)) == [97.0]  # no oracle of its own


def test_vega_example_of_minimum_spacing():
    assert throttled_marks([(0, 1200), (8, 1100), (10.1, 1500)], 10, 12) == [1200, 1200, 1500]
    assert throttled_marks([(0, 920), (0, 1200), (0, 1300)], 10, 12, 900) == [1300] * 3  # one time: the last
    assert throttled_marks([(5, 1000), (8, 1100)], 10, 0, 900) == [900, 900]
    rule = ThrottledMark(10.0)
    state = rule.start(np.array([900.0]))
    marks = [
        rule.update(state, seen(t, last=p))[0] for t, p in ((0, 1200), (8, 1100), (10, 1100), (11, 1500))
    ]
    # the trade of 8 s is gone at 10 s: a step without a trade moves nothing
    assert marks == [1200, 1200, 1200, 1500]


def test_funding_basis_with_an_interval_of_its_own():
    inputs = seen(0, interval_hours=4.0)
    inputs = MarkInputs(0, inputs.index, inputs.mid, inputs.last, np.array([0.001]), 2.0, interval_hours=4.0)
    assert FairPriceMark().update(FairPriceMark().start(inputs.index), inputs) == pytest.approx([100.05])


@pytest.mark.parametrize("rule", [*RULES, VenueMedianMark()], ids=lambda rule: type(rule).__name__)
@settings(deadline=None)
@given(st.lists(st.tuples(*[st.one_of(PRICES, st.just(NAN))] * 4), min_size=1, max_size=12))
def test_no_mark_is_ever_unknown_or_outside_what_was_seen(rule, rows):
    state = rule.start(np.array([100.0]))
    for number, (index, mid, last, oracle) in enumerate(rows):
        mark = rule.update(state, seen(10 * number, index, mid, last, oracle=oracle))[0]
        known = [100.0] + [x for row in rows for x in row if np.isfinite(x)]
        # index + (mid - index) of different times can leave the range by the width of the range
        width = max(known) - min(known)
        assert min(known) - width - 1e-6 <= mark <= max(known) + width + 1e-6


def test_mango_tests_of_the_stable_price():
    # stable_price.rs: test_stable_price_10x and test_stable_price_average
    rule = StablePrice()
    state = rule.start(np.array([1.0]))
    ten = np.array([10.0])
    for step in range(60):
        rule.follow(state, (step + 1) * 60 * SECOND, ten)
    assert state.price == pytest.approx([1.8], abs=0.1)
    assert state.delay[0, 0] == pytest.approx(1.06)
    assert state.delay[0, 1:].tolist() == [1.0] * 23
    for step in range(360):
        rule.follow(state, (3600 + (step + 1) * 10) * SECOND, ten)
    assert state.price == pytest.approx([2.3], abs=0.1)
    assert state.delay[0, 1] == pytest.approx(1.06**2)
    for step in range(12 * 23):
        rule.follow(state, (7200 + (step + 1) * 300) * SECOND, ten)
    assert state.price == pytest.approx([7.4], abs=0.1)
    assert state.delay[0, 0] > state.delay[0, 23] > state.delay[0, 22] > state.delay[0, 2] > state.delay[0, 1]
    free = StablePrice(delay_growth=10.0)
    state = free.start(np.array([1.0]))
    for now in range(60, 3601, 60):
        free.follow(state, now * SECOND, np.array([2.0 if now > 1800 else 1.0]))
    assert state.delay[0, 0] == pytest.approx(1.5, abs=0.01)


def test_stable_price_passes_over_updates_that_come_too_soon():
    rule = StablePrice()
    state = rule.start(np.array([1.0]))
    assert rule.follow(state, 9 * SECOND, np.array([10.0])) == [1.0]
    assert rule.follow(state, 10 * SECOND, np.array([NAN])) == [1.0]
    assert rule.follow(state, 20 * SECOND, np.array([10.0])) == pytest.approx([1.003])
    waiting = rule.start(np.array([0.0]))
    assert rule.follow(waiting, SECOND, np.array([7.0])) == [7.0]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10_000), st.floats(0.001, 1e5)), min_size=1, max_size=40))
def test_stable_price_never_moves_faster_than_its_limit(rows):
    rule = StablePrice()
    state = rule.start(np.array([100.0]))
    now = 0
    for gap, oracle in rows:
        now += gap
        before = state.price[0]
        after = rule.follow(state, now * SECOND, np.array([oracle]))[0]
        assert abs(after / before - 1) <= 0.0003 * min(gap + 9, 600) + 1e-9  # skipped gaps add up to 9 s
        assert min(before, oracle) - 1e-9 <= after <= max(before, oracle) + 1e-9


def test_index_outliers():
    prices, weights = [100, 100.2, 99.8, 92], [0.4, 0.3, 0.2, 0.1]
    assert protected_index(prices, weights) == pytest.approx(100.02222222222223)
    assert protected_index([100, 100.2, 80, 130], weights) == pytest.approx(100.1)  # two outliers: the median
    assert protected_index([100, 101, 99, 90], [0, 0, 0, 1]) == pytest.approx(99.5)  # no weight left
    assert np.isnan(protected_index([NAN, NAN], [1, 1]))
    with pytest.raises(ValueError, match=r"weights is \[-1.0, 1.0\]"):
        protected_index([1, 2], [-1, 1])


@settings(deadline=None)
@given(st.lists(st.one_of(PRICES, st.just(NAN)), min_size=1, max_size=8))
def test_index_lies_within_its_sources(prices):
    known = [price for price in prices if np.isfinite(price)]
    for rule in (WeightedIndex(), MedianIndex()):
        index = rule.price(SpotQuotes(np.array(prices)[:, None]))[0]
        if known:
            assert min(known) - 1e-6 <= index <= max(known) + 1e-6
        else:
            assert np.isnan(index)


def test_median_index_leaves_out_the_stale():
    prices = np.array([[100.0], [101.0], [150.0]])
    weights, age = np.array([[3.0], [2.0], [9.0]]), np.array([[0.0], [0.0], [11.0]])
    assert MedianIndex().price(SpotQuotes(prices, weights, age)) == [100.0]
    assert median_of_known(prices) == [101.0]
