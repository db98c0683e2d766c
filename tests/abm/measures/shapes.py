"""Price paths with exactly known answers."""

import numpy as np

from abm.measures.price_path import DAY_S, Floats, PricePath

MINUTE_S = 60.0


def minutes(knots: list[tuple[float, float]]) -> PricePath:
    """Return one-minute closes along straight lines through ``(minute, price)``; the first is left out."""
    at, price = np.array(knots, dtype=np.float64).T
    minute = np.arange(at[0] + 1.0, at[-1] + 1.0)
    return PricePath.of_closes(minute * MINUTE_S, np.interp(minute, at, price))


def v_shape() -> tuple[PricePath, float]:
    """Return two flat days at 100, down to 80 in an hour, up to 100 in two, four flat days; and P0's time."""
    start = 2 * 1440.0
    knots = [
        (0.0, 100.0),
        (start, 100.0),
        (start + 60.0, 80.0),
        (start + 180.0, 100.0),
        (start + 6000.0, 100.0),
    ]
    return minutes(knots), start * MINUTE_S


def l_shape() -> tuple[PricePath, float]:
    """Return two flat days at 100, a fall to 80 in an hour, and four days at 80; P0's time."""
    start = 2 * 1440.0
    return minutes(
        [(0.0, 100.0), (start, 100.0), (start + 60.0, 80.0), (start + 5820.0, 80.0)]
    ), start * MINUTE_S


def swings(calm: float, wild: float, days_calm: int, days_wild: int) -> PricePath:
    """Return hourly closes whose log returns alternate between plus and minus ``calm``, later ``wild``."""
    sizes = np.concatenate([np.full(24 * days_calm, calm), np.full(24 * days_wild, wild)])
    signs = np.where(np.arange(len(sizes)) % 2 == 0, 1.0, -1.0)
    closes: Floats = 100.0 * np.exp(np.cumsum(sizes * signs))
    return PricePath.of_closes(np.arange(1.0, len(sizes) + 1.0) * DAY_S / 24.0, closes)
