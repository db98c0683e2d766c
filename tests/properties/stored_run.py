"""A run of the lowest layers in whole numbers, and its digests: python stored_run.py [--store].

Order books take messages of every kind in batches, marks fire stops, the ledger settles the fills. Messages
come from integer arithmetic; floating point is nowhere, so that every machine must find the same bytes.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from abm.book import messages as m
from abm.book.orderbook import OrderBooks
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.ledger import Ledger
from abm.random_streams import stream_key, uniform

STORED = Path(__file__).with_name("stored_digests.json")
ROWS, BATCH, TRADERS = 20_000, 1_000, 40
FILL_FIELDS = (
    "time",
    "price",
    "lots",
    "maker_id",
    "taker_id",
    "maker",
    "taker",
    "instrument",
    "side",
    "source",
)
LEDGER_COLUMNS = ("cash", "position", "entry_value", "isolated_margin", "realised_pnl")
KINDS = np.repeat(
    [m.LIMIT, m.MARKET, m.IOC, m.FOK, m.POST_ONLY, m.CANCEL, m.AMEND], [45, 10, 8, 5, 6, 14, 12]
)


def draws(stream, below):
    """Return one whole number below ``below`` for each row: SplitMix64's finaliser on a counter."""
    z = (np.arange(ROWS, dtype=np.uint64) + np.uint64(stream * ROWS + 1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(32)).astype(np.int64) % below


def centre(row):
    """Return the price in ticks around which messages come: it swings between 1,000 and 1,080."""
    return 1_000 + np.abs((row // 50) % 160 - 80)


def message_stream():
    """Return the messages."""
    row = np.arange(ROWS)
    table = m.message_table(ROWS)
    table.time = 1_000 * row
    table.id = row + 1
    table.instrument = draws(0, 2)
    table.account = FIRST_TRADER + draws(1, TRADERS)
    table.side = draws(2, 2)
    table.kind = KINDS[draws(3, 100)]
    table.price = centre(row) - m.signed(table.side) * (draws(4, 20) - 3)
    table.lots = 1 + draws(5, 9)
    conditional = (draws(6, 100) < 8) & (table.kind <= m.POST_ONLY)
    table.trigger = np.where(conditional, centre(row) + draws(7, 31) - 15, 0)
    table.expiry = np.where(draws(8, 10) == 0, table.time + draws(9, 400_000), 0)
    table["flags"] = np.where(draws(10, 10) < 4, draws(11, 32), 0)
    about = np.maximum(row - 1 - draws(12, 300), 0)
    changes = (table.kind == m.CANCEL) | (table.kind == m.AMEND)
    table.id[changes] = about[changes] + 1
    table.instrument[changes] = table.instrument[about[changes]]
    own = changes & (draws(13, 10) > 0)
    table.account[own] = table.account[about[own]]
    return table


def run():
    """Return books, ledger, messages with their outcomes, and all fills, after the whole stream."""
    perpetuals = [Instrument(f"{asset}-PERP", asset, "perpetual", 0.1, 0.01) for asset in ("ONE", "TWO")]
    books = OrderBooks(2, FIRST_TRADER + TRADERS)
    ledger = Ledger(
        instrument_table(perpetuals, ["ONE", "TWO"]), books.position.shape[1], position=books.position
    )
    ledger.deposit(np.arange(FIRST_TRADER, FIRST_TRADER + TRADERS), np.full(TRADERS, 10**10))
    ledger.leverage[:, FIRST_TRADER:] = 1 + np.arange(TRADERS) % 20
    ledger.isolated[:, FIRST_TRADER::3] = 1
    table = message_stream()
    fills = []
    for start in range(0, ROWS, BATCH):
        fills.append(books.process(table[start : start + BATCH]).copy())
        ledger.settle(fills[-1])
        marks = np.full(2, centre(start + BATCH), np.int64)
        fills.append(books.mark_triggers(marks, int(table.time[start + BATCH - 1])).copy())
        ledger.settle(fills[-1])
    return books, ledger, table, np.concatenate(fills)


def digest(columns):
    """Return a digest of whole numbers, as little-endian 64-bit integers."""
    sha = hashlib.sha256()
    for column in columns:
        sha.update(np.ascontiguousarray(column, "<i8").tobytes())
    return sha.hexdigest()


def digests():
    """Return the digests by name."""
    books, ledger, table, fills = run()
    levels = [side for i in range(2) for side in books.snapshot(i, 1_000)]
    key = stream_key(1, "stored")
    numbers = [int(uniform(key, who, when, 0) * 2.0**53) for who in range(20) for when in range(20)]
    return {
        "random streams": digest([numbers]),
        "order books": digest(
            [table["status"], table["filled"], *(fills[name] for name in FILL_FIELDS), *levels]
        ),
        "ledger": digest(getattr(ledger, name) for name in LEDGER_COLUMNS),
    }


def main() -> None:
    text = json.dumps(digests(), indent=2) + "\n"
    if "--store" in sys.argv[1:]:
        STORED.write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
