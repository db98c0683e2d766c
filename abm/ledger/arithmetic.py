"""Exact integer shares and percentages of money, with the direction of rounding in the name."""

import math
from typing import Any

import numpy as np

from abm.compiled import kernel

_MILLION = 1_000_000
_EXACT_LOTS = 3_000_000_000  # below this a product of two lot counts fits into 64 bits


@kernel
def wide(value: int) -> Any:
    """Return ``value`` as a 64-bit integer: kernels that get nothing else are compiled once."""
    return np.int64(value)


@kernel
def ceil_per_million(value: int, ppm: int) -> int:
    """Return ``value * ppm / 1e6`` rounded toward plus infinity, without overflow for values up to 1e16."""
    millions = value // _MILLION
    return millions * ppm + ((value - millions * _MILLION) * ppm + _MILLION - 1) // _MILLION


@kernel
def floor_share(total: int, part: int, whole: int) -> int:
    """Return ``total * part / whole`` rounded toward minus infinity, with ``0 <= part <= whole`` > 0.

    Exact for ``whole`` below 3e9 (lots of one position); above that within one unit. ``part == whole`` always
    returns ``total``.
    """
    quotient = total // whole
    remainder = total - quotient * whole
    if part == whole:
        return total
    if whole < _EXACT_LOTS:
        return quotient * part + remainder * part // whole
    return quotient * part + math.floor(remainder * (part / whole))


@kernel
def ceil_share(total: int, part: int, whole: int) -> int:
    """Return ``total * part / whole`` rounded toward plus infinity; see `floor_share`."""
    return -floor_share(-total, part, whole)
