"""Bet sizes, and auctions with an insider: errors and limits; the numbers are in the conformance tests."""

import numpy as np
import pytest

from abm.information.glosten_milgrom import expected_path, quotes, trade
from abm.information.kyle import kyle_auctions, kyle_equilibrium, learned_impact
from abm.rules.kelly import (
    bet_growth,
    chance_to_fall_to,
    exposure_growth,
    kelly_exposure,
    kelly_share,
    zero_growth_share,
)


@pytest.mark.parametrize(("chance", "odds"), [(0.6, 1.0), (0.3, 4.0), (0.9, 0.5)])
def test_the_kelly_share_grows_fastest(chance, odds):
    best = float(kelly_share(chance, odds))
    near = bet_growth(best + np.array([-0.01, 0.0, 0.01]), chance, odds)
    assert near.argmax() == 1
    limit = zero_growth_share(chance, odds)
    assert limit > best
    assert float(bet_growth(limit, chance, odds)) == pytest.approx(0.0, abs=1e-12)
    assert zero_growth_share(0.4) == 0.0
    assert float(kelly_share(0.4)) < 0


def test_exposure_in_continuous_time():
    best = kelly_exposure([0.1, 0.2], 0.2, 0.02)
    assert best == pytest.approx([2.0, 4.5])
    assert exposure_growth(best, [0.1, 0.2], 0.2, 0.02) == pytest.approx([0.1, 0.425])
    assert exposure_growth(2 * best, [0.1, 0.2], 0.2, 0.02) == pytest.approx(0.02)


def test_falls():
    assert chance_to_fall_to([0.5, 0.25, 1.0], 1.0) == pytest.approx([0.5, 0.25, 1.0])
    assert chance_to_fall_to(0.5, [0.5, 2.0, 3.0]) == pytest.approx([0.125, 1.0, 1.0])


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (kelly_share, (1.2,), "chance is 1.2"),
        (kelly_share, (0.5, 0.0), "odds is 0.0"),
        (bet_growth, (1.0, 0.5), "share is 1.0"),
        (kelly_exposure, (0.1, 0.0), "volatility is 0.0"),
        (chance_to_fall_to, (0.0, 1.0), "level is 0.0"),
        (chance_to_fall_to, (0.5, 0.0), "multiple is 0.0"),
        (quotes, (1.5, 0.1), "belief is 1.5"),
        (quotes, (0.5, 1.0), "informed is 1.0"),
        (kyle_equilibrium, (0,), "auctions is 0"),
        (kyle_equilibrium, (1, -1.0), "variances are -1.0"),
    ],
)
def test_what_is_refused(function, arguments, words):
    with pytest.raises(ValueError, match=words):
        function(*arguments)


def test_auctions_are_in_equilibrium():
    for auctions in (1, 2, 7):
        each = kyle_equilibrium(auctions, 4.0, 0.25)
        before = np.concatenate([[4.0], each.variance[:-1]])
        noise = 0.25 / auctions
        # the price is the best guess of the value from the order, and what it explains is gone
        explained = each.intensity * before / (each.intensity**2 * before + noise)
        assert each.impact == pytest.approx(explained)
        assert each.variance == pytest.approx(before * (1 - each.impact * each.intensity))
    one = kyle_equilibrium(1, 4.0, 0.25)
    assert one.profit == pytest.approx(0.5 * np.sqrt(4.0 * 0.25))
    assert np.diff(kyle_equilibrium(50).impact).max() < 0  # the last auctions are the deepest


def test_orders_teach_the_impact():
    rng = np.random.default_rng(1)
    value, noise = rng.standard_normal((2, 100_000))
    total, price, profit = kyle_auctions(value, noise, 1.0, 0.5)
    assert learned_impact(value, total) == pytest.approx(0.5, abs=4 * np.sqrt(0.5 / 2 / 100_000))
    assert price == pytest.approx(0.5 * total)
    assert profit.mean() == pytest.approx(0.5, abs=4 * profit.std() / np.sqrt(100_000))


def test_quotes_are_beliefs_after_a_trade():
    p, m = 0.3, 0.4
    buy_if_one, buy_if_zero = (1 + m) / 2, (1 - m) / 2
    bid, ask = quotes(p, m)
    assert ask == pytest.approx(p * buy_if_one / (p * buy_if_one + (1 - p) * buy_if_zero))
    assert bid == pytest.approx(p * buy_if_zero / (p * buy_if_zero + (1 - p) * buy_if_one))
    assert quotes([0.0, 1.0], 0.4)[0].tolist() == quotes([0.0, 1.0], 0.4)[1].tolist() == [0.0, 1.0]
    assert quotes(0.3, 0.0) == (pytest.approx(0.3), pytest.approx(0.3))
    assert expected_path(0, 0.4) == (pytest.approx(0.4), 0.25)


def test_the_market_maker_makes_no_profit():
    rng = np.random.default_rng(1)
    value = (rng.random(100_000) < 0.3).astype(float)
    after = trade(np.full(100_000, 0.3), value, 0.4, rng)
    for price in quotes(0.3, 0.4):
        traded = value[after == price]  # those who bought at the ask, or sold at the bid
        assert traded.mean() == pytest.approx(float(price), abs=4 * np.sqrt(0.25 / len(traded)))


def test_beliefs_stay_chances_after_very_many_trades():
    rng = np.random.default_rng(2)
    value = np.repeat([0.0, 1.0], 50)
    belief = np.full(100, 0.5)
    for _ in range(500):
        belief = trade(belief, value, 0.5, rng)
    assert belief == pytest.approx(value)
