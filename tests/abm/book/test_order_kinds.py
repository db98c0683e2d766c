"""What each kind of order, flag and trigger does, one case each."""

import numpy as np
import pytest

from abm.book import messages as m
from abm.book.orderbook import OrderBooks

ALICE, BOB, CAROL = 0, 1, 2


@pytest.fixture
def market():
    """Asks 5 @ 101 and 5 @ 102 of Alice, bids 5 @ 99 and 5 @ 98 of Bob."""
    books = OrderBooks(1, accounts=3)
    for price in (101, 102):
        books.submit(0, m.SELL, 5, price, account=ALICE)
    for price in (99, 98):
        books.submit(0, m.BUY, 5, price, account=BOB)
    return books


def outcome(report):
    return report.outcome, report.filled, report.fills.price.tolist(), report.fills.lots.tolist()


def tops(books):
    return books.best_bid(0), books.best_ask(0)


def test_limit_order_trades_what_it_can_and_rests(market):
    report = market.submit(0, m.BUY, 8, 101, account=CAROL)
    assert outcome(report) == ("resting", 5, [101], [5])
    assert tops(market) == (101, 102)
    assert market.open_lots(0, report.id) == 3


def test_market_order_drops_its_remainder(market):
    assert outcome(market.submit(0, m.SELL, 12, kind=m.MARKET)) == ("expired", 10, [99, 98], [5, 5])
    assert tops(market) == (None, 101)


def test_ioc_order_stops_at_its_price(market):
    assert outcome(market.submit(0, m.BUY, 8, 101, kind=m.IOC)) == ("expired", 5, [101], [5])
    assert tops(market) == (99, 102)


def test_fok_order_fills_whole_or_not_at_all(market):
    refused = market.submit(0, m.BUY, 11, 102, kind=m.FOK)
    assert outcome(refused) == ("rejected: fill-or-kill order cannot fill", 0, [], [])
    assert outcome(market.submit(0, m.BUY, 10, 102, kind=m.FOK)) == ("filled", 10, [101, 102], [5, 5])


def test_post_only_order_never_takes(market):
    assert market.submit(0, m.BUY, 1, 101, kind=m.POST_ONLY).status == m.REJECTED_CROSSING
    assert market.submit(0, m.BUY, 1, 100, kind=m.POST_ONLY).status == m.RESTING


def test_first_come_first_served_at_one_price(market):
    second = market.submit(0, m.SELL, 5, 101, account=BOB)
    assert market.queue_position(0, second.id) == 5
    fills = market.submit(0, m.BUY, 7, 101, account=CAROL).fills
    assert fills.maker.tolist() == [ALICE, BOB]
    assert fills.lots.tolist() == [5, 2]
    assert market.queue_position(0, second.id) == 0


@pytest.mark.parametrize(("lots", "price", "ahead"), [(3, 101, 5), (5, 101, 5), (6, 101, 8), (5, 102, 5)])
def test_amendment_keeps_its_place_only_for_less_size_at_the_same_price(market, lots, price, ahead):
    mine = market.submit(0, m.SELL, 5, 101, account=BOB)
    market.submit(0, m.SELL, 3, 101, account=CAROL)
    market.amend(0, mine.id, lots, price)
    assert market.queue_position(0, mine.id) == ahead
    assert market.open_lots(0, mine.id) == lots


def test_amendment_to_a_crossing_price_trades(market):
    mine = market.submit(0, m.BUY, 2, 97, account=CAROL)
    assert outcome(market.amend(0, mine.id, 7, 101)) == ("resting", 5, [101], [5])


def test_refused_amendment_leaves_the_order(market):
    mine = market.submit(0, m.BUY, 2, 97, kind=m.POST_ONLY, account=CAROL)
    assert market.amend(0, mine.id, 7, 101).status == m.REJECTED_CROSSING
    assert market.open_lots(0, mine.id) == 2


def test_reduce_only_is_clipped_on_entry_and_when_reached(market):
    market.submit(0, m.BUY, 4, 101, account=CAROL)
    close = market.submit(0, m.SELL, 9, 105, account=CAROL, flags=m.REDUCE_ONLY)
    market.submit(0, m.SELL, 3, kind=m.MARKET, account=CAROL)
    sweep = market.submit(0, m.BUY, 20, 105, account=BOB)
    assert sweep.fills.lots[sweep.fills.maker == CAROL].tolist() == [1]
    assert market.position[0, CAROL] == 0
    assert market.open_lots(0, close.id) == 0
    assert market.submit(0, m.SELL, 1, 99, flags=m.REDUCE_ONLY, account=CAROL).status == m.REJECTED_REDUCE


def test_fok_counts_a_reduce_only_maker_for_what_it_may_trade():
    books = OrderBooks(1, position=np.array([[3, 0]]))
    books.submit(0, m.SELL, 3, 101, flags=m.REDUCE_ONLY)
    books.submit(0, m.SELL, 3, 102, flags=m.REDUCE_ONLY)
    assert books.submit(0, m.BUY, 4, 102, kind=m.FOK, account=1).status == m.REJECTED_UNFILLABLE
    assert books.position.tolist() == [[3, 0]]
    assert books.submit(0, m.BUY, 3, 102, kind=m.FOK, account=1).status == m.FILLED


@pytest.mark.parametrize(
    ("flags", "filled", "status", "makers_left"),
    [
        (m.EXPIRE_MAKER, 5, m.RESTING, 0),
        (m.EXPIRE_TAKER, 0, m.EXPIRED, 2),
        (m.EXPIRE_MAKER + m.EXPIRE_TAKER, 0, m.EXPIRED, 1),
        (0, 6, m.FILLED, 1),
    ],
)
def test_self_trade_prevention_follows_the_taker(market, flags, filled, status, makers_left):
    books = OrderBooks(1, accounts=2)
    mine = [books.submit(0, m.SELL, 2, 100, account=0).id, books.submit(0, m.SELL, 2, 101, account=0).id]
    books.submit(0, m.SELL, 5, 102, account=1)
    report = books.submit(0, m.BUY, 6, 102, account=0, flags=flags)
    assert (report.status, report.filled) == (status, filled)
    assert sum(books.open_lots(0, order) > 0 for order in mine) == (0 if flags == 0 else makers_left)


@pytest.mark.parametrize(
    ("flags", "trigger", "moves"),
    [
        (0, 99, (m.SELL, 1)),
        (m.TRIGGER_RISING, 102, (m.BUY, 6)),
    ],
)
def test_stop_watching_the_last_trade_fires_in_the_same_batch(market, flags, trigger, moves):
    side, lots = moves
    stop = market.submit(0, m.BUY, 1, kind=m.MARKET, account=CAROL, trigger=trigger, flags=flags)
    assert stop.status == m.WAITING
    assert market.open_lots(0, stop.id) == 1
    fills = market.submit(0, side, lots, kind=m.MARKET, account=BOB).fills
    assert fills.taker_id[-1] == stop.id
    assert fills.source[-1] == m.STOP
    assert market.open_lots(0, stop.id) == 0


def test_stop_watching_the_mark_fires_on_the_mark_only(market):
    stop = market.submit(0, m.SELL, 1, kind=m.MARKET, account=CAROL, trigger=95, flags=m.TRIGGER_ON_MARK)
    market.submit(0, m.SELL, 10, 90, account=CAROL)
    assert market.open_lots(0, stop.id) == 1
    market.submit(0, m.BUY, 4, 94)
    assert len(market.mark_triggers(np.array([96]), 5)) == 0
    fills = market.mark_triggers(np.array([95]), 6)
    assert (fills.taker_id.tolist(), fills.price.tolist(), fills.time.tolist()) == ([stop.id], [94], [6])


def test_stop_already_reached_enters_at_once(market):
    market.submit(0, m.BUY, 1, 101, account=CAROL)
    report = market.submit(0, m.BUY, 1, 100, trigger=101, flags=m.TRIGGER_RISING)
    assert report.status == m.RESTING


def test_amended_stop_fires_when_its_new_trigger_is_reached(market):
    market.submit(0, m.BUY, 1, 101, account=CAROL)
    stop = market.submit(0, m.SELL, 1, kind=m.MARKET, trigger=90)
    assert market.amend(0, stop.id, 2, 0, trigger=101).fills.lots.tolist() == [2]


def test_fired_stops_fire_further_stops_in_order(market):
    stops = [
        market.submit(0, m.SELL, 5, kind=m.MARKET, account=CAROL, trigger=trigger).id for trigger in (98, 99)
    ]
    fills = market.submit(0, m.SELL, 1, kind=m.MARKET, account=ALICE).fills
    assert fills.taker_id.tolist()[1:] == [stops[1], stops[1], stops[0]]
    assert market.best_bid(0) is None


def test_orders_expire_with_the_clock(market):
    good = market.submit(0, m.BUY, 1, 100, expiry=10)
    stop = market.submit(0, m.BUY, 1, 100, expiry=10, trigger=500, flags=m.TRIGGER_RISING)
    market.submit(0, m.BUY, 1, 90, time=9)
    assert market.open_lots(0, good.id) == market.open_lots(0, stop.id) == 1
    market.submit(0, m.BUY, 1, 90, time=10)
    assert market.open_lots(0, good.id) == market.open_lots(0, stop.id) == 0
    assert market.submit(0, m.BUY, 1, 90, expiry=10).status == m.EXPIRED


def test_orders_expire_without_a_message(market):
    good = market.submit(0, m.BUY, 1, 100, expiry=10)
    market.expire(10)
    assert market.open_lots(0, good.id) == 0


def test_cancel_and_unknown_orders(market):
    order = market.submit(0, m.BUY, 1, 100)
    assert market.cancel(0, order.id).status == m.CANCELLED
    assert market.cancel(0, order.id).status == m.REJECTED_UNKNOWN
    assert market.amend(0, order.id, 1, 100).status == m.REJECTED_UNKNOWN
    assert tops(market) == (99, 101)


def test_only_its_owner_may_cancel_or_amend_an_order(market):
    order = market.submit(0, m.BUY, 3, 100, account=CAROL)
    stop = market.submit(0, m.SELL, 3, 90, trigger=50, account=CAROL)
    for other in (ALICE, BOB):
        assert market.cancel(0, order.id, account=other).status == m.REJECTED_UNKNOWN
        assert market.cancel(0, stop.id, account=other).status == m.REJECTED_UNKNOWN
        assert market.amend(0, order.id, 1, 100, account=other).status == m.REJECTED_UNKNOWN
        assert market.amend(0, order.id, 5, 101, account=other).status == m.REJECTED_UNKNOWN
    assert [market.open_lots(0, item.id) for item in (order, stop)] == [3, 3]
    assert market.amend(0, order.id, 1, 100, account=CAROL).status == m.AMENDED
    assert market.cancel(0, order.id, account=CAROL).status == m.CANCELLED
    assert market.cancel(0, stop.id).status == m.CANCELLED  # as whoever owns it
    assert market.cancel(0, stop.id).status == m.REJECTED_UNKNOWN


def test_an_id_may_be_used_again_once_its_order_is_gone(market):
    assert market.submit(0, m.BUY, 1, 90, order_id=7).status == m.RESTING
    assert market.submit(0, m.BUY, 1, 90, order_id=7).status == m.REJECTED_DUPLICATE
    market.cancel(0, 7)
    assert market.submit(0, m.BUY, 1, 90, order_id=7).status == m.RESTING


def test_rows_refused_before_the_book_are_passed_over(market):
    table = m.message_table(2)
    table.id, table.price, table.lots = (501, 502), 100, 1
    table.status[0] = m.REJECTED_MARGIN
    market.process(table)
    assert table.status.tolist() == [m.REJECTED_MARGIN, m.RESTING]
    assert market.open_lots(0, 501) == 0
