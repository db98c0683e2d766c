"""The worked examples of Chitra 2025, "Autodeleveraging: Impossibilities and Optimization".

arXiv 2512.01112, version 3 of 2026: five positions opened at 1 and marked at 1.4 and 1.3, then the example of
five accounts with a deficit of 15. The numbers are exact to 1e-3; where the print is rounded twice (leverage
.7246, 8.353, 36.269) the recomputed ones are meant.
"""

import numpy as np
import pytest

from abm.rules.adl import AdlRule, Candidates, adl_order, lots_closed
from abm.rules.adl_allocations import largest_remainder, sequential, water_fill
from abm.rules.adl_ranks import effective_leverage
from abm.rules.bankruptcy_price import isolated_bankruptcy_price
from abm.rules.fees import trading_fee
from abm.rules.funding import funding_payment
from abm.rules.funding_interest_ratio import interest_ratio_funding
from abm.rules.liquidation_price_linear import price_from_equity
from abm.rules.liquidation_size import size_that_restores
from abm.rules.profit import linear_notional, linear_profit

SIZE = np.array([1.0, 1.0, 4.0, 1.0, 1.0])
CASH = np.array([2.0, 2 / 3, 8 / 3, 2 / 19, 10 / 99])
SIDE = np.array([1, 1, -1, 1, -1])
MARK = (1.0, 1.4, 1.3)
ORACLE = (1.0, 1.5, 1.25)
RATE = 0.1


def close(values):
    return pytest.approx(values, abs=1e-3)


def rates():
    longs, shorts = SIZE[SIDE > 0].sum(), SIZE[SIDE < 0].sum()
    assert longs / shorts == pytest.approx(3 / 5)
    return interest_ratio_funding(longs, shorts, MARK[1:], ORACLE[1:])


def profit(t):
    # a positive rate is paid by shorts here, by longs in funding_payment
    paid = sum(funding_payment(SIDE * SIZE, MARK[k], -rates()[k - 1]) for k in range(1, t + 1))
    return linear_profit(SIDE, SIZE, MARK[0], MARK[t]) - paid


def test_leverage_at_the_start():
    assert effective_leverage(linear_notional(SIZE, MARK[0]), CASH) == close([0.5, 1.5, 1.5, 9.5, 9.9])


def test_funding():
    assert rates() == close([-0.3333, -0.44])


def test_profit_and_equity():
    assert profit(1) == close([-0.0667, -0.0667, 0.2667, -0.0667, 0.0667])
    assert profit(2) == close([-0.7387, -0.7387, 2.9547, -0.7387, 0.7387])
    assert CASH + profit(1) == close([1.9333, 0.6, 2.9333, 0.0386, 0.1677])
    assert CASH + profit(2) == close([1.2613, -0.0720, 5.6213, -0.6334, 0.8397])


def test_maintenance():
    needed = RATE * linear_notional(SIZE, MARK[1])
    assert needed == close([0.14, 0.14, 0.56, 0.14, 0.14])
    assert (CASH + profit(1) < needed).tolist() == [False, False, False, True, False]


def test_effective_leverage():
    first = effective_leverage(linear_notional(SIZE, MARK[1]), CASH + profit(1))
    assert first == close([0.7241, 2.3333, 1.9091, 36.273, 8.3494])
    assert first.sum() == close(49.589)
    second = effective_leverage(linear_notional(SIZE, MARK[2]), CASH + profit(2))
    winners = CASH + profit(2) > 0
    assert second[winners] == close([1.031, 0.925, 1.548])


def test_bankruptcy_and_liquidation_prices():
    broke = isolated_bankruptcy_price(MARK[0], SIZE * MARK[0] / CASH, SIDE)
    assert np.maximum(broke, 0.0) == close([0.0, 0.3333, 1.6667, 0.8947, 1.1010])
    price = price_from_equity(CASH, SIDE * SIZE, MARK[0], RATE)
    assert np.nan_to_num(price, nan=0.0) == close([0.0, 0.3704, 1.5152, 0.9942, 1.0009])


def test_liquidation_fees():
    binance = trading_fee(1.30 * 0.5, 0.0040)
    hyperliquid = trading_fee(1.30 * 0.5, 0.0020) + trading_fee(1.32 * 0.5, 0.0010)
    assert [binance, hyperliquid] == pytest.approx([0.0026, 0.00196], abs=1e-9)


def test_smallest_liquidation_is_more_than_there_is():
    equity = CASH[4] + linear_profit(-1, 1.0, MARK[0], 5.5)
    assert equity == close(-4.399)
    shortage = RATE * linear_notional(1.0, 5.5) - equity
    lost_on_each = (5.55 - 5.5) / 5.5 + 0.0030  # slippage and fee, of notional
    assert size_that_restores(shortage, 5.5, RATE, lost_on_each) == pytest.approx(10.24, abs=5e-3)
    assert size_that_restores(shortage, 5.5, RATE, lost_on_each, position=1.0) == 1.0


EQUITY = np.array([10.0, 5.0, 1.0, -3.0, -12.0])
PROFIT = np.array([8.0, 4.0, 0.5, -3.0, -12.0])
TAKABLE = np.round(np.maximum(PROFIT, 0.0) * 1e6).astype(np.int64)  # millionths
BUDGET = round(0.5 * 15.0 * 1e6)


def test_deficit():
    assert -EQUITY[EQUITY < 0].sum() == 15.0


def test_queue_takes_the_profit_of_the_first_whole():
    order = np.array([1, 0, 2, 4, 3])  # by profit and leverage, as the paper states it
    taken = np.zeros(5)
    taken[order] = sequential(BUDGET, TAKABLE[order]) / 1e6
    assert taken[:3] / PROFIT[:3] == close([0.4375, 1.0, 0.0])
    assert EQUITY - taken == close([6.5, 1.0, 1.0, -3.0, -12.0])


def test_pro_rata_takes_the_same_share_of_profit():
    taken = largest_remainder(BUDGET, TAKABLE) / 1e6
    assert taken[:3] / PROFIT[:3] == close([0.6, 0.6, 0.6])
    assert EQUITY - taken == close([5.2, 2.6, 0.7, -3.0, -12.0])
    kept = np.maximum(PROFIT, 0.0) - taken
    assert adl_order(kept).tolist()[:3] == adl_order(PROFIT).tolist()[:3]


@pytest.mark.parametrize("budget", [0.5, 2.0, 7.5, 8.0])
def test_the_top_winner_keeps_more_under_pro_rata(budget):
    """The identity H * (1 - w1 / U), as long as the budget H is within the top winner's w1."""
    wanted = round(budget * 1e6)
    top_first = sequential(wanted, TAKABLE)[0]
    shared = largest_remainder(wanted, TAKABLE)[0]
    w1, total = 8.0, 12.5
    assert (top_first - shared) / 1e6 == pytest.approx(budget * (1 - w1 / total), abs=2e-6)


@pytest.mark.parametrize("scale", [0.25, 3.0, 1e4])
def test_capped_pro_rata_is_scale_invariant_and_keeps_the_order(scale):
    weights, caps = np.array([8.0, 4.0, 0.5]), np.array([0.5, 0.8, 1.0])
    taken = water_fill(7.0, weights, caps)
    assert water_fill(7.0 * scale, weights * scale, caps) == pytest.approx(taken * scale)
    assert np.all(np.diff(weights - taken) <= 0)


def test_leverage_queue_of_the_five_positions():
    """Winners of t = 2 on the short side: E, with the higher leverage, is closed before C."""
    short = SIDE < 0
    equity = (CASH + profit(2))[short]
    candidates = Candidates(
        side=-1,
        lots=SIZE[short].astype(np.int64),
        entry_value=SIZE[short] * MARK[0],
        mark_value=SIZE[short] * MARK[2],
        equity=equity,
        wallet=equity,
        maintenance=RATE * SIZE[short] * MARK[2],
    )
    assert lots_closed(AdlRule(rank="leverage"), candidates, 2).tolist() == [1, 1]
    assert lots_closed(AdlRule(rank="leverage"), candidates, 1).tolist() == [0, 1]
