"""Maintenance margin of arrays of notionals, as fractions and settlement units.

``maintenance = notional * rate_n - deduction_n`` in the tier of the tested notional (`MarginTiers`, Binance
and its like). Hyperliquid sets the rate of a tier to half the initial margin rate at its highest leverage,
``1 / (2 * max leverage)`` (gitbook "margin tiers", read 2026: BTC 40x to 150 M, then 20x); Binance publishes
the rates themselves. Kernels use the integer table of `abm.rules.margin_tiers` instead.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from abm.rules.margin_tiers import MarginTiers, Tier

Floats = npt.NDArray[np.float64]


def tier_at(tiers: MarginTiers, notional: Floats | float) -> npt.NDArray[np.intp]:
    """Return the index of the tier that holds each notional; a floor belongs to the tier below it.

    Notionals above the last cap stay in the last tier.
    """
    floors = np.array([tier.floor for tier in tiers.tiers])
    return np.maximum(np.searchsorted(floors, np.abs(notional), side="left") - 1, 0)


def tier_maintenance(tiers: MarginTiers, notional: Floats | float) -> Floats:
    """Return the maintenance margin of notionals (absolute values count), settlement units."""
    rates = np.array([tier.maintenance_rate for tier in tiers.tiers])
    k = tier_at(tiers, notional)
    return np.asarray(np.abs(notional) * rates[k] - np.array(tiers.deductions())[k], np.float64)


def tier_max_leverage(tiers: MarginTiers, notional: Floats | float) -> npt.NDArray[np.int64]:
    """Return the highest leverage allowed at each notional."""
    allowed: npt.NDArray[np.int64] = np.array([tier.max_leverage for tier in tiers.tiers], np.int64)
    return allowed[tier_at(tiers, notional)]


def next_deduction(
    floor: Floats | float, rate: Floats | float, rate_below: Floats | float, deduction_below: Floats | float
) -> Floats:
    """Return ``floor * (rate - rate below) + deduction below``, the deduction ("cum") of the next tier.

    Source: Binance help centre, about 2020: 5,000,000 * (5 % - 2.5 %) + 16,300 = 141,300.
    """
    return np.asarray(floor * (rate - rate_below) + deduction_below, np.float64)


def half_initial_rate(max_leverage: Floats | float) -> Floats:
    """Return Hyperliquid's maintenance rate ``1 / (2 * max leverage)``: 1.25 % at 40x."""
    return np.asarray(0.5 / max_leverage, np.float64)


def leverage_tiers(floors: Sequence[float], max_leverages: Sequence[int]) -> MarginTiers:
    """Return Hyperliquid's tiers from the notional at which each starts and its highest leverage."""
    caps = [*floors[1:], np.inf]
    return MarginTiers(
        tuple(
            Tier(floor, cap, float(half_initial_rate(leverage)), leverage)
            for floor, cap, leverage in zip(floors, caps, max_leverages, strict=True)
        )
    )
