"""How a spread closes as trades tell what the informed know.

Glosten and Milgrom 1985, "Bid, ask and transaction prices in a specialist market with heterogeneously
informed traders", Journal of Financial Economics 14, 71-100: a value of 0 or 1 with even chances, a share of
informed traders. Exact means by the binomial number of purchases.
"""

import numpy as np
import pandas as pd

from abm.information.glosten_milgrom import expected_path, quotes, trade
from abm.random_streams import generator
from experiments.reproduce.comparison import Row, compared, mean_and_error

INFORMED = (0.1, 0.3, 0.5)
AFTER = (5, 10, 20, 30)
TRADES = 50


def reproduce(markets: int = 100_000) -> pd.DataFrame:
    """Return the first spread, the mean spread by trades, and the mean squared error of the belief."""
    rows, errors = [], []
    for informed in INFORMED:
        rng = generator(1, f"glosten-milgrom {informed}")
        value = (rng.random(markets) < 0.5).astype(np.float64)
        belief = np.full(markets, 0.5)
        bid, ask = quotes(0.5, informed)
        rows.append(Row(f"first spread, {informed:.0%} informed", float(ask - bid), informed, source="paper"))
        for number in range(1, TRADES + 1):
            belief = trade(belief, value, informed, rng)
            if number in AFTER:
                bids, asks = quotes(belief, informed)
                ours, error = mean_and_error(asks - bids)
                exact = expected_path(number, informed)[0]
                name = f"mean spread by trades before, {informed:.0%} informed"
                rows.append(Row(name, ours, exact, error, at=number))
        ours, error = mean_and_error((belief - value) ** 2)
        name = "squared error of the belief after 50 trades by informed share"
        errors.append(Row(name, ours, expected_path(TRADES, informed)[1], error, at=informed))
    return compared(rows + errors)
