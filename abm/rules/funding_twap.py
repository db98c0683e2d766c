"""Hourly funding from time-weighted prices, balanced by a fee pool.

Drift (controller/funding.rs, math/funding.rs at 0ae3e3b1): ``F = clamp(mark TWAP - oracle TWAP + oracle TWAP
/ 5000) / 24`` in quote per base unit, an hour. What payers pay and receivers get need not match: the pool
takes a surplus, and pays a shortfall up to a third of what it holds; beyond that receivers get less. So the
rates of longs and shorts may differ.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
OFFSET_DIVISOR = 5_000.0


def twap_funding_rate(
    mark_twap: npt.ArrayLike, oracle_twap: npt.ArrayLike, bound: npt.ArrayLike = np.inf
) -> Floats:
    """Return quote per base unit that longs pay for an hour; 0 where a price is unknown.

    ``bound`` limits the size of the daily spread, in quote per base unit; it differs between markets.
    """
    mark, oracle = np.asarray(mark_twap, np.float64), np.asarray(oracle_twap, np.float64)
    largest = np.asarray(bound, np.float64)
    spread: Floats = np.clip(mark - oracle + oracle / OFFSET_DIVISOR, -largest, largest)
    return np.nan_to_num(spread / 24.0)


def rates_within_pool(
    rate: npt.ArrayLike,
    long_base: npt.ArrayLike,
    short_base: npt.ArrayLike,
    fee_pool: npt.ArrayLike,
    share: float = 1.0 / 3.0,
) -> tuple[Floats, Floats]:
    """Return what a unit of longs pays and a unit of shorts gets, quote; negative the other way round.

    Parameters
    ----------
    rate
        Quote per base unit, positive where longs pay.
    long_base, short_base
        Size of each side, base units, zero or more.
    fee_pool
        What the pool holds, quote.
    share
        Part of the pool that one payment may draw.
    """
    full, held = np.asarray(rate, np.float64), np.asarray(fee_pool, np.float64)
    long, short = np.asarray(long_base, np.float64), np.asarray(short_base, np.float64)
    payers, receivers = np.where(full > 0.0, long, short), np.where(full > 0.0, short, long)
    owed = np.abs(full) * receivers
    funds = np.abs(full) * payers + share * np.maximum(held, 0.0)
    cut = np.divide(funds, owed, out=np.ones(np.broadcast(funds, owed).shape), where=owed > funds)
    received = full * cut
    return np.where(full > 0.0, full, received), np.where(full > 0.0, received, full)
