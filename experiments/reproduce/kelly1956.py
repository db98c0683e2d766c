"""Growth by the size of the bet, and the chance to fall far on the way.

Kelly 1956, "A new interpretation of information rate"; Thorp 2006, "The Kelly criterion in blackjack, sports
betting, and the stock market". Paths are looked at in steps: the level is then passed as if it stood
.5826 standard deviations of a step lower (Broadie, Glasserman and Kou 1997, Mathematical Finance 7, 325-349).
"""

import math

import numpy as np
import pandas as pd

from abm.random_streams import generator
from abm.rules.kelly import (
    bet_growth,
    chance_to_fall_to,
    exposure_growth,
    kelly_exposure,
    kelly_share,
    zero_growth_share,
)
from experiments.reproduce.comparison import Row, compared, share_and_error

LEVEL = 0.5
MULTIPLES = (0.5, 1.0, 1.5)
STEP = 0.005
"""Time step in units of one over the squared Sharpe ratio."""
SHIFT = 0.5826
OUT_OF_REACH = 1e-5


def ever_below(multiple: float, paths: int, seed: int) -> int:
    """Return in how many paths wealth at a multiple of the Kelly exposure is ever seen at half the first.

    A path is left alone once the chance that it still falls so far is below `OUT_OF_REACH`.
    """
    rng = generator(seed, f"kelly {multiple}")
    drift = float(exposure_growth(multiple, 1.0, 1.0)) * STEP
    deviation = multiple * math.sqrt(STEP)
    power = 2.0 / multiple - 1.0
    far = math.log(LEVEL) - math.log(OUT_OF_REACH) / power
    wealth, fallen, block = np.zeros(paths), 0, 200
    while len(wealth):
        steps = rng.normal(drift, deviation, (len(wealth), block))
        path = wealth[:, None] + np.cumsum(steps, axis=1)
        down = path.min(axis=1) <= math.log(LEVEL)
        fallen += int(down.sum())
        wealth = path[~down, -1]
        wealth = wealth[wealth < far]
    return fallen


def chance_seen_in_steps(multiple: float) -> float:
    """Return the closed form at the level that is in effect when wealth is looked at in steps."""
    return float(chance_to_fall_to(LEVEL * math.exp(-SHIFT * multiple * math.sqrt(STEP)), multiple))


def reproduce(paths: int = 10_000) -> pd.DataFrame:
    """Return shares and growth rates beside the printed ones, and the chance to lose half by exposure."""
    best, growth = float(kelly_share(0.6)), 0.0201355
    exposure = float(kelly_exposure(0.11, 0.15, 0.06))
    numbers = [
        ("Kelly share at p = .6", best, 0.2, 1e-9),
        ("growth at it", float(bet_growth(best, 0.6)), growth, 5e-8),
        ("growth at half of it", float(bet_growth(best / 2, 0.6)), 0.0150419, 5.1e-8),
        ("growth at twice of it", float(bet_growth(2 * best, 0.6)), -0.0024469, 5.1e-8),
        ("share of no growth at p = .6", zero_growth_share(0.6), 0.38939, 5e-6),
        ("Kelly share at p = .53", float(kelly_share(0.53)), 0.06, 1e-9),
        ("growth at it, p = .53", float(bet_growth(0.06, 0.53)), 0.0018011, 5e-8),
        ("share of no growth at p = .53", zero_growth_share(0.53), 0.11971, 5e-6),
        ("Kelly exposure, drift 11 %, volatility 15 %, riskless 6 %", exposure, 2.2222, 5e-5),
        ("growth at it, for a year", float(exposure_growth(exposure, 0.11, 0.15, 0.06)), 0.11556, 5e-6),
    ]
    rows = [Row(name, ours, printed, allowed=allowed) for name, ours, printed, allowed in numbers]
    for multiple in MULTIPLES:
        ours, error = share_and_error(ever_below(multiple, paths, 1), paths)
        exact = chance_seen_in_steps(multiple)
        rows.append(Row("chance to lose half by multiple of Kelly", ours, exact, error, at=multiple))
    return compared(rows)
