"""Distress on a ring of three banks.

Battiston et al. 2012, "DebtRank: too central to fail?", Scientific Reports 2, 541, and Bardoscia et al. 2015,
PLoS ONE 10, e0130406. The data of the first paper are not public; their equations are what is compared, on a
toy worked by hand.
"""

import pandas as pd

from abm.networks.debt_rank import debt_rank, debt_rank_once
from experiments.reproduce.comparison import Row, compared

IMPACT = [[0.0, 0.5, 0.0], [0.0, 0.0, 0.4], [0.3, 0.0, 0.0]]
FIRST = (0.5, 0.0, 0.0)
ONCE = (0.53, 0.25, 0.10)
EVERY = tuple(value / (1.0 - 0.5 * 0.4 * 0.3) for value in (0.5, 0.25, 0.1))
"""The first round, times the geometric series of rounds about the ring."""


def reproduce() -> pd.DataFrame:
    """Return the final distress of each bank by both rules."""
    rows = []
    for name, ours, exact in (
        ("2012", debt_rank_once(IMPACT, FIRST), ONCE),
        ("2015", debt_rank(IMPACT, FIRST), EVERY),
    ):
        rows += [Row(f"distress of bank {k + 1}, rule of {name}", ours[k], exact[k]) for k in range(3)]
    return compared(rows)
