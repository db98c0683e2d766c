"""What an account has in the books of its exchange."""

from typing import Any

import numpy as np

from abm.book.layout import FREE, WAITS
from abm.book.messages import BUY
from abm.venues.exchange import Exchange
from experiments.visualizer.packing import number

MOST = 12


def _slots(exchange: Exchange, account: int) -> list[tuple[int, Any]]:
    found = []
    for instrument, book in enumerate(exchange.books.books if exchange.books is not None else ()):
        orders = book["orders"][1 : int(book["used"]) + 1]
        own = orders[(orders["account"] == account) & (orders["state"] != FREE) & (orders["lots"] > 0)]
        if len(own):
            found.append((instrument, own))
    return found


def count_orders(exchange: Exchange, account: int) -> int:
    """Return how many orders of ``account`` rest in the books of ``exchange`` or wait there for a trigger."""
    return sum(len(own) for _, own in _slots(exchange, account))


def open_orders(exchange: Exchange, account: int, most: int = MOST) -> list[dict[str, Any]]:
    """Return the largest orders of ``account``: instrument, side, price and what is open, both in USD."""
    rows: list[tuple[float, dict[str, Any]]] = []
    for instrument, own in _slots(exchange, account):
        terms = exchange.table[instrument]
        price = np.where(own["price"] > 0, own["price"], own["trigger"]) * float(terms["tick"])
        usd = own["lots"] * float(terms["lot"]) * price
        for side, at, worth, waits in zip(
            own["side"].tolist(), price.tolist(), usd.tolist(), (own["state"] == WAITS).tolist(), strict=True
        ):
            row = {
                "instrument": exchange.instrument_names[instrument],
                "side": "buy" if side == BUY else "sell",
                "price": number(at, 9),
                "usd": number(worth),
                "waits": waits,
            }
            rows.append((worth, row))
    return [row for _, row in sorted(rows, key=lambda pair: -pair[0])[:most]]
