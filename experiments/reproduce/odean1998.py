"""Gains are realised half as often again as losses.

Odean 1998, "Are investors reluctant to realize their losses?", Journal of Finance 53, 1775-1798, Table I:
13,883 realised and 79,658 paper gains, 11,930 realised and 110,348 paper losses. Investors hold eight
positions, sell each by a daily hazard, larger for gains, and buy another at once; volatility 2 % a day.
"""

import numpy as np
import pandas as pd

from abm.measures.disposition import Disposition, count_positions, sale_chance
from abm.random_streams import generator
from experiments.reproduce.comparison import Row, compared, errors_allowed, mean_and_error

TABLE_I = Disposition(13_883, 79_658, 11_930, 110_348)
PGR, PLR, RATIO = 0.148, 0.098, 1.51
HAZARDS = {"disposition": (0.0032, 0.0020), "none": (0.0026, 0.0026)}
"""Daily hazard of a sale of a gain and of a loss."""
POSITIONS, VOLATILITY, BURN_IN_DAYS = 8, 0.02, 400
REFERENCE = (0.1525, 0.1030, 1.48)
"""PGR, PLR and ratio of an independent simulation of 4000 investors with the same hazards."""


def sell_by_hazard(
    hazard_gain: float, hazard_loss: float, investors: int, days: int, seed: int
) -> Disposition:
    """Return the counts of a crowd after a burn-in."""
    rng = generator(seed, f"odean {hazard_gain} {hazard_loss}")
    profit = np.zeros((investors, POSITIONS), np.float32)
    counts = Disposition(0, 0, 0, 0)
    for day in range(BURN_IN_DAYS + days):
        profit += np.float32(VOLATILITY) * rng.standard_normal(profit.shape, dtype=np.float32)
        sold = rng.random(profit.shape, dtype=np.float32) < sale_chance(profit, hazard_gain, hazard_loss)
        if day >= BURN_IN_DAYS:
            counts += count_positions(profit, sold)
        profit[sold] = 0.0
    return counts


def reproduce(investors: int = 500, days: int = 600, crowds: int = 8) -> pd.DataFrame:
    """Return PGR, PLR and their ratio, from the printed counts, and from crowds that sell by hazards."""
    rows = [
        Row("PGR of the counts in Table I", TABLE_I.pgr, PGR, source="paper", allowed=5e-4),
        Row("PLR of the counts in Table I", TABLE_I.plr, PLR, source="paper", allowed=5e-4),
    ]
    runs = [sell_by_hazard(*HAZARDS["disposition"], investors, days, seed) for seed in range(crowds)]
    for name, values, earlier, rounding in (
        ("PGR", [each.pgr for each in runs], REFERENCE[0], 5e-5),
        ("PLR", [each.plr for each in runs], REFERENCE[1], 5e-5),
        ("ratio", [each.ratio for each in runs], REFERENCE[2], 5e-3),
    ):
        ours, error = mean_and_error(values)
        allowed = errors_allowed(crowds) * error * np.sqrt(1.0 + investors * crowds / 4000) + rounding
        rows.append(
            Row(f"{name}, hazards .0032 and .0020", ours, earlier, error, "reference run", allowed=allowed)
        )
    ours, error = mean_and_error([each.ratio for each in runs])
    rows.append(
        Row("ratio, hazards .0032 and .0020, beside Table I", ours, RATIO, error, "paper", allowed=0.06)
    )
    equal = [sell_by_hazard(*HAZARDS["none"], investors, days, 100 + seed) for seed in range(crowds)]
    ours, error = mean_and_error([each.ratio for each in equal])
    rows.append(Row("ratio, equal hazards", ours, 1.0, error, runs=crowds))
    return compared(rows)
