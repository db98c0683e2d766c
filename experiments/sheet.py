"""Metrics of one run while they are being taken, with the reason for each that cannot be."""

import math


class Sheet:
    """Names, values and reasons.

    Attributes
    ----------
    values
        Metric -> value; nan when undefined, infinity when it lies beyond the end of the run.
    reasons
        Metric that is not finite -> why, in words.
    """

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.reasons: dict[str, str] = {}

    def put(self, name: str, value: float, reason: str = "undefined") -> None:
        """Note ``value``; when it is not finite, also why."""
        self.values[name] = float(value)
        if not math.isfinite(value):
            self.reasons[name] = reason

    def ratio(self, name: str, above: float, below: float, reason: str) -> None:
        """Note ``above / below``, or that it is undefined because ``below`` is not positive."""
        self.put(name, above / below if below > 0.0 else math.nan, reason)
