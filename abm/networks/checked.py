"""Numbers that must lie within bounds: one clear error where they do not."""

import math


def checked_tone(tone: float) -> float:
    """Return ``tone``, or raise ValueError when it is not from -1 to 1."""
    if not -1.0 <= tone <= 1.0:
        raise ValueError(f"tone is {tone}; it must be from -1 to 1")
    return tone


def checked_share(name: str, value: float) -> float:
    """Return ``value``, or raise ValueError when it is not from 0 to 1."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} is {value}; it must be from 0 to 1")
    return value


def checked_rate(name: str, value: float) -> float:
    """Return ``value``, or raise ValueError when it is not a finite number of 0 or more."""
    if not 0.0 <= value < math.inf:
        raise ValueError(f"{name} is {value}; it must be 0 or more")
    return value
