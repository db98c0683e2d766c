"""Amendments before the door: what an amended order would be, so that it is judged as a new one.

An amendment names an order and gives its new open size and price; side, kind, flags and owner are those of
the order, in the book or earlier among the same messages. One that only takes lots away always passes.
"""

import numpy as np
import numpy.typing as npt

from abm.book.identities import find
from abm.book.layout import NIL, WAITS, int64
from abm.book.messages import AMEND, CANCEL, MARKET, Records, copied
from abm.compiled import for_kernels, kernel


def as_new_orders(messages: Records, books: Records) -> Records:
    """Return the messages with every amendment replaced by the new order that would have the same effect.

    Amendments that take lots away and change nothing else, and those of orders that are not there or not the
    sender's, become cancels: all pass every check of new orders, and the book refuses the last two.

    Parameters
    ----------
    messages
        Message table in the order of arrival.
    books
        The order books as they are before the first of them.
    """
    orders: Records = for_kernels(copied(messages))
    by_id = np.argsort(messages["id"], kind="stable")
    _replace(for_kernels(messages), by_id, for_kernels(books), orders)
    return orders


@kernel
def _replace(messages: Records, by_id: npt.NDArray[np.int64], books: Records, orders: Records) -> None:
    """Replace amendments in ``orders``; ``by_id`` brings messages of one id together, earliest first."""
    new = -1  # the order of this id among the messages
    earlier = False
    for n in range(len(by_id)):
        k = by_id[n]
        row = messages[k]
        if n == 0 or row.id != messages[by_id[n - 1]].id:
            new = -1
            earlier = False
        if row.kind == AMEND:
            orders[k].kind = CANCEL
            if new >= 0 and messages[new].instrument == row.instrument:
                if messages[new].account == row.account:
                    _take_over(orders[k], messages[new])
            elif 0 <= row.instrument < len(books):
                _look_up(orders[k], row, books[row.instrument], earlier)
        elif row.kind != CANCEL:
            new = k
        earlier = True


@kernel
def _take_over(order: np.record, first: np.record) -> None:
    """Make of an amendment the order that ``first``, earlier among the messages, becomes by it."""
    order.kind = first.kind
    order.side = first.side
    order["flags"] = first["flags"]
    order.trigger = first.trigger


@kernel
def _look_up(order: np.record, message: np.record, book: np.record, earlier: bool) -> None:
    """Make of an amendment the order that the one in the book becomes by it.

    ``earlier`` tells that other messages concern the order first: what stands in the book is then no measure.
    """
    slot = find(book, message.id)
    if slot == NIL or book.orders[slot].account != message.account:
        return
    present = book.orders[slot]
    waits = present.state == WAITS
    same_price = present.kind == MARKET or message.price == present.price
    same_trigger = not waits or message.trigger == 0 or message.trigger == present.trigger
    if not earlier and same_price and same_trigger and message.lots <= present.lots:
        return
    order.kind = present.kind
    order.side = present.side
    order["flags"] = int64(present.options)
    order.trigger = int64(present.trigger) if waits else 0
