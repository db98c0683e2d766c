"""Shapley values: what part of an outcome each of several mechanisms made.

Mechanisms join one after another, from none at work to all; what the outcome gains when one joins is its
marginal contribution in that order. The Shapley value is the mean over all orders (Shapley 1953,
Contributions to the Theory of Games II, 307-317). It is the only way of sharing out in which the parts add
up, mechanisms that do the same get the same, one that does nothing gets nothing, and parts of a sum are sums
of parts.

A coalition, the set of mechanisms at work, is a whole number here: bit ``i`` stands for mechanism ``i``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from experiments.statistics import RESAMPLES

Floats = npt.NDArray[np.float64]
Order = tuple[int, ...]


def chain(order: Sequence[int]) -> list[int]:
    """Return the coalitions from nobody to everybody as mechanisms join in ``order``."""
    coalitions = [0]
    for player in order:
        coalitions.append(coalitions[-1] | 1 << player)
    return coalitions


def antithetic_orders(players: int, pairs: int, rng: np.random.Generator) -> list[Order]:
    """Draw orders of joining at random, each followed by its reverse.

    In an order and its reverse every mechanism joins once before and once after every other one. Hence one
    pair gives the Shapley value of any outcome in which mechanisms work on each other at most two by two
    (antithetic sampling of permutations: Mitchell, Cooper, Frank and Holmes 2022, JMLR 23, 43).
    """
    orders: list[Order] = []
    for _ in range(pairs):
        order = tuple(int(player) for player in rng.permutation(players))
        orders += [order, order[::-1]]
    return orders


def marginals(order: Sequence[int], value: Mapping[int, float]) -> Floats:
    """Return by how much the outcome grows as each mechanism joins in ``order``, shape ``(players,)``."""
    contributions = np.zeros(len(order))
    coalitions = chain(order)
    for place, player in enumerate(order):
        contributions[player] = value[coalitions[place + 1]] - value[coalitions[place]]
    return contributions


def sampled_shapley(orders: Sequence[Order], value: Mapping[int, float]) -> Floats:
    """Return the mean of the marginal contributions over ``orders``, shape ``(players,)``.

    Unbiased if every order was equally likely; the parts add up to the whole whatever was drawn.
    """
    return np.asarray(np.mean([marginals(order, value) for order in orders], axis=0), np.float64)


def exact_shapley(players: int, value: Mapping[int, float]) -> Floats:
    """Return Shapley values from the outcomes of all ``2 ** players`` coalitions, shape ``(players,)``."""
    shapley = np.zeros(players)
    weight = [1.0 / (players * comb(players - 1, size)) for size in range(players)]
    for coalition in range((1 << players) - 1):
        for player in range(players):
            joined = coalition | 1 << player
            if joined != coalition:
                shapley[player] += weight[coalition.bit_count()] * (value[joined] - value[coalition])
    return shapley


def sampling_error(by_pair: Floats) -> Floats:
    """Return the standard error that comes from having drawn orders rather than taken all of them.

    Parameters
    ----------
    by_pair
        Shapley values from each pair of orders alone, shape ``(seeds, pairs, parts)``; pairs are independent.

    Returns
    -------
    numpy.ndarray
        Of the mean over seeds, shape ``(parts,)``; nan with one pair a seed, which cannot tell.
    """
    seeds, pairs, parts = by_pair.shape
    if pairs < 2:
        return np.full(parts, np.nan)
    variance = by_pair.var(axis=1, ddof=1) / pairs
    return np.asarray(np.sqrt(variance.mean(axis=0) / seeds), np.float64)


@dataclass(frozen=True)
class Part:
    """One part of an outcome: mean over seeds, and how well it is known.

    Attributes
    ----------
    amount
        Mean over seeds, in the unit of the outcome. Amounts add up to the mean outcome.
    low, high
        95 % percentile-bootstrap interval over seeds; nan with one seed. Where orders are drawn anew for each
        seed it holds their chance too.
    standard_error
        Standard deviation over seeds over the root of their number; nan with one seed.
    share, share_low, share_high
        Amount over the mean outcome, and the interval of that ratio; nan where the outcome is not positive.
    """

    amount: float
    low: float
    high: float
    standard_error: float
    share: float
    share_low: float
    share_high: float


def estimate_parts(by_seed: Floats, level: float = 0.95) -> list[Part]:
    """Return the parts that an outcome is made of, from those of each seed.

    Parameters
    ----------
    by_seed
        Amounts that sum to the outcome of each seed, shape ``(seeds, parts)``.
    level
        Coverage of the intervals (Efron and Tibshirani 1993, 13). Seeds are resampled whole, and the draws
        depend on nothing but their number.
    """
    seeds = len(by_seed)
    mean = by_seed.mean(axis=0)
    draws = np.random.default_rng(seeds).integers(0, seeds, (RESAMPLES, seeds))
    amounts = by_seed[draws].mean(axis=1)
    tail = (1.0 - level) / 2.0
    if seeds > 1:
        error = by_seed.std(axis=0, ddof=1) / np.sqrt(seeds)
        bounds = np.quantile(amounts, (tail, 1.0 - tail), axis=0)
    else:
        error = np.full(len(mean), np.nan)
        bounds = np.full((2, len(mean)), np.nan)
    whole = amounts.sum(axis=1, keepdims=True)
    if mean.sum() > 0.0 and (whole > 0.0).all():
        shares = mean / mean.sum()
        share_bounds = np.quantile(amounts / whole, (tail, 1.0 - tail), axis=0) if seeds > 1 else bounds
    else:
        shares, share_bounds = np.full(len(mean), np.nan), np.full((2, len(mean)), np.nan)
    columns = (mean, bounds[0], bounds[1], error, shares, share_bounds[0], share_bounds[1])
    return [Part(*map(float, row)) for row in zip(*columns, strict=True)]
