"""Fire sales among funds with overlapping portfolios.

Caccioli, Shrestha, Moore and Farmer 2014, "Stability analysis of financial contagion due to overlapping
portfolios", Journal of Banking & Finance 46, 233-245: 1000 institutions and 1000 assets, each institution
fails at a loss of one over its leverage and then sells all; a price falls 10 % when 10 % of an asset is
sold. Compared with an independent simulation of the model (500 draws); the paper's figure could not be read.
"""

import numpy as np
import pandas as pd

from abm.networks.fire_sales import equal_portfolios, liquidation_cascade
from abm.random_streams import generator
from experiments.reproduce.comparison import Row, compared, share_and_error

INSTITUTIONS = ASSETS = 1000
IMPACT = 1.0536
SYSTEMIC = 0.05
REFERENCE = {
    10.0: {2.0: 0.664, 4.0: 0.118, 6.0: 0.0},
    20.0: {1.0: 0.056, 2.0: 0.806, 4.0: 0.968, 6.0: 0.686, 8.0: 0.164, 10.0: 0.004, 12.0: 0.0},
    30.0: {2.0: 0.806, 4.0: 0.974, 6.0: 0.984, 8.0: 0.688, 10.0: 0.244, 12.0: 0.042, 15.0: 0.0},
}
"""Leverage -> mean number of assets held -> frequency of a systemic cascade."""
REFERENCE_DRAWS = 500


def failed_share(leverage: float, diversification: float, seed: int) -> float:
    """Return the share of institutions that fail after one random one."""
    rng = generator(seed, f"caccioli {leverage} {diversification}")
    holdings = equal_portfolios(INSTITUTIONS, ASSETS, diversification, rng)
    capital = np.asarray(holdings.sum(axis=1)) / leverage
    first = [int(rng.integers(INSTITUTIONS))]
    return float(liquidation_cascade(holdings, capital, first, IMPACT).failed.mean())


def reproduce(draws: int = 200) -> pd.DataFrame:
    """Return the frequency of cascades of more than 5 % by leverage and diversification."""
    rows = []
    for leverage, line in REFERENCE.items():
        for many, frequency in line.items():
            hits = sum(failed_share(leverage, many, seed) > SYSTEMIC for seed in range(draws))
            ours, error = share_and_error(hits, draws)
            earlier = share_and_error(round(frequency * REFERENCE_DRAWS), REFERENCE_DRAWS)[1]
            name = f"systemic fire sales by assets held, leverage {leverage:g}"
            rows.append(Row(name, ours, frequency, error, "reference run", earlier, at=many))
    return compared(rows)
