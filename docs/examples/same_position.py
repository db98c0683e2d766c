"""One position, opened on every preset: where each venue's own margin sweep finds it breached."""

import dataclasses

import numpy as np

from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.ledger import Ledger
from abm.rules.breaches import find_breaches
from abm.rules.margin_tiers import MarginTiers, Tier
from abm.venues.presets import load_preset, preset_names
from abm.venues.terms import AssetTerms
from abm.venues.venue import Venue

MILLION = 1_000_000
TICKS = 1_000_000  # in one USD
TABLE = instrument_table([Instrument("X-PERP", "X", "perpetual", 1 / TICKS, 1.0)], ["X"])


def liquidated_at(venue: Venue) -> float:
    """Return the mark, USD, at which a long of 1,000 at 10 with 5x and a 1 % tier is found breached."""
    tiers = MarginTiers((Tier(0, 1e9, 0.01, 50),))
    venue = dataclasses.replace(venue, assets={"X": AssetTerms(tiers)}, other_assets="X")
    ledger = Ledger(TABLE, FIRST_TRADER + 2)
    long, short = FIRST_TRADER, FIRST_TRADER + 1
    ledger.isolated[0, long], ledger.leverage[0, long] = 1, 5
    ledger.deposit(long, 2_000 * MILLION)
    ledger.deposit(short, 1_000_000 * MILLION)
    ledger.position_transfer(0, short, long, 1_000, 10 * TICKS)
    table, backing = venue.tiers(TABLE, ["X"]), venue.backing(TABLE, ["X"])
    breached, safe = 8 * TICKS, 10 * TICKS
    while safe - breached > 1:
        mark = (breached + safe) // 2
        found = find_breaches(ledger, np.array([mark]), table, backing=backing)
        breached, safe = (mark, safe) if len(found) else (breached, mark)
    return safe / TICKS


def main() -> None:
    """Print the price on every preset."""
    for name in preset_names():
        print(f"{name:<22}{liquidated_at(load_preset(name)):.4f}")


if __name__ == "__main__":
    main()
