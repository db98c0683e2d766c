"""What a cross-margin fund remembers: one row each, and one for each leg of its book."""

import numpy as np

fund_dtype = np.dtype(
    [
        ("account", "i4"),
        ("hedged", "i1"),  # whether the book has a short side that belongs to the long one
        ("rehedges", "i1"),  # buys a lost side back; otherwise closes the other
        ("deep_first", "i1"),  # sheds its deepest legs first; otherwise all alike
        ("leverage", "f8"),  # gross position over equity that it aims at
        ("limit", "f8"),  # the same beyond which it sheds positions
        ("most_usd", "f8"),  # largest gross position
        ("debt_limit", "f8"),  # debt over equity beyond which it sells coins
        ("scale", "f8"),  # share of the book that it wants to hold now
        ("share", "f8"),  # share of the book that it held at the last look
        ("equity_usd", "f8"),  # at the last look, coins counted as the venue does
        ("gross_usd", "f8"),  # gross position at the last look
        ("called_usd", "f8"),  # asked back by a lender and not paid yet
    ],
    align=True,
)
leg_dtype = np.dtype(
    [
        ("weight", "f8"),  # signed share of the gross position
        ("book", "i8"),  # lots when the whole book is held
        ("depth_usd", "f8"),  # calm one-sided depth within 1 %
    ],
    align=True,
)
