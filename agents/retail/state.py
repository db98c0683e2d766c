"""What a leveraged retail trader remembers: one row each."""

import numpy as np

IDLE, OPENING, CLOSING, ADDING = range(4)
"""What a trader is at: opening a position, closing it, or adding to one at a loss."""
MARGIN_USED = 0.8
"""Share of a trader's wealth that stands as margin behind its position."""

retail_dtype = np.dtype(
    [
        ("account", "i4"),
        ("instrument", "i2"),
        ("leverage", "i2"),
        ("wealth_usd", "f8"),
        ("susceptibility", "f8"),  # own factor on sentiment
        ("stop_id", "i8"),
        ("profit_id", "i8"),
        ("held", "i8"),  # lots at the last look
        ("goal", "i8"),  # lots it wants to hold while it works an order
        ("clip_usd", "f8"),  # most it sends in a minute
        ("reserve", "i8"),  # money outside the exchange, millionths
        ("uses_stop", "i1"),  # bit 0: leaves a stop-loss; bit 1: leaves a take-profit
        ("exits_left", "i1"),  # whether stop-loss and take-profit have been left for the position
        ("working", "i1"),  # IDLE, OPENING, CLOSING or ADDING
        ("dips", "i1"),  # whether it waits with its reserve for a deep fall
    ],
    align=True,
)
