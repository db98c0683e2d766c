"""What agents see: quotes and slow summaries."""

import math

import numpy as np
import pytest

from abm.book.messages import BUY, LIMIT, SELL, message_table
from abm.book.orderbook import OrderBooks
from abm.compiled import for_kernels
from abm.instruments import Instrument, instrument_table
from abm.market_view import EXTREME, MOMENTUM_S, VOLATILITY_S, VOLATILITY_SLOW_S, market_view, refresh

TABLE = for_kernels(instrument_table([Instrument("X-PERP", "X", "perpetual", 0.1, 0.01)], ["X"]))


class Screen:
    """One book and its view."""

    def __init__(self):
        self.books = OrderBooks(1, 3)
        self.view = market_view(np.array([100.0]), np.array([2e-4]))
        self.next_id = 0

    def send(self, kind, side, price, lots=1):
        self.next_id += 1
        row = message_table(1)
        row["id"] = self.next_id
        row["kind"], row["side"], row["price"], row["lots"], row["account"] = (
            kind,
            side,
            price,
            lots,
            self.next_id % 3,
        )
        self.books.process(row)
        return int(row["id"][0])

    def quote(self, price):
        """Replace the quotes by a spread of two ticks around ``price`` ticks."""
        self.books.cancel_accounts(np.ones(3, np.bool_))
        self.send(LIMIT, BUY, price - 1)
        self.send(LIMIT, SELL, price + 1)

    def refresh(self, step_s=1.0):
        refresh(self.view, for_kernels(self.books.books), TABLE, step_s)
        return self.view[0]


def test_quotes_and_mid():
    screen = Screen()
    bid = screen.send(LIMIT, BUY, 998)
    screen.send(LIMIT, SELL, 1004)
    row = screen.refresh()
    assert (row["bid"], row["ask"]) == (998, 1004)
    assert row["mid"] == pytest.approx(100.1)
    assert row["log_mid"] == pytest.approx(math.log(100.1))
    assert row["last"] == 100.0
    screen.send(LIMIT, BUY, 1004)
    assert screen.refresh()["last"] == pytest.approx(100.4)
    screen.books.cancel(0, bid)
    row = screen.refresh()
    assert (row["bid"], row["ask"]) == (0, 0)
    assert row["mid"] == row["last"] == pytest.approx(100.4)


@pytest.mark.parametrize("step_s", [0.5, 2.0, 10.0])
def test_a_constant_move_every_ten_seconds_has_its_volatility_at_any_step(step_s):
    screen = Screen()
    for k in range(300):
        screen.quote(1001 - k % 2)
        for _ in range(round(10 / step_s)):
            row = screen.refresh(step_s)
    change = math.log(100.1 / 100.0)
    assert row["volatility"] == pytest.approx(change / math.sqrt(10.0), rel=1e-5)
    calm, moving = 2e-4**2, change**2 / 10.0
    left = math.exp(-3000 / VOLATILITY_SLOW_S)
    assert row["volatility_slow"] == pytest.approx(math.sqrt(left * calm + (1 - left) * moving), rel=1e-6)


def test_a_crash_does_not_become_the_normal():
    """Each move counts as at most three normal deviations, however large it is."""
    screen = Screen()
    calm = screen.view[0]["volatility_slow"]
    for k in range(60):  # ten minutes
        screen.quote(1000 - 10 * (k % 2))
        row = screen.refresh(10.0)
    assert row["volatility"] > 10 * calm
    per_sample = 1.0 + (EXTREME**2 - 1.0) * -math.expm1(-10.0 / VOLATILITY_SLOW_S)
    assert calm < row["volatility_slow"] <= calm * per_sample ** (60 / 2) * (1 + 1e-9)


def test_the_bounce_within_ten_seconds_does_not_count():
    screen = Screen()
    for k in range(3000):
        screen.quote(1000 + k % 2)
        row = screen.refresh(1.0)
    assert row["volatility"] < 1e-9


def test_momentum_is_the_distance_from_exponential_averages():
    screen = Screen()
    screen.quote(1000)
    screen.refresh()
    screen.quote(1100)
    for _ in range(300):
        row = screen.refresh()
    jump = math.log(1.1)
    for name, time_s in zip(("momentum", "momentum_slow"), MOMENTUM_S, strict=True):
        assert row[name] == pytest.approx(jump * math.exp(-300 / time_s), rel=1e-9)


def test_summaries_of_a_steady_price_do_not_depend_on_the_step_length():
    rows = []
    for step_s in (0.25, 1.0, 5.0, 20.0):
        screen = Screen()
        screen.quote(1050)
        screen.refresh(10.0)  # the jump itself
        start = screen.view[0]["volatility"]
        for _ in range(round(60 / step_s)):
            row = screen.refresh(step_s)
        assert row["volatility"] == pytest.approx(start * math.exp(-30 / VOLATILITY_S), rel=1e-6)
        rows.append([row[name] for name in ("average", "average_slow", "volatility_slow")])
    assert np.allclose(rows, rows[0], rtol=1e-9)
