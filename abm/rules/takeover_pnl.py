"""Books of a party that takes positions over from liquidated accounts."""

from collections.abc import Iterable
from typing import NamedTuple


class TakeoverBook(NamedTuple):
    """Position and profit of the party after one event."""

    position: float
    realised: float
    unrealised: float


def takeover_book(events: Iterable[tuple[float, float]]) -> list[TakeoverBook]:
    """Return the books after each event ``(price, quantity)``; quantity zero only moves the mark.

    Average-entry bookkeeping: adding moves the average entry, reducing realises against it, turning round
    realises all and starts again at the price. Every event's price is the mark after it. Source: Vega
    specs@5fea1f3e, 0012-POSR-017: +1 at 100, +1 at 90, mark 60 gives an unrealised -10, then -70.
    """
    position = entry = realised = 0.0
    books = []
    for price, quantity in events:
        if position * quantity < 0.0:
            closed = min(abs(quantity), abs(position))
            realised += closed * (price - entry) * (1.0 if position > 0.0 else -1.0)
        after = position + quantity
        if position * after <= 0.0:
            entry = price
        elif abs(after) > abs(position):
            entry = (entry * position + price * quantity) / after
        position = after
        books.append(TakeoverBook(position, realised, position * (price - entry)))
    return books
