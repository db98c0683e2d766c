"""Caps of the funding rate.

Binance (FAQ as quoted 2026; fundingInfo of 2026-09-26): 0.75 times the lowest maintenance margin rate for
listed majors (BTC and ETH 0.3 %), 2 % for others. dYdX v4 (funding.mdx at 3e475b73): ``600 % * (initial -
maintenance margin fraction)`` of the eight-hour rate. Hyperliquid (docs, Funding): 4 % an hour.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
HYPERLIQUID_HOURLY_CAP = 0.04


def cap_from_maintenance(maintenance_rate: npt.ArrayLike, share: float = 0.75) -> Floats:
    """Return Binance's cap of one interval as a fraction.

    Raises
    ------
    ValueError
        If a rate is negative.
    """
    rate = np.asarray(maintenance_rate, np.float64)
    if (rate < 0.0).any():
        raise ValueError(f"maintenance_rate is {rate.tolist()}; it must be zero or more")
    return share * rate


def cap_from_margins(
    initial_fraction: npt.ArrayLike, maintenance_fraction: npt.ArrayLike, multiple: float = 6.0
) -> Floats:
    """Return dYdX's cap of the eight-hour rate as a fraction: 12 % for 5 % and 3 %.

    Raises
    ------
    ValueError
        If a maintenance fraction exceeds the initial one.
    """
    initial = np.asarray(initial_fraction, np.float64)
    maintenance = np.asarray(maintenance_fraction, np.float64)
    if (maintenance > initial).any():
        raise ValueError(
            f"maintenance_fraction is {maintenance.tolist()}; it must not exceed the initial fraction "
            f"{initial.tolist()}"
        )
    return multiple * (initial - maintenance)


def capped(rate: npt.ArrayLike, cap: npt.ArrayLike) -> Floats:
    """Return rates held within ``+-cap``."""
    bound = np.asarray(cap, np.float64)
    return np.clip(np.asarray(rate, np.float64), -bound, bound)
