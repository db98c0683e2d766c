"""Premium from impact prices, funding by rate, cap, interval, velocity and imbalance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.rules.funding import FundingRule, funding_payment, funding_rate_8h, funding_rate_of_interval
from abm.rules.funding_cap import cap_from_maintenance, cap_from_margins, capped
from abm.rules.funding_imbalance import AdaptiveFunding, imbalance_funding, imbalance_share
from abm.rules.funding_interval import SymbolFunding, shortened_interval
from abm.rules.funding_twap import rates_within_pool, twap_funding_rate
from abm.rules.funding_velocity import VelocityFunding, accrued_funding, funding_velocity
from abm.rules.premium import (
    impact_notional_from_margin,
    impact_price,
    premium_index,
    premium_of_middle,
    premium_or_extreme,
    premium_ppm,
)

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
NAN = float("nan")
OPEN_INTEREST = st.one_of(st.just(0.0), st.floats(0.01, 1e9))


def ppm(bids, asks, index, notional, bound=1_000_000):
    books = [np.array(levels, float).reshape(-1, 2) for levels in (bids, asks)]
    bid, ask = (np.array([impact_price(book[:, 0], book[:, 1], notional)]) for book in books)
    return int(premium_ppm(premium_index(np.array([index]), bid, ask), bound)[0])


@pytest.mark.parametrize(
    ("bids", "asks", "index", "notional", "bound", "expected"),
    [
        # dYdX v4-chain memclob_get_premium_price_test.go, all cases of TestGetPremiumPrice without an error
        ([(9999, 1)], [(10001, 1)], 10_000, 5000, 1_000_000, 0),
        ([(9999, 0.1), (9998, 1)], [(10001, 1)], 9_000, 5000, 1_000_000, 110_911),
        ([(9999, 1)], [(10001, 0.1), (10001.5, 0.1), (10002, 1)], 10_003, 5000, 1_000_000, -129),
        ([(9999, 1)], [(10001, 1)], 10_001.9, 5000, 1_000_000, -89),
        ([(9999.9, 1)], [(10001, 1)], 9_997.5, 5000, 1_000_000, 240),
        ([(9999.9, 0.1), (9999.5, 1), (9999, 1)], [(10001, 1)], 9_999.82, 5000, 1_000_000, 0),
        ([(9999.8, 1)], [(10000.1, 0.1)], 10_001, 2000, 100_000, 0),
        ([(9999.8, 0.1)], [(10000.1, 1)], 9_999.5, 2000, 100_000, 0),
        ([(9999.8, 0.1)], [(10000.1, 0.1)], 10_000, 2000, 100_000, 0),
        ([], [], 10_000, 2000, 100_000, 0),
        ([(9999.9, 1)], [(10001, 1)], 6_000, 5000, 100_000, 100_000),
        ([(9999.9, 1)], [(10001, 1)], 15_000, 5000, 100_000, -100_000),
        ([(9999.8, 1)], [(10000.1, 0.1)], 9_999, 5000, 100_000, 80),
        ([(9999.8, 0.1)], [(10000.1, 1)], 10_001, 5000, 100_000, -89),
        ([(9999.9, 1)], [(10001, 1)], 9_997.5, 0, 1_000_000, 240),
    ],
)
def test_dydx_premiums(bids, asks, index, notional, bound, expected):
    assert ppm(bids, asks, index, notional, bound) == expected


def test_whole_parts_per_million_survive_binary_fractions():
    shares = np.arange(-50_000, 50_001) / 1_000_000
    assert premium_ppm(shares).tolist() == list(range(-50_000, 50_001))
    with pytest.raises(ValueError, match=r"bound_ppm is -1"):
        premium_ppm(shares, -1)


def test_sides_that_are_missing():
    index, none, some = np.array([100.0]), np.array([NAN]), np.array([99.0])
    above = np.array([101.0])
    assert premium_index(index, above, none) == pytest.approx([0.01])
    assert premium_index(index, none, some) == pytest.approx([-0.01])
    assert premium_index(none, above, some) == [0.0]
    assert premium_or_extreme(index, some, none, 0.05) == [0.05]  # Mango: only bids, highest funding
    assert premium_or_extreme(index, none, above, 0.05) == [-0.05]
    assert premium_or_extreme(index, none, none, 0.05) == [0.0]
    assert premium_or_extreme(index, some, above, 0.05) == [0.0]
    assert premium_of_middle(index, np.array([100.0]), np.array([104.0])) == pytest.approx([0.02])
    assert np.isnan(premium_of_middle(index, some, none))


def test_impact_of_thin_and_empty_books():
    assert impact_price([50_000, 49_999], [1, 1], 99_999) == pytest.approx(49_999.5)
    assert np.isnan(impact_price([], [], 1.0))
    assert impact_notional_from_margin(0.05) == 10_000
    with pytest.raises(ValueError, match=r"notional is -1"):
        impact_price([1], [1], -1)
    with pytest.raises(ValueError, match=r"initial_fraction is 0"):
        impact_notional_from_margin(0)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(1, 1e4), st.floats(0.001, 100)), min_size=1, max_size=8),
    st.floats(0.01, 0.99),
)
def test_impact_price_lies_within_the_book(levels, share):
    prices, sizes = np.array(sorted(levels, reverse=True)).T
    price = impact_price(prices, sizes, share * float((prices * sizes).sum()))
    assert prices.min() - 1e-6 <= price <= prices[0] + 1e-6


@settings(deadline=None)
@given(st.floats(-1, 1), st.floats(0, 0.01), st.floats(0, 0.01))
def test_rate_is_premium_drawn_to_interest_within_the_clamp(premium, interest, clamp):
    rate = float(funding_rate_8h(premium, interest, clamp))
    assert abs(rate - premium) <= clamp + 1e-12
    if abs(interest - premium) <= clamp:
        assert rate == pytest.approx(interest)
    else:
        assert min(premium, interest) - 1e-12 <= rate <= max(premium, interest) + 1e-12


def test_hyperliquid_hour():
    # docs, Funding: premium 1 %, eight-hour rate 0.95 %, an eighth each hour on size x oracle, cap 4 %
    rule = FundingRule(interval_hours=1.0, weights="equal", paid_on="oracle")
    hourly = rule.rate(np.array([0.01]), 0.04)
    assert hourly == pytest.approx([0.0095 / 8])
    assert funding_payment(10.0, 10_000.0, hourly, 0.04) == pytest.approx([118.75])
    assert rule.rate(np.array([0.9, -0.9]), 0.04).tolist() == [0.04, -0.04]


def test_dydx_hour():
    rule = FundingRule(
        1.0, 60.0, interest=0.0, clamp=0.0, weights="equal", flat_interest=0.0000125, paid_on="oracle"
    )
    state = rule.start(1)
    index = np.array([100.0])
    for minute in range(60):
        bid = np.array([101.0 if minute < 30 else 100.0])
        rule.observe(state, minute * 60 * SECOND, index, bid, bid + 1)
    assert rule.due(state, HOUR, 0.12 / 8) == 1
    assert state.rate == pytest.approx([0.005 / 8 + 0.0000125])


def test_caps():
    assert cap_from_maintenance([0.004, 0.005, 0.0065]) == pytest.approx([0.003, 0.00375, 0.004875])
    assert cap_from_margins(0.05, 0.03) == pytest.approx(0.12)
    assert capped([0.01, -0.01, 0.001], 0.003).tolist() == [0.003, -0.003, 0.001]
    with pytest.raises(ValueError, match=r"maintenance_rate is -0.1"):
        cap_from_maintenance(-0.1)
    with pytest.raises(ValueError, match=r"maintenance_fraction is 0.1; it must not exceed"):
        cap_from_margins(0.05, 0.1)


def test_intervals_shorten_where_the_cap_binds():
    hours = shortened_interval([8, 8, 4, 4, 1], [0.003, 0.0029, -0.003, 0.0, 0.003], 0.003)
    assert hours.tolist() == [4, 8, 1, 4, 1]
    assert funding_rate_of_interval(0.002, 4) == pytest.approx(0.00075)
    with pytest.raises(ValueError, match=r"hours is 0.0; it must be above zero"):
        funding_rate_of_interval(0.002, 0)


def feed(rule, state, until_s, bids):
    for now in range(0, until_s, 5):
        rule.observe(state, now * SECOND, np.full(2, 100.0), bids, bids + 1)


def test_symbols_on_one_interval_agree_with_the_plain_rule():
    plain, symbol = FundingRule(), SymbolFunding()
    states = plain.start(2), symbol.start(2)
    for now in range(0, 8 * 3600, 60):
        bid = np.array([100.0 + (now > 4 * 3600), 100.05])
        for rule, state in zip((plain, symbol), states, strict=True):
            rule.observe(state, now * SECOND, np.full(2, 100.0), bid, bid + 1)
    assert symbol.average_premium(states[1]) == pytest.approx(plain.average_premium(states[0]))
    assert plain.due(states[0], 8 * HOUR, 0.02) == 1
    assert symbol.due(states[1], 8 * HOUR, 0.02).tolist() == [1, 1]
    assert states[1].rate == pytest.approx(states[0].rate)


def test_a_symbol_at_its_cap_pays_more_often():
    rule = SymbolFunding()
    state = rule.start(2)
    feed(rule, state, 8 * 3600, np.array([105.0, 100.0]))
    assert rule.due(state, 8 * HOUR - 1, 0.003).tolist() == [0, 0]
    assert rule.due(state, 8 * HOUR, 0.003).tolist() == [1, 1]
    assert state.rate == pytest.approx([0.003, 0.0001])
    assert state.interval_hours.tolist() == [4.0, 8.0]
    assert rule.hours_to_funding(state, 8 * HOUR).tolist() == [4.0, 8.0]
    assert rule.due(state, 12 * HOUR, 0.003).tolist() == [1, 0]
    assert state.rate == pytest.approx([0.00005, 0.0001])  # no sample since: interest only, of 4 h
    with pytest.raises(ValueError, match=r"ladder is \(8.0, 0.0\)"):
        SymbolFunding(ladder=(8.0, 0.0))


def test_synthetix_table():
    # perps-market Funding.test.ts at 23585f73: days, change of skew, then velocity, rate, accrued
    rows = [
        (1, -60, -0.012, 0.006, 120),
        (1, 15, -0.0075, -0.006, 120),
        (0.25, 37, 0.0036, -0.007875, 50.625),
        (2, -17, -0.0015, -0.000675, -291.375),
        (0.2, 155, 0.045, -0.000975, -297.975),
        (0.1, -150, 0, 0.003525, -292.875),
        (0.1, -15, -0.0045, 0.003525, -278.775),
        (0.03, -4, -0.0057, 0.00339, -274.626),
        (3, 19, 0, -0.01371, -893.826),
    ]
    rule = VelocityFunding(10_000, 3)
    state = rule.start(1)
    rule.update(state, 0, np.array([20.0]))
    now, skew, accrued = 0, 20.0, 0.0
    for days, change, velocity, rate, total in rows:
        now += round(days * 86_400) * SECOND
        skew += change
        accrued += 20 * 2000 * rule.update(state, now, np.array([skew]))[0]
        assert funding_velocity(skew, 10_000, 3) == pytest.approx(velocity)
        assert state.rate[0] == pytest.approx(rate)
        assert accrued == pytest.approx(total)
    assert funding_velocity([-99_999, 99_999], 10_000, 3).tolist() == [-3, 3]
    assert accrued_funding(0.0, 0.006, 20, 2000, 1) == pytest.approx(120)
    with pytest.raises(ValueError, match=r"skew_scale is 0"):
        VelocityFunding(0, 3)


def test_gmx_sides():
    long, short = imbalance_funding(150_000, 50_000, 1 / 50_000)
    assert (long, short) == (pytest.approx(1e-5), pytest.approx(-3e-5))
    long, short = imbalance_funding([0, 5, 0], [100, 0, 0], 1 / 50_000)
    assert not long.any()
    assert not short.any()
    with pytest.raises(ValueError, match=r"long_oi is -1.0"):
        imbalance_share(-1, 1)


@settings(deadline=None)
@given(OPEN_INTEREST, OPEN_INTEREST, st.floats(0, 1e-3), st.floats(0.5, 2))
def test_what_one_side_pays_the_other_gets(long_oi, short_oi, factor, exponent):
    long, short = imbalance_funding(long_oi, short_oi, factor, exponent)
    paid = long * long_oi
    assert paid + short * short_oi == pytest.approx(0.0, abs=1e-9 * abs(paid) + 1e-12)
    assert long * (long_oi - short_oi) >= 0


def test_gmx_adaptive_rate():
    # README, percent units: 0.0001 % x 6 % x 600 s; unchanged in between; 0.000002 % x 600 s less
    rule = AdaptiveFunding(0.0001, 0.000002, 0.05, 0.03, highest=0.01)
    assert rule.next_rate(0.0, 0.06, 600) == pytest.approx(0.0036)
    assert rule.next_rate(0.004, 0.06, 600) == pytest.approx(0.0076)
    assert rule.next_rate(0.004, 0.04, 600) == pytest.approx(0.004)
    assert rule.next_rate(0.004, 0.02, 600) == pytest.approx(0.0028)
    assert rule.next_rate(0.0001, 0.02, 600) == 0.0
    assert rule.next_rate(0.004, -0.06, 600) == pytest.approx(0.0004)  # the skew turned
    assert rule.next_rate(0.009, 0.06, 600) == pytest.approx(0.01)
    assert rule.next_rate(-0.004, -0.06, 600) == pytest.approx(-0.0076)
    assert rule.paid(0.004, 150.0, 50.0) == (pytest.approx(0.004), pytest.approx(-0.012))
    with pytest.raises(ValueError, match=r"decrease_threshold is 0.1; it must be at most"):
        AdaptiveFunding(0.0001, 0.0, 0.05, 0.1)
    with pytest.raises(ValueError, match=r"highest is 0.1; it must be at least lowest 0.2"):
        AdaptiveFunding(0.0001, lowest=0.2, highest=0.1)


def test_drift_rates():
    # an hour of (mark - oracle + oracle / 5000) / 24: (101 - 100 + 0.02) / 24
    assert twap_funding_rate(101, 100) == pytest.approx(1.02 / 24)
    assert twap_funding_rate([101, 50], 100, 0.5) == pytest.approx([0.5 / 24, -0.5 / 24])
    assert twap_funding_rate([NAN, 101], 100).tolist()[0] == 0.0
    # longs 10 pay 1 each, shorts 40 want 40: 10 from the longs and a third of 30
    assert rates_within_pool(1.0, 10, 40, 30) == (pytest.approx(1.0), pytest.approx(0.5))
    assert rates_within_pool(-1.0, 40, 10, 30) == (pytest.approx(-0.5), pytest.approx(-1.0))
    assert rates_within_pool(1.0, 40, 10, 0) == (1.0, 1.0)  # the surplus stays with the pool


@settings(deadline=None)
@given(st.floats(-1, 1), OPEN_INTEREST, OPEN_INTEREST, st.floats(0, 1e9))
def test_the_fee_pool_never_pays_more_than_its_share(rate, long, short, pool):
    long_rate, short_rate = rates_within_pool(rate, long, short, pool)
    drawn = short_rate * short - long_rate * long
    assert drawn <= pool / 3 + 1e-6 * (abs(rate) * (long + short) + 1e-9)
    assert abs(long_rate) <= abs(rate)
    assert abs(short_rate) <= abs(rate)
