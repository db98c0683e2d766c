"""Market-wide halts of stock exchanges as `HaltRule` on one index.

NYSE Rule 7.12: 7 % and 13 % below the prior close stop trading for 15 minutes, not from 15:25 on; 20 % closes
the day; each level once a day. KRX: 8 % for one minute stops trading for 20 minutes, then a 10-minute call
auction; 15 % and 1 % below where the first level acted, the same; 20 % (and again 1 % below) closes.
"""

from abm.rules.halt import HaltLevel, HaltRule

NYSE_FALLS = (0.07, 0.13, 0.20)
KRX_FALLS = (0.08, 0.15, 0.20)


def nyse_market_wide() -> HaltRule:
    """Return the market-wide halt of US stock exchanges, session 9:30 to 16:00."""
    first, second, third = NYSE_FALLS
    levels = (HaltLevel(first, 900.0), HaltLevel(second, 900.0), HaltLevel(third, 900.0, closes=True))
    return HaltRule(levels, session_hours=6.5, quiet_end_s=2_100.0)


def krx_market_wide() -> HaltRule:
    """Return the market-wide halt of the Korea Exchange, session 9:00 to 15:30."""
    first, second, third = KRX_FALLS
    levels = (
        HaltLevel(first, 1_200.0, 600.0, 60.0),
        HaltLevel(second, 1_200.0, 600.0, 60.0, below_previous=0.01),
        HaltLevel(third, 1_200.0, hold_s=60.0, below_previous=0.01, closes=True),
    )
    return HaltRule(levels, session_hours=6.5)
