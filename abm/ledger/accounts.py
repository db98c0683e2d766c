"""Account rows with a meaning of their own; traders start at `FIRST_TRADER`."""

FEES = 0
"""Collects trading fees; pays maker rebates."""

INSURANCE_FUND = 1
"""Takes over what liquidation orders leave, collects clearance fees and rounding remainders."""

CLEARING = 2
"""Central counterparty: every realised profit is paid by it, every realised loss to it."""

OUTSIDE = 3
"""Where deposits come from and withdrawals go to: minus everything ever paid in."""

FIRST_TRADER = 4
