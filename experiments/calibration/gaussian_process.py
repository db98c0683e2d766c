"""Regression by a Gaussian process (Rasmussen and Williams 2006, chapters 2, 5), for some hundred points."""

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular

from experiments.minutes import Floats

LENGTHS = (0.2, 0.4, 0.8, 1.6)
NOISES = (0.02, 0.1, 0.3, 0.6, 0.9)


class GaussianProcess:
    """A constant plus a smooth function plus noise, seen at some points of the unit cube.

    The kernel is v (1 - n) exp(-d^2 / (2 l^2)) with noise v n; v is the sample variance, and length l and
    noise share n are those of `LENGTHS` and `NOISES` with the largest marginal likelihood.

    Parameters
    ----------
    points, values
        Shapes ``(points, dimensions)`` and ``(points,)``; values must differ.
    """

    def __init__(self, points: Floats, values: Floats) -> None:
        self.points = points
        self.mean, self.scale = float(values.mean()), float(values.std())
        target = (values - self.mean) / self.scale
        squares = _squares(points, points)
        fits = [self._fit(squares, target, length, noise) for length in LENGTHS for noise in NOISES]
        _, self.length, self.noise, self._root, self._weights = max(fits, key=lambda fit: fit[0])

    @staticmethod
    def _fit(
        squares: Floats, target: Floats, length: float, noise: float
    ) -> tuple[float, float, float, Floats, Floats]:
        kernel = (1.0 - noise) * np.exp(-0.5 * squares / length**2) + noise * np.eye(len(target))
        root = cholesky(kernel + 1e-8 * np.eye(len(target)), lower=True)
        weights = cho_solve((root, True), target)
        likelihood = -0.5 * float(target @ weights) - float(np.log(np.diag(root)).sum())
        return likelihood, length, noise, root, weights

    def at(self, where: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of the function (without noise) at points ``where``."""
        between = (1.0 - self.noise) * np.exp(-0.5 * _squares(where, self.points) / self.length**2)
        mean = self.mean + self.scale * (between @ self._weights)
        explained = solve_triangular(self._root, between.T, lower=True)
        variance = np.maximum(1.0 - self.noise - (explained**2).sum(axis=0), 0.0)
        return mean, self.scale * np.sqrt(variance)


def _squares(one: Floats, other: Floats) -> Floats:
    """Return squared distances, shape ``(len(one), len(other))``."""
    return np.asarray(((one[:, None, :] - other[None, :, :]) ** 2).sum(axis=2), dtype=np.float64)
