"""Chance that a leveraged long is liquidated within a day, its price checked each minute.

Log-price without drift, volatility 5 % a day, maintenance .5 %; the liquidation price is that of the exchange
rule. Closed form by the reflection principle, the barrier .5826 standard deviations of a step further away
(Broadie, Glasserman and Kou 1997, "A continuity correction for discrete barrier options", Mathematical
Finance 7, 325-349).
"""

import math

import numpy as np
import pandas as pd
from scipy.stats import norm

from abm.random_streams import generator
from abm.rules.liquidation_price import price_in_tier
from experiments.reproduce.comparison import Row, compared, share_and_error

ENTRY, MAINTENANCE = 100.0, 0.005
VOLATILITY, CHECKS = 0.05, 1440
SHIFT = 0.5826
PUBLISHED = {10.0: (0.04311, 0.00020), 20.0: (0.34705, 0.00048)}
"""Leverage -> chance and its standard error in an independent simulation of a million paths."""


def liquidation_price(leverage: float) -> float:
    """Return the price at which a long of one unit with isolated margin is liquidated."""
    return float(price_in_tier(ENTRY / leverage, 1.0, ENTRY, 1, MAINTENANCE, 0.0))


def lowest_prices(paths: int, seed: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return the lowest price seen in a day on each path."""
    rng = generator(seed, "first passage")
    lowest = np.empty(paths)
    for begin in range(0, paths, 5000):
        many = min(5000, paths - begin)
        steps = rng.standard_normal((many, CHECKS), dtype=np.float32)
        np.cumsum(steps, axis=1, out=steps)
        lowest[begin : begin + many] = steps.min(axis=1)
    return ENTRY * np.exp(VOLATILITY / math.sqrt(CHECKS) * lowest)


def chance(leverage: float) -> float:
    """Return the closed form with the shifted barrier."""
    distance = -math.log(liquidation_price(leverage) / ENTRY) / VOLATILITY
    return float(2.0 * norm.cdf(-(distance + SHIFT / math.sqrt(CHECKS))))


def reproduce(paths: int = 100_000) -> pd.DataFrame:
    """Return liquidation prices and chances at 10x and 20x."""
    lowest = lowest_prices(paths, 7)
    rows = []
    for leverage, price in ((10.0, 90.452), (20.0, 95.477)):
        rows.append(
            Row(
                "liquidation price by leverage", liquidation_price(leverage), price, allowed=5e-4, at=leverage
            )
        )
    for leverage, (earlier, earlier_error) in PUBLISHED.items():
        ours, error = share_and_error(int((lowest <= liquidation_price(leverage)).sum()), paths)
        rows.append(
            Row("chance of liquidation by leverage, closed form", ours, chance(leverage), error, at=leverage)
        )
        name = "chance of liquidation by leverage, earlier simulation"
        rows.append(Row(name, ours, earlier, error, "reference run", earlier_error, at=leverage))
    return compared(rows)
