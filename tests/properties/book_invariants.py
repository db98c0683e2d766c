"""What must hold in a compiled book at any time, and its content in plain Python."""

import numpy as np

from abm.book.identities import find
from abm.book.ladder import next_above, next_below
from abm.book.layout import EXPIRY, FREE, IN_BOOK, WAITS
from abm.book.messages import BUY, SELL, TRIGGER_ON_MARK, TRIGGER_RISING


def content(book: np.record) -> dict[str, list[tuple]]:
    """Return the queues of both sides, best first, and the waiting orders in order of arrival."""
    sides = {}
    for name, price, step in (("bids", int(book.bid), next_below), ("asks", int(book.ask), next_above)):
        rows = []
        while price:
            slot = int(book.levels[price].head)
            while slot:
                order = book.orders[slot]
                rows.append((int(order.id), price, int(order.lots), int(order.account)))
                slot = int(order.next)
            price = int(step(book, price))
        sides[name] = rows
    waiting = [order for order in book.orders[1 : book.used + 1] if order.state == WAITS]
    sides["waiting"] = [
        (int(o.id), int(o.trigger), int(o.lots)) for o in sorted(waiting, key=lambda o: o.sequence)
    ]
    return sides


def check(book: np.record) -> None:
    """Assert the invariants of a book."""
    orders = book.orders[: book.used + 1].view(np.recarray)
    levels = book.levels.view(np.recarray)
    states = orders.state[1:]
    resting = 1 + np.flatnonzero(states == IN_BOOK)
    assert book.bid == 0 or book.ask == 0 or book.bid < book.ask
    assert book.fired_head == 0
    check_free_list(book)

    lots = np.zeros(len(levels), np.int64)
    np.add.at(lots, orders.price[resting], orders.lots[resting])
    touched = np.unique(orders.price[resting])
    assert (orders.lots[resting] > 0).all()
    assert (levels.lots[touched] == lots[touched]).all()
    assert np.array_equal(bitmap_prices(book), touched)
    filled = np.flatnonzero(levels.lots[: int(max(touched, default=0)) + 2])
    assert np.array_equal(filled, touched)

    assert book.bids == (orders.side[resting] == BUY).sum()
    assert book.asks == (orders.side[resting] == SELL).sum()
    assert book.bid == max(orders.price[resting[orders.side[resting] == BUY]], default=0)
    assert book.ask == min(orders.price[resting[orders.side[resting] == SELL]], default=0)
    assert book.waiting == (states == WAITS).sum() == book.heap_sizes[: int(EXPIRY)].sum()

    open_slots = 1 + np.flatnonzero(states != FREE)
    assert book.known == len(open_slots) == np.count_nonzero(book.ids["slot"][: book.mask + 1])
    assert all(find(book, int(orders.id[slot])) == slot for slot in open_slots)
    check_heaps(book, open_slots)


def bitmap_prices(book: np.record) -> np.ndarray:
    """Return the prices whose bit is set, after checking that the levels of the bitmap agree."""
    for below, above in ((book.bits0, book.bits1), (book.bits1, book.bits2), (book.bits2, book.bits3)):
        words = np.flatnonzero(below)
        summary = np.zeros_like(above)
        np.bitwise_or.at(summary, words >> 5, 1 << (words & 31))
        assert np.array_equal(summary, above)
    words = np.flatnonzero(book.bits0)
    return np.array([32 * w + b for w in words for b in range(32) if book.bits0[w] >> b & 1], np.int64)


def check_free_list(book: np.record) -> None:
    slot, free = int(book.free), 0
    while slot:
        assert book.orders[slot].state == FREE
        slot, free = int(book.orders[slot].next), free + 1
    assert free == (book.orders["state"][1 : book.used + 1] == FREE).sum()


def check_heaps(book: np.record, open_slots: np.ndarray) -> None:
    for heap in range(5):
        items = book.heaps[heap]
        for place in range(1, int(book.heap_sizes[heap]) + 1):
            order = book.orders[items[place].slot]
            if heap == EXPIRY:
                assert order.expiry_place == place
                assert items[place].key == order.expiry
            else:
                assert order.trigger_place == place
                assert order.state == WAITS
                assert heap == (order.options & (TRIGGER_ON_MARK | TRIGGER_RISING)) >> 3
                assert items[place].key == (1 if order.options & TRIGGER_RISING else -1) * int(order.trigger)
            if place > 1:
                above = items[place // 2]
                ranks = (above.key, book.orders[above.slot].sequence), (items[place].key, order.sequence)
                assert ranks[0] <= ranks[1]
    expiring = sum(book.orders[slot].expiry != 0 for slot in open_slots)
    assert book.heap_sizes[EXPIRY] == expiring
