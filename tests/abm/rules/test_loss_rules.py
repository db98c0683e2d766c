"""What fills pay into insurance funds, and how losses are spread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.rules.fund_delta import fee_capped_fund_delta, shortfall, takeover_fund_delta
from abm.rules.loss_socialisation import drift_loss_per_unit, mango_loss_per_lot, scaled_gains
from abm.rules.takeover_pnl import takeover_book


def test_fund_takes_a_capped_part_of_the_surplus_and_pays_the_whole_loss():
    fills = np.array([5_610.0, 5_105.1, 5_049.0, 5_100.0])
    assert fee_capped_fund_delta(fills, 5_100.0, 0.005) == pytest.approx([28.05, 5.1, -51.0, 0.0])
    # a short bought back: both values are negative
    assert fee_capped_fund_delta([-5_000.0, -5_200.0], -5_100.0, 0.005) == pytest.approx([25.0, -100.0])
    with pytest.raises(ValueError, match="max_fee is -0"):
        fee_capped_fund_delta(1.0, 1.0, -0.1)


def test_takeover_and_shortfall():
    assert takeover_fund_delta([1, -1], 3_060, 3_000).tolist() == [60.0, -60.0]
    assert shortfall(100, 500, 1.0, 0.77) == pytest.approx(15.0)
    assert shortfall(100, -500, 1.0, 1.1) == pytest.approx(-50.0)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30), st.integers(0, 10**13))
def test_scaled_gains_pay_out_all_that_came_in(gains, collected):
    paid = scaled_gains(gains, collected)
    target = sum(gains)
    assert paid.sum() == min(collected, target)
    if 0 < collected < target:
        exact = [g * collected / target for g in gains]
        largest = int(np.argmax(gains))
        others = [abs(p - e) for k, (p, e) in enumerate(zip(paid, exact, strict=True)) if k != largest]
        assert max(others, default=0.0) <= 1.001
        assert abs(paid[largest] - exact[largest]) <= len(gains)


def test_loss_socialisation_of_worked_examples():
    assert scaled_gains([8_000, 80], 5_080).tolist() == [5_030, 50]
    assert drift_loss_per_unit(100, 7, -4) == pytest.approx(9.09091, abs=1e-9)
    assert drift_loss_per_unit(-110, 7, -4) == pytest.approx(10.0, abs=1e-12)
    assert drift_loss_per_unit(100, 0, 0) == 0.0
    assert mango_loss_per_lot(-100, 50) == (2.0, -2.0)
    assert mango_loss_per_lot(-100, 0) == (0.0, 0.0)
    with pytest.raises(ValueError, match="gains has -1"):
        scaled_gains([-1], 0)
    with pytest.raises(ValueError, match="loss is 5"):
        mango_loss_per_lot(5.0, 10)


@given(st.floats(0.01, 1e9), st.floats(0.1, 1e6), st.floats(0.1, 1e6))
def test_drift_never_collects_less_than_the_loss(loss, longs, shorts):
    charge = drift_loss_per_unit(loss, longs, -shorts)
    assert charge * (longs + shorts) >= loss * (1 - 1e-8)
    assert charge - loss / (longs + shorts) < 1.01e-6 + 1e-9 * charge


def test_takeover_books():
    books = takeover_book([(100, 1), (90, 1), (60, 0), (60, -1), (50, -3), (40, 2)])
    assert [tuple(book) for book in books] == [
        (1, 0, 0),
        (2, 0, -10),
        (2, 0, -70),
        (1, -35, -35),
        (-2, -80, 0),
        (0, -60, 0),
    ]


@given(st.lists(st.tuples(st.integers(1, 1_000), st.integers(-20, 20)), min_size=1, max_size=30))
def test_takeover_profit_is_cash_plus_position(events):
    cash = position = 0.0
    for (price, quantity), book in zip(events, takeover_book(events), strict=True):
        cash -= price * quantity
        position += quantity
        assert book.position == position
        assert book.realised + book.unrealised == pytest.approx(cash + position * price, abs=1e-6)
