"""What the books show, against sums by hand."""

import numpy as np
import pytest

from abm.book import messages as m
from abm.book import queries
from abm.book.orderbook import OrderBooks


@pytest.fixture
def market():
    books = OrderBooks(2, accounts=2)
    for price, lots in ((1010, 4), (1005, 2), (1001, 3), (2000, 9)):
        books.submit(1, m.SELL, lots, price)
    for price, lots in ((999, 1), (995, 5), (989, 7), (1, 2)):
        books.submit(1, m.BUY, lots, price)
    return books


def test_snapshot_lists_levels_best_first(market):
    bids, asks = market.snapshot(1, 3)
    assert bids.tolist() == [[999, 1], [995, 5], [989, 7]]
    assert asks.tolist() == [[1001, 3], [1005, 2], [1010, 4]]
    assert [side.shape for side in market.snapshot(0)] == [(0, 2), (0, 2)]


@pytest.mark.parametrize(
    ("fraction", "bid", "ask"),
    [(0.0, [], []), (0.001, [(999, 1)], [(1001, 3)]), (0.005, [(999, 1), (995, 5)], [(1001, 3), (1005, 2)])],
)
def test_depth_counts_levels_within_a_fraction_of_the_mid(market, fraction, bid, ask):
    assert list(market.depth(1, fraction).values()) == [
        sum(lots for _, lots in bid),
        sum(price * lots for price, lots in bid),
        sum(lots for _, lots in ask),
        sum(price * lots for price, lots in ask),
    ]


def test_depth_of_everything_and_of_a_one_sided_book(market):
    assert market.depth(1, 1.0)["ask_lots"] == 18
    market.submit(0, m.BUY, 5, 10)
    assert set(market.depth(0, 1.0).values()) == {0}


def test_impact_price_is_notional_over_lots(market):
    notional = 3 * 1001 + 2 * 1005 + 1010
    assert market.impact_price(1, m.BUY, notional) == pytest.approx(notional / 6, rel=1e-12)
    assert market.impact_price(1, m.BUY, 1001) == pytest.approx(1001, rel=1e-12)
    assert market.impact_price(1, m.SELL, 999 + 995) == pytest.approx(997, rel=1e-12)
    assert market.impact_price(1, m.BUY, 10**9) is None


def test_mid_and_best(market):
    book = market.books[1]
    assert (queries.best_bid(book), queries.best_ask(book), queries.mid2(book)) == (999, 1001, 2000)
    assert queries.mid2(market.books[0]) == 0
    assert (market.best_bid(0), market.best_ask(0)) == (None, None)


def test_queue_position_counts_lots_ahead(market):
    ids = [market.submit(1, m.BUY, lots, 997).id for lots in (2, 3, 4)]
    assert [market.queue_position(1, order) for order in ids] == [0, 2, 5]
    stop = market.submit(1, m.BUY, 1, 997, trigger=1500, flags=m.TRIGGER_RISING)
    assert market.queue_position(1, stop.id) is None
    assert market.queue_position(1, 12345) is None


def test_trade_statistics_and_range(market):
    market.submit(1, m.BUY, 4, 1005, account=1)
    market.submit(1, m.SELL, 2, 995, account=1)
    book = market.books[1]
    assert (book.trades, book.volume, book.notional) == (4, 6, 3 * 1001 + 1005 + 999 + 995)
    assert (book.last, book.last_side, book.low, book.high) == (995, m.SELL, 995, 1005)
    market.reset_range()
    assert (book.low, book.high, book.last) == (0, 0, 995)
    market.submit(1, m.BUY, 1, 1005, account=1)
    assert (book.low, book.high) == (1005, 1005)


def test_cancel_accounts_clears_all_books_of_them(market):
    market.submit(0, m.BUY, 1, 50, account=1)
    market.submit(1, m.BUY, 1, 50, account=1, trigger=2000, flags=m.TRIGGER_RISING)
    market.submit(1, m.SELL, 1, 1003, account=1)
    assert market.cancel_accounts(np.array([False, True])) == 3
    assert market.best_bid(0) is None
    assert (market.books[1].waiting, market.books[1].asks) == (0, 4)
