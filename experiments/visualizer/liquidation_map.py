"""The liquidation map as the page shows it: `abm.measures.liquidation_map` on a grid around the mark."""

import numpy as np

from abm.measures.liquidation_map import Floats, breach_prices, engine_of, liquidated_between, wallets
from abm.venues.exchange import Exchange

__all__ = ["BINS", "REACH", "breach_prices", "engine_of", "liquidation_map", "wallets"]

BINS = 120
REACH = 0.30
"""Farthest from the mark that is shown, fraction."""


def liquidation_map(exchange: Exchange, instrument: int) -> Floats:
    """Return the notional that is liquidated at each price, USD at the mark, shape ``(2, BINS)``.

    Row 0 holds longs, row 1 shorts. Bins go from `REACH` below the mark to `REACH` above it.
    """
    return liquidated_between(exchange, instrument, np.linspace(-REACH, REACH, BINS + 1))
