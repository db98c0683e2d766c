"""Ids of any pattern are found, and fast: no pattern piles up in the table."""

import numpy as np
import pytest

from abm.book.identities import find, forget, remember, reserve, tag_of, take_slot
from abm.book.layout import IN_BOOK, new_books

PATTERNS = {
    "consecutive": lambda k: k,
    "account in high bits": lambda k: (k % 2_500 << 32) + k // 2_500,
    "account in middle bits": lambda k: (k % 2_500 << 20) + k // 2_500,
    "multiples of a power of two": lambda k: k << 16,
    "multiples of a thousand": lambda k: 1_000 * k,
    "far away": lambda k: (1 << 40) + k,
}


@pytest.fixture(params=PATTERNS)
def ids(request):
    return [PATTERNS[request.param](k + 1) for k in range(10_000)]


def filled(ids):
    book = new_books(1)[0]
    for order_id in ids:
        reserve(book)
        slot = take_slot(book)
        book.orders[slot].id = order_id
        book.orders[slot].state = IN_BOOK
        remember(book, slot)
    return book


def test_every_pattern_stays_spread_out(ids):
    book = filled(ids)
    mask = int(book.mask)
    homes = np.array([tag_of(order_id) for order_id in ids]) & mask
    used = np.zeros(mask + 1, np.int64)
    used[np.flatnonzero(book.ids["slot"][: mask + 1])] = 1
    runs = np.diff(np.flatnonzero(np.concatenate(([0], used, [0])) == 0)) - 1
    assert np.bincount(homes).max() <= 12
    assert runs.max() <= 150
    assert (runs[runs > 0] ** 2).sum() / len(ids) < 12  # mean length of the run that an id is in


def test_found_until_forgotten(ids):
    book = filled(ids)
    rng = np.random.default_rng(3)
    gone = set(rng.choice(len(ids), 5_000, replace=False).tolist())
    for k in gone:
        forget(book, k + 1)
    found = [int(find(book, order_id)) for order_id in ids]
    assert found == [0 if k in gone else k + 1 for k in range(len(ids))]
    assert book.known == 5_000
