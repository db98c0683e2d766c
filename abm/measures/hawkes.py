"""How many events an event causes: the branching ratio of a Hawkes process with an exponential kernel.

Rate at time t: ``base + branching * decay * sum_k exp(-decay (t - t_k))`` over earlier events. Likelihood by
the recursion of Ogata 1981 / Ozaki 1979, "Maximum likelihood estimation of Hawkes' self-exciting point
processes", Ann. Inst. Statist. Math. 31, 145-155.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel

Floats = npt.NDArray[np.float64]

FEWEST_EVENTS = 10


@dataclass(frozen=True)
class HawkesFit:
    """The most likely process, with standard errors from the curvature of the likelihood.

    Attributes
    ----------
    base_per_s, branching, decay_per_s
        Rate of events without cause among the events, mean number caused directly by one, inverse mean delay.
    base_error, branching_error, decay_error
        Standard errors; nan where the likelihood has no maximum inside the bounds.
    log_likelihood
        At the maximum.
    events
        Number of events.
    """

    base_per_s: float
    branching: float
    decay_per_s: float
    base_error: float
    branching_error: float
    decay_error: float
    log_likelihood: float
    events: int


@kernel
def log_likelihood(times: Floats, end_s: float, base: float, branching: float, decay: float) -> float:
    """Return the log-likelihood of events at ``times`` (rising) on ``[0, end_s]``."""
    total = -base * end_s
    memory = 0.0
    for k in range(len(times)):
        if k > 0:
            memory = (memory + 1.0) * np.exp(-decay * (times[k] - times[k - 1]))
        total += np.log(base + branching * decay * memory)
        total += branching * np.expm1(-decay * (end_s - times[k]))
    return total


def fit_hawkes(times: npt.ArrayLike, end_s: float) -> HawkesFit:
    """Return the most likely exponential Hawkes process.

    Parameters
    ----------
    times
        Event times in seconds on ``[0, end_s]``, in any order. Events at one time excite each other only by
        their order: spread out times that a clock has rounded.
    end_s
        End of the observation.

    Raises
    ------
    ValueError
        With fewer than `FEWEST_EVENTS` events, or times outside the observation.
    """
    from scipy.optimize import minimize

    ordered = np.sort(np.asarray(times, np.float64))
    if len(ordered) < FEWEST_EVENTS:
        raise ValueError(f"times: {len(ordered)} events; at least {FEWEST_EVENTS} are needed")
    if not 0.0 <= ordered[0] <= ordered[-1] <= end_s:
        raise ValueError(f"times: events must be from 0 to {end_s} s")
    rate = len(ordered) / end_s

    def loss(logs: Floats) -> float:
        base, branching, decay = np.exp(logs)
        return -float(log_likelihood(ordered, end_s, base, branching, decay))

    box = [(np.log(rate) - 12, np.log(rate) + 2), (-12.0, 1.0), (np.log(rate) - 8, np.log(rate) + 8)]
    starts = [np.log([0.5 * rate, 0.5, rate * speed]) for speed in (0.2, 5.0)]
    found = min((minimize(loss, x, method="L-BFGS-B", bounds=box) for x in starts), key=lambda each: each.fun)
    values = np.exp(found.x)
    errors = values * _errors(loss, found.x)
    base, branching, decay = (float(value) for value in values)
    base_error, branching_error, decay_error = (float(error) for error in errors)
    return HawkesFit(
        base, branching, decay, base_error, branching_error, decay_error, -float(found.fun), len(ordered)
    )


def _errors(loss: Callable[[Floats], float], best: Floats, step: float = 1e-3) -> Floats:
    size = len(best)
    shifts = step * np.eye(size)
    curvature = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            a, b = shifts[i], shifts[j]
            corners = loss(best + a + b) - loss(best + a - b) - loss(best - a + b) + loss(best - a - b)
            curvature[i, j] = corners / (4 * step**2)
    try:
        variance = np.diag(np.linalg.inv(curvature))
    except np.linalg.LinAlgError:
        return np.full(size, np.nan)
    return np.sqrt(np.where(variance > 0, variance, np.nan))


def simulate_hawkes(
    base_per_s: float, branching: float, decay_per_s: float, end_s: float, rng: np.random.Generator
) -> Floats:
    """Return the event times of one path on ``[0, end_s]``, by generations (Hawkes and Oakes 1974).

    Nothing has happened before 0, so that the first events are a little rarer than later ones.
    """
    if not 0.0 <= branching < 1.0:
        raise ValueError(f"branching is {branching}; it must be from 0 to below 1")
    generation = rng.uniform(0.0, end_s, rng.poisson(base_per_s * end_s))
    every = [generation]
    while len(generation):
        parents = np.repeat(generation, rng.poisson(branching, len(generation)))
        generation = parents + rng.exponential(1.0 / decay_per_s, len(parents))
        generation = generation[generation <= end_s]
        every.append(generation)
    return np.sort(np.concatenate(every))


def fano_factor(times: npt.ArrayLike, end_s: float, window_s: float) -> float:
    """Return variance over mean of the counts in windows; ``1 / (1 - branching)^2`` for long ones."""
    counts = np.histogram(times, np.arange(0.0, end_s + 1e-9, window_s))[0]
    return float(counts.var(ddof=1) / counts.mean())
