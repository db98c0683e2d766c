"""How the impact of a metaorder grows with its size: one market forked into futures with and without it.

The forks share every random draw, so what differs between them is what the order did. The exponent of the
square-root law is 0.5 (Donier and Bonart, arXiv 1412.4503).
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from abm.model import MarketModel
from agents.trader import Trader
from experiments.build import build
from experiments.minutes import Floats
from experiments.statistics import Estimate

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

SETTLING_S = 7200.0
EVERY_S = 3600.0
STARTS = 12
DURATION_S = 1800.0
SHARES_OF_VOLUME = (0.04, 0.08, 0.16, 0.32, 0.64)
"""Sizes, as shares of what is traded on average in the time that the order takes."""
RESAMPLES = 1000


class Metaorder(Trader):
    """Trades at market in even slices from now on, for a while.

    Parameters
    ----------
    model
        The market.
    instrument
        What it trades, on the first exchange.
    usd
        Size; negative to sell.
    duration_s
        Time it takes.
    """

    def __init__(self, model: MarketModel, instrument: str, usd: float, duration_s: float) -> None:
        super().__init__(model, deposit_usd=2.0 * abs(usd), leverage=5)
        self.instrument, self.usd, self.duration_s = instrument, usd, duration_s
        self.begun_s, self.sent_usd = model.clock.now_s, 0.0

    def step(self) -> None:
        """Send the part that is due."""
        passed = min(1.0, (self.model.clock.now_s - self.begun_s) / self.duration_s)
        owed_usd = passed * abs(self.usd) - self.sent_usd
        quantity = owed_usd / self.mid(self.instrument)
        if quantity > 0.0 and (self.buy if self.usd > 0.0 else self.sell)(self.instrument, quantity):
            self.sent_usd += owed_usd


@dataclass(frozen=True)
class Impact:
    """What was found.

    Attributes
    ----------
    usd
        Sizes, USD, shape ``(sizes,)``.
    moves
        Log move of the mid in the direction of the order at its end against the fork without it, mean of
        buying and selling, shape ``(starts, sizes)``.
    exponent
        Slope of log mean move on log size, with its 95 % interval from resampling starts.
    """

    usd: Floats
    moves: Floats
    exponent: Estimate


def measure_impact(scenario: "Scenario", seeds: Sequence[int], starts: int = STARTS) -> Impact:
    """Fork a calm market at ``starts`` times of each seed, and send orders of all sizes both ways.

    Parameters
    ----------
    scenario
        A calm market; only the hours that are needed are run.
    seeds
        Seeds of the market.
    starts
        How many times of each seed.
    """
    rows = []
    usd = np.zeros(len(SHARES_OF_VOLUME))
    for seed in seeds:
        model = build(scenario, seed, views=False)
        model.run(SETTLING_S)
        for start in range(starts):
            model.run(SETTLING_S + EVERY_S * start)
            usd = np.array(SHARES_OF_VOLUME) * traded(model, scenario.main_instrument) * DURATION_S
            rows.append(_moves(model, scenario.main_instrument, usd))
    moves = np.array(rows)
    return Impact(usd, moves, exponent(moves))


def traded(model: MarketModel, instrument: str) -> float:
    """Return the mean volume of an instrument so far, USD per second."""
    steps = model.recorder.steps
    column = model.instrument_names.index(instrument)
    return float(model.recorder.by_instrument["volume"][:steps, column].sum()) / model.clock.now_s


def _moves(model: MarketModel, instrument: str, usd: Floats) -> list[float]:
    """Return the mean move by buying and selling each size from now on."""
    without = _end(copy.deepcopy(model), instrument, 0.0)
    return [
        float(
            np.mean(
                [sign * (_end(copy.deepcopy(model), instrument, sign * size) - without) for sign in (1, -1)]
            )
        )
        for size in usd
    ]


def _end(fork: MarketModel, instrument: str, usd: float) -> float:
    """Return the log mid after the time that an order takes, with an order unless ``usd`` is zero."""
    if usd:
        Metaorder(fork, instrument, usd, DURATION_S)
    fork.run(fork.clock.now_s + DURATION_S)
    return math.log(fork.price(instrument))


def exponent(moves: Floats) -> Estimate:
    """Return the slope of log mean move on log size with its interval; nan where a mean is not positive."""
    draws = np.random.default_rng(len(moves)).integers(0, len(moves), (RESAMPLES, len(moves)))
    slopes = np.array([_slope(moves[draw].mean(axis=0)) for draw in draws])
    slopes = slopes[np.isfinite(slopes)]
    low, high = (
        np.quantile(slopes, (0.025, 0.975)).tolist() if len(moves) > 1 and slopes.size else (math.nan,) * 2
    )
    return Estimate(_slope(moves.mean(axis=0)), low, high, len(moves))


def _slope(move: Floats) -> float:
    if not (move > 0.0).all():
        return math.nan
    return float(np.polyfit(np.log(SHARES_OF_VOLUME), np.log(move), 1)[0])
