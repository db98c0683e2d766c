"""Halts: market-wide levels, limit up and down, velocity pause, auctions on breach; all open again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.rules.halt import HaltLevel, HaltRule, level_price
from abm.rules.limit_up_down import LimitUpDown, band_width
from abm.rules.market_wide_halt import krx_market_wide, nyse_market_wide
from abm.rules.price_monitoring import PriceMonitoring, Trigger, lognormal_trigger
from abm.rules.recent_prices import RecentPrices
from abm.rules.velocity_pause import VelocityPause
from abm.rules.volatility_interruption import VolatilityInterruption, interruption_limits

SECOND = 1_000_000_000
RULES = (
    HaltRule((HaltLevel(0.07, 60.0), HaltLevel(0.13, 60.0, 60.0, 5.0)), session_hours=1.0),
    LimitUpDown(),
    VelocityPause(),
    VolatilityInterruption(),
    PriceMonitoring((Trigger(60.0, 0.05, 0.05, 30.0), Trigger(600.0, 0.1, 0.1, 60.0))),
)


def at(rule, state, now_s, *prices):
    return rule.update(state, round(now_s * SECOND), np.array(prices, float)).tolist()


def test_levels_of_the_us_halt():
    assert level_price(5_000, (0.07, 0.13, 0.20)) == pytest.approx([4_650, 4_350, 4_000])
    rule = nyse_market_wide()
    state = rule.start(np.array([5_000.0]))
    assert at(rule, state, 60, 4_650.01) == [False]
    assert at(rule, state, 61, 4_650) == [True]
    assert at(rule, state, 960, 4_640) == [True]
    assert at(rule, state, 961, 4_640) == [False]  # once a day
    assert at(rule, state, 1_000, 4_349) == [True]
    assert at(rule, state, 21_300, 4_000) == [True]  # 15:25 and later: the last level still closes
    assert at(rule, state, 23_399, 5_000) == [True]
    assert at(rule, state, 23_400, 4_000) == [False]  # a new day, reference 4,000
    late = rule.start(np.array([5_000.0]))
    assert at(rule, late, 21_299, 5_000) == [False]
    assert at(rule, late, 21_300, 4_600) == [False]


def test_levels_of_the_korean_halt():
    rule = krx_market_wide()
    state = rule.start(np.array([100.0]))
    assert at(rule, state, 0, 91.9) == [False]  # one minute first
    assert at(rule, state, 59, 91.0) == [False]
    assert at(rule, state, 60, 91.0) == [True]
    assert rule.in_auction(state, 1_259 * SECOND).tolist() == [False]
    assert rule.in_auction(state, 1_260 * SECOND).tolist() == [True]
    assert at(rule, state, 1_860, 91.0) == [False]
    for now, price, halted in ((1_900, 84.9, False), (1_960, 84.9, True), (3_760, 84.5, False)):
        assert at(rule, state, now, price) == [halted]
    # 84.9 acted; the third level needs 20 % and 1 % below 84.9, for a minute
    assert at(rule, state, 3_800, 79.0) == [False]
    assert at(rule, state, 3_860, 79.0) == [True]
    assert at(rule, state, 23_399, 79.0) == [True]
    brief = rule.start(np.array([100.0]))
    for now, price in ((0, 91.0), (30, 93.0), (40, 91.0), (99, 91.0)):
        assert at(rule, brief, now, price) == [False]


def test_second_korean_level_waits_for_the_first():
    rule = HaltRule((HaltLevel(0.08, 10.0), HaltLevel(0.15, 10.0, below_previous=0.01)))
    state = rule.start(np.array([100.0, 100.0]))
    assert at(rule, state, 0, 80.0, np.nan) == [True, False]
    assert at(rule, state, 10, 79.9, 100.0) == [False, False]  # not 1 % below 80
    assert at(rule, state, 11, 79.2, 100.0) == [True, False]


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: HaltLevel(0.1, 1.0, hold_s=-1.0), "hold_s is -1.0"),
        (lambda: HaltRule(session_hours=1.0, quiet_end_s=3_600.0), "quiet_end_s is 3600.0"),
        (lambda: LimitUpDown(width=1.0), "width is 1.0"),
        (lambda: LimitUpDown(pause_s=0.0), "pause_s is 0.0"),
        (lambda: band_width(1.0, 3), "tier is 3"),
        (lambda: band_width(0.0), "previous_close is 0.0"),
        (lambda: VelocityPause(move=0.0), "move is 0.0"),
        (lambda: VolatilityInterruption(static=2.0), "static is 2.0"),
        (lambda: PriceMonitoring(()), "triggers has 0 entries"),
        (lambda: Trigger(0.0, 0.1, 0.1, 1.0), "horizon_s is 0.0"),
        (lambda: lognormal_trigger(60.0, 0.5, 1.0, 0.8), "probability is 0.5"),
        (lambda: RecentPrices(0.0), "window_s is 0.0"),
        (lambda: RecentPrices(1.0, 0), "slots is 0"),
    ],
)
def test_bad_values_are_named(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_widths_of_limit_up_and_down():
    assert band_width([100, 3.01, 3.0, 0.75, 0.5, 0.1]).tolist() == pytest.approx(
        [0.05, 0.05, 0.2, 0.2, 0.3, 0.75]
    )
    assert band_width(100, 2) == pytest.approx(0.1)
    assert band_width(100, 1, doubled=True) == pytest.approx(0.1)


def test_quotes_that_stick_to_a_band_pause_trading():
    rule = LimitUpDown()
    state = rule.start(np.array([100.0]))
    last, bid = np.array([95.1]), np.array([94.0])

    def quoted(now_s, ask):
        return rule.update(state, now_s * SECOND, last, bid, np.array([ask])).tolist()

    assert quoted(0, 95.0) == [False]
    assert quoted(14, 95.0) == [False]
    assert quoted(15, 95.0) == [True]
    assert rule.in_auction(state, 15 * SECOND).tolist() == [True]
    assert quoted(314, 95.0) == [True]
    assert quoted(315, 95.1) == [False]
    assert rule.limits(state)[0] == pytest.approx([95.1 * 0.95])
    assert quoted(316, 90.0) == [False]
    assert quoted(320, 91.0) == [False]  # the limit state ended in time
    assert quoted(331, 90.0) == [False]


def test_the_reference_follows_the_mean_of_five_minutes():
    rule = LimitUpDown()
    state = rule.start(np.array([100.0]))
    for now in range(601):
        at(rule, state, now, 100.0 if now <= 300 else 104.0)
    # renewed when 1 % away: 100 -> 101 or more, -> ..., never above the trades
    assert 102.9 < state.reference[0] <= 104.0


def test_fast_moves_pause():
    rule = VelocityPause(move=0.02, window_s=10.0, pause_s=5.0)
    state = rule.start(np.array([100.0, 100.0]))
    for now in range(1, 60):  # 0.1 % a second: 1 % in the window
        assert at(rule, state, now, 100.0 - 0.1 * now, 100.0) == [False, False]
    assert at(rule, state, 60, 92.0, np.nan) == [True, False]
    assert rule.in_auction(state, 64 * SECOND).tolist() == [True, False]
    assert at(rule, state, 64, 92.0, 100.0) == [True, False]
    assert at(rule, state, 65, 92.0, 100.0) == [False, False]
    assert at(rule, state, 66, 93.9, 100.0) == [True, False]  # upward too


def test_interruptions_of_a_share():
    assert interruption_limits(50_000, 0.03) == (pytest.approx(51_500), pytest.approx(48_500))
    rule = VolatilityInterruption()
    state = rule.start(np.array([100.0]))
    assert at(rule, state, 1, 102.9) == [False]
    assert at(rule, state, 2, 106.1) == [True]  # 3.1 % from the last trade
    assert at(rule, state, 121, 106.1) == [True]
    assert at(rule, state, 122, 106.1) == [False]
    for now, price in ((123, 109.0), (124, 112.0), (125, 115.0)):
        assert at(rule, state, now, price) == [False]
    assert at(rule, state, 126, 116.8) == [True]  # 10 % from the single price of 106.1
    assert rule.in_auction(state, 130 * SECOND).tolist() == [True]


def test_auctions_add_up_the_triggers_breached():
    # 0032-PRIM: 1 % in 10 min -> 5 min, 2 % in 30 min -> 15 min, 5 % in 2 h -> 1 h
    def monitor():
        rule = PriceMonitoring(
            (
                Trigger(600, 0.01, 0.01, 300),
                Trigger(1_800, 0.02, 0.02, 900),
                Trigger(7_200, 0.05, 0.05, 3_600),
            )
        )
        return rule, rule.start(np.array([100.0]))

    rule, state = monitor()
    assert rule.limits(state) == (pytest.approx([99.0]), pytest.approx([101.0]))
    assert at(rule, state, 1, 99.0) == [False]
    assert at(rule, state, 2, 98.9) == [True]
    assert at(rule, state, 301, 98.9) == [True]
    assert at(rule, state, 302, 98.9) == [False]
    assert rule.limits(state)[0] == pytest.approx([98.9 * 0.99])
    rule, state = monitor()
    assert at(rule, state, 0, 97.0) == [True]  # two triggers: 300 + 900 s
    assert at(rule, state, 1_199, 97.0) == [True]
    assert at(rule, state, 1_200, 94.0) == [True]  # the auction's price breaches the third
    assert at(rule, state, 4_799, 94.0) == [True]
    assert at(rule, state, 4_800, 94.0) == [False]


def test_ranges_move_with_the_horizon():
    rule = PriceMonitoring((Trigger(60.0, 0.05, 0.05, 30.0),))
    state = rule.start(np.array([100.0]))
    for now in range(1, 200):
        assert at(rule, state, now, 100.0 + 0.05 * now) == [False]
    low, high = rule.limits(state)
    # the price of 60 to 63 s ago
    assert 100 + 0.05 * 136 <= high[0] / 1.05 <= 100 + 0.05 * 139
    assert low[0] / 0.95 == pytest.approx(high[0] / 1.05)


def test_range_of_a_lognormal_price():
    # 80 % a year, one hour, 99 %: one standard deviation 0.8 * sqrt(1 / 8766) = 0.8545 %, times 2.5758
    trigger = lognormal_trigger(3_600, 0.99, 60, 0.8)
    assert trigger.up == pytest.approx(np.exp(0.0085445 * 2.5758 - 0.0085445**2 / 2) - 1, rel=1e-3)
    assert trigger.down == pytest.approx(1 - np.exp(-0.0085445 * 2.5758 - 0.0085445**2 / 2), rel=1e-3)


def test_window_of_recent_prices():
    window = RecentPrices(10.0, 10)
    state = window.start(2)
    for now in range(30):
        window.add(state, now * SECOND, np.array([float(now), np.nan]))
    assert window.oldest(state)[0] == 19.0  # the slot of 10 s ago is the last one kept
    assert window.lowest(state)[0] == 19.0
    assert window.highest(state)[0] == 29.0
    assert window.mean(state)[0] == 24.0
    assert all(np.isnan(f(state)[1]) for f in (window.oldest, window.lowest, window.highest, window.mean))
    window.add(state, 3_000 * SECOND, np.array([7.0, 8.0]))
    assert window.mean(state).tolist() == [7.0, 8.0]
    window.clear(state, np.array([True, False]))
    assert np.isnan(window.oldest(state)[0])
    assert window.oldest(state)[1] == 8.0


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.floats(1, 1_000), st.just(np.nan)), min_size=1, max_size=40), st.integers(1, 40))
def test_every_halt_opens_again_and_no_price_unknown_halts(rule, prices, step_s):
    state = rule.start(np.array([100.0, 100.0]))
    now = 0
    for price in prices:
        now += step_s
        halted = rule.update(state, now * SECOND, np.array([price, np.nan]))
        auction = rule.in_auction(state, now * SECOND)
        assert halted.tolist()[1] is False
        assert not (auction & ~halted).any()
    calm = next((p for p in reversed(prices) if np.isfinite(p)), 100.0)
    for _ in range(200):
        now += 30
        halted = rule.update(state, now * SECOND, np.array([calm, calm]))
    assert not halted[0]
