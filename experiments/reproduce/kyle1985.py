"""One auction with an insider, and a market maker who learns what to charge.

Kyle 1985, "Continuous auctions and insider trading", Econometrica 53, 1315-1335, with prior and noise
variance of one: impact, profit and remaining variance are all one half.
"""

import pandas as pd

from abm.information.kyle import kyle_auctions, kyle_equilibrium, learned_impact
from abm.random_streams import generator
from experiments.reproduce.comparison import Row, compared, mean_and_error

ROUNDS = 8


def learned(auctions: int, seed: int) -> tuple[float, float, float]:
    """Return impact, insider's mean profit and remaining variance after eight rounds of learning.

    In each round the market maker regresses values on orders of the round before, and the insider orders
    1 / (2 impact) for each unit of difference.
    """
    rng = generator(seed, "kyle")
    impact = 1.0
    for _ in range(ROUNDS):
        value, noise = rng.standard_normal(auctions), rng.standard_normal(auctions)
        total, price, profit = kyle_auctions(value, noise, 0.5 / impact, impact)
        impact = learned_impact(value, total)
    return impact, float(profit.mean()), float(((value - price) ** 2).mean())


def reproduce(auctions: int = 20_000, seeds: int = 20) -> pd.DataFrame:
    """Return the equilibrium by recursion and by learning; and the limit of many auctions."""
    one = kyle_equilibrium(1)
    rows = [
        Row("impact, recursion", one.impact[0], 0.5, source="paper"),
        Row("profit, recursion", one.profit, 0.5, source="paper"),
        Row("remaining variance, recursion", one.variance[0], 0.5, source="paper"),
        Row(
            "impact of the first of 1000 auctions",
            kyle_equilibrium(1000).impact[0],
            1.0,
            source="paper",
            allowed=0.01,
        ),
        Row("profit from 1000 auctions", kyle_equilibrium(1000).profit, 1.0, source="paper", allowed=0.01),
    ]
    runs = [learned(auctions, seed) for seed in range(seeds)]
    for k, name in enumerate(("impact, learned", "profit, learned", "remaining variance, learned")):
        ours, error = mean_and_error([run[k] for run in runs])
        rows.append(Row(name, ours, 0.5, error, "paper", runs=seeds))
    return compared(rows)
