"""Looking for the point with the least distance in a box, with few evaluations, many at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.calibration.distance import Distance
from experiments.calibration.gaussian_process import GaussianProcess
from experiments.minutes import Floats

Evaluate = Callable[[Floats], Floats]
"""Takes points of the unit cube, shape ``(points, dimensions)``; returns moments, ``(points, targets)``."""

CANDIDATES = 2000
NEAR = 0.12
FEWEST_DEFINED = 5


def surrogate_search(
    evaluate: Evaluate, distance: Distance, dimensions: int, budget: int, batch: int, seed: int
) -> int:
    """Fill the box, then go where Gaussian processes fitted to each moment promise the least distance.

    Each round proposes ``batch`` points: one by the means, the others by random draws from what the processes
    hold possible (Thompson sampling), so that uncertain regions are tried as well.

    Returns
    -------
    int
        How many of the points were placed evenly; they come first.
    """
    from scipy.stats import qmc

    design = max(budget // 2, min(dimensions + 2, budget))
    points = qmc.LatinHypercube(dimensions, rng=np.random.default_rng([seed, 0])).random(design)
    moments = evaluate(points)
    while len(points) < budget:
        draws = np.random.default_rng([seed, len(points)])
        fresh = _propose(points, moments, distance, min(batch, budget - len(points)), draws)
        points, moments = np.vstack((points, fresh)), np.vstack((moments, evaluate(fresh)))
    return design


def _propose(
    points: Floats, moments: Floats, distance: Distance, count: int, draws: np.random.Generator
) -> Floats:
    best = points[int(np.argmin(distance(moments)))]
    wide = draws.random((CANDIDATES // 2, points.shape[1]))
    near = np.clip(best + NEAR * draws.standard_normal((CANDIDATES // 2, points.shape[1])), 0.0, 1.0)
    candidates = np.vstack((wide, near))
    mean, deviation = predict(points, distance.places(moments), candidates)
    lower, upper = -1.0, 1.0
    goal = np.clip(distance.places(distance.real), lower, upper)
    fresh: list[Floats] = []
    for number in range(count):
        shift = draws.standard_normal(mean.shape[1]) if number else np.zeros(mean.shape[1])
        place = mean + shift * deviation
        outside = np.minimum(np.maximum(np.abs(place) - 1.0, 0.0), distance.cap)
        inside = distance.pull * np.minimum((place - goal) ** 2, 1.0)
        expected = (distance.weight * (outside**2 + inside)).sum(axis=1)
        for other in fresh:  # no point twice
            expected[np.abs(candidates - other).max(axis=1) < 1e-3] = np.inf
        fresh.append(candidates[int(np.argmin(expected))])
    return np.array(fresh)


def predict(points: Floats, places: Floats, candidates: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each moment at the candidates, shape ``(candidates, targets)``.

    A moment that is defined at fewer than `FEWEST_DEFINED` points is taken as its mean there, or as 0.
    """
    mean = np.zeros((len(candidates), places.shape[1]))
    deviation = np.zeros_like(mean)
    for column in range(places.shape[1]):
        known = np.isfinite(places[:, column])
        values = places[known, column]
        if values.size >= FEWEST_DEFINED and np.ptp(values) > 0.0:
            process = GaussianProcess(points[known], values)
            mean[:, column], deviation[:, column] = process.at(candidates)
        elif values.size:
            mean[:, column] = values.mean()
    return mean, deviation


def evolve(evaluate: Evaluate, distance: Distance, dimensions: int, budget: int, seed: int) -> int:
    """Search by SciPy's differential evolution, a generation at a time; all points count as placed by it."""
    from scipy.optimize import Bounds, differential_evolution
    from scipy.stats import qmc

    members = int(np.clip(budget // 4, 5, 15 * dimensions))
    generations = max(budget // members - 1, 0)

    def objective(columns: Any) -> Any:
        return distance(evaluate(np.atleast_2d(columns.T)))

    first = qmc.LatinHypercube(dimensions, rng=np.random.default_rng([seed, 0])).random(members)
    differential_evolution(
        objective,
        Bounds(np.zeros(dimensions), np.ones(dimensions)),
        init=first,
        maxiter=generations,
        tol=0.0,
        atol=0.0,
        polish=False,
        vectorized=True,
        updating="deferred",
        rng=np.random.default_rng([seed, 1]),
    )
    return members * (generations + 1)
