"""The outbox: rows, ids, growth."""

import numpy as np

from abm.book.messages import AMEND, CANCEL, LIMIT, PENDING, SELL
from abm.outbox import Outbox, send, send_amend, send_cancel


def test_rows_carry_what_was_sent_and_ids_go_up():
    box = Outbox()
    first = send(box.messages, box.counters, 100, 9, 2, LIMIT, SELL, 7, 55, 1)
    box.messages[0].trigger = 50
    send_cancel(box.messages, box.counters, 200, 9, 2, first)
    send_amend(box.messages, box.counters, 300, 9, 2, first, 3, 54)
    second = send(box.messages, box.counters, 400, 9, 2, LIMIT, SELL, 7, 55, 0)
    sent = box.take()
    assert (first, second) == (1, 2)
    assert sent["kind"].tolist() == [LIMIT, CANCEL, AMEND, LIMIT]
    assert sent["id"].tolist() == [1, 1, 1, 2]
    assert sent["time"].tolist() == [100, 200, 300, 400]
    assert sent["lots"].tolist() == [7, 0, 3, 7]
    assert sent["price"].tolist() == [55, 0, 54, 55]
    assert sent["flags"].tolist() == [1, 0, 0, 0]
    assert set(sent["account"].tolist()) == {9}
    assert set(sent["status"].tolist()) == {PENDING}


def test_taken_rows_are_a_copy_and_nothing_of_them_stays_behind():
    box = Outbox()
    send(box.messages, box.counters, 1, 9, 0, LIMIT, SELL, 7, 55, 1)
    box.messages[0].trigger, box.messages[0].expiry = 50, 60
    taken = box.take()
    send_cancel(box.messages, box.counters, 2, 8, 1, 5)
    again = box.take()
    assert taken["trigger"].tolist() == [50]
    assert again["trigger"].tolist() == again["expiry"].tolist() == again["lots"].tolist() == [0]
    assert len(box.take()) == 0


def test_reserve_makes_room_and_keeps_what_is_there():
    box = Outbox(rows=2)
    for count in (2, 5, 100):
        box.reserve(count)
        for _ in range(count):
            send(box.messages, box.counters, 0, 9, 0, LIMIT, SELL, 1, 1, 0)
    assert box.take()["id"].tolist() == list(range(1, 108))
    assert box.counters.dtype == np.int64
