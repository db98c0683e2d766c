"""Random message tables that meet every kind of order often, for the tests of the book."""

import numpy as np

from abm.book import messages as m
from abm.book.messages import Records, message_table

FIELDS = (
    "time",
    "id",
    "price",
    "lots",
    "trigger",
    "expiry",
    "account",
    "instrument",
    "kind",
    "side",
    "source",
)


def random_messages(rows: int, seed: int, instruments: int = 2, accounts: int = 4, ids: int = 60) -> Records:
    """Return messages of all kinds, some of them malformed, with prices of 1 to 40 ticks and far above."""
    rng = np.random.default_rng(seed)
    table = message_table(rows)
    table.time = np.cumsum(rng.integers(0, 3, rows))
    table.id = rng.integers(1, ids, rows)
    table.price = rng.integers(10, 40, rows)
    far = rng.random(rows) < 0.05
    table.price[far] = rng.choice([-1, 0, 1, 3, 60_000, 1_000_000], far.sum())
    table.lots = rng.integers(1, 12, rows) - (rng.random(rows) < 0.02) * 12
    table.trigger = (rng.random(rows) < 0.2) * rng.integers(5, 45, rows)
    table.expiry = (rng.random(rows) < 0.2) * (table.time + rng.integers(0, 40, rows))
    table.account = table.id % accounts  # so that most cancels and amends are of own orders
    others = rng.random(rows) < 0.2
    table.account[others] = rng.integers(0, accounts, others.sum())
    table.account -= (rng.random(rows) < 0.01) * accounts
    table.instrument = rng.integers(0, instruments, rows)
    kinds = [m.LIMIT, m.MARKET, m.IOC, m.FOK, m.POST_ONLY, m.CANCEL, m.AMEND, 9]
    table.kind = rng.choice(kinds, rows, p=[0.4, 0.1, 0.07, 0.1, 0.08, 0.1, 0.14, 0.01])
    table.side = rng.integers(0, 2, rows)
    table["flags"] = rng.integers(0, 32, rows) * (rng.random(rows) < 0.7)
    table.source = rng.integers(0, 3, rows)
    return table


def as_row(message: np.record) -> dict[str, int]:
    """Return a message as a plain dictionary."""
    return {name: int(message[name]) for name in (*FIELDS, "flags")}
