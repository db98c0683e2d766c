"""The worked examples of auto-deleveraging: five positions, and five accounts that share a deficit.

Chitra 2025, "Autodeleveraging: Impossibilities and Optimization", arXiv 2512.01112, version 3 of 2026. Where
the print is rounded twice (leverages .7246, 8.353, 36.269) the recomputed numbers are meant.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.rules.adl_allocations import largest_remainder, sequential
from abm.rules.adl_ranks import effective_leverage
from abm.rules.bankruptcy_price import isolated_bankruptcy_price
from abm.rules.funding import funding_payment
from abm.rules.funding_interest_ratio import interest_ratio_funding
from abm.rules.liquidation_price_linear import price_from_equity
from abm.rules.profit import linear_notional, linear_profit
from experiments.reproduce.comparison import Row, compared

Floats = npt.NDArray[np.float64]

NAMES = "ABCDE"
SIZE = np.array([1.0, 1.0, 4.0, 1.0, 1.0])
CASH = np.array([2.0, 2 / 3, 8 / 3, 2 / 19, 10 / 99])
SIDE = np.array([1, 1, -1, 1, -1])
MARK = (1.0, 1.4, 1.3)
ORACLE = (1.0, 1.5, 1.25)
MAINTENANCE = 0.1
PRINTED = {
    "leverage at the start": (0.5, 1.5, 1.5, 9.5, 9.9),
    "profit at time 1": (-0.0667, -0.0667, 0.2667, -0.0667, 0.0667),
    "profit at time 2": (-0.7387, -0.7387, 2.9547, -0.7387, 0.7387),
    "equity at time 1": (1.9333, 0.6, 2.9333, 0.0386, 0.1677),
    "equity at time 2": (1.2613, -0.072, 5.6213, -0.6334, 0.8397),
    "leverage at time 1": (0.7241, 2.3333, 1.9091, 36.273, 8.3494),
    "bankruptcy price": (0.0, 0.3333, 1.6667, 0.8947, 1.1010),
    "liquidation price, 0 where there is none": (0.0, 0.3704, 1.5152, 0.9942, 1.0009),
}
ROUNDING = 1e-3

EQUITY = np.array([10.0, 5.0, 1.0, -3.0, -12.0])
PROFIT = np.array([8.0, 4.0, 0.5, -3.0, -12.0])
SHARE_OF_DEFICIT = 0.5
QUEUE = np.array([1, 0, 2, 4, 3])
LEFT = {"queue": (6.5, 1.0, 1.0), "pro rata": (5.2, 2.6, 0.7)}
"""Equity left to the three winners."""


def funding_rates() -> Floats:
    """Return the funding rates at times 1 and 2; shorts pay a positive one."""
    longs, shorts = SIZE[SIDE > 0].sum(), SIZE[SIDE < 0].sum()
    return np.asarray(interest_ratio_funding(longs, shorts, MARK[1:], ORACLE[1:]))


def profit_at(time: int) -> Floats:
    """Return profit since the start with all funding."""
    # a positive rate is paid by shorts here, by longs in funding_payment
    paid = sum(funding_payment(SIDE * SIZE, MARK[k], -funding_rates()[k - 1]) for k in range(1, time + 1))
    return np.asarray(linear_profit(SIDE, SIZE, MARK[0], MARK[time]) - paid)


def ours() -> dict[str, Floats]:
    """Return the numbers of `PRINTED` for the five positions."""
    broke = isolated_bankruptcy_price(MARK[0], SIZE * MARK[0] / CASH, SIDE)
    return {
        "leverage at the start": effective_leverage(linear_notional(SIZE, MARK[0]), CASH),
        "profit at time 1": profit_at(1),
        "profit at time 2": profit_at(2),
        "equity at time 1": CASH + profit_at(1),
        "equity at time 2": CASH + profit_at(2),
        "leverage at time 1": effective_leverage(linear_notional(SIZE, MARK[1]), CASH + profit_at(1)),
        "bankruptcy price": np.maximum(broke, 0.0),
        "liquidation price, 0 where there is none": np.nan_to_num(
            price_from_equity(CASH, SIDE * SIZE, MARK[0], MAINTENANCE), nan=0.0
        ),
    }


def equity_left() -> dict[str, Floats]:
    """Return equity after half of the deficit is taken from winners, by queue and in proportion to profit."""
    takable = np.round(np.maximum(PROFIT, 0.0) * 1e6).astype(np.int64)
    budget = round(SHARE_OF_DEFICIT * float(-EQUITY[EQUITY < 0].sum()) * 1e6)
    queued = np.zeros(len(PROFIT))
    queued[QUEUE] = sequential(budget, takable[QUEUE]) / 1e6
    return {"queue": EQUITY - queued, "pro rata": EQUITY - largest_remainder(budget, takable) / 1e6}


def reproduce() -> pd.DataFrame:
    """Return every number of both examples."""
    rows = [
        Row(f"funding rate at time {k + 1}", rate, printed, source="paper", allowed=ROUNDING)
        for k, (rate, printed) in enumerate(zip(funding_rates(), (-0.3333, -0.44), strict=True))
    ]
    for name, values in ours().items():
        for holder, value, printed in zip(NAMES, values, PRINTED[name], strict=True):
            rows.append(Row(f"{name}, {holder}", value, printed, source="paper", allowed=ROUNDING))
    for name, left in equity_left().items():
        for k, printed in enumerate(LEFT[name]):
            label = f"equity left to winner {k + 1}, {name}"
            rows.append(Row(label, left[k], printed, source="paper", allowed=ROUNDING))
    return compared(rows)
