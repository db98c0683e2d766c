"""How fast a liquidation may go: slices with a cooldown, a share that grows with time, limits per block.

Without such limits an engine sells every breached position in one step.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
NEVER = -(2**62)
SECOND = 1_000_000_000


def slice_notional(
    notional: npt.ArrayLike,
    in_cooldown: npt.ArrayLike,
    large_above: float = 100_000.0,
    share: float = 0.2,
) -> Floats:
    """Return the notional of the next liquidation order, Hyperliquid's rule.

    A position above 100,000 USDC is first offered by a fifth; the orders of the 30 seconds that follow are
    for the whole position, as is the order of a smaller one. Source: hyperliquid gitbook "liquidations", read
    2026.
    """
    value = np.abs(np.asarray(notional, np.float64))
    return np.where((value > large_above) & ~np.asarray(in_cooldown, bool), value * share, value)


def in_cooldown(
    now_ns: npt.ArrayLike, last_slice_ns: npt.ArrayLike, seconds: float = 30.0
) -> npt.NDArray[np.bool_]:
    """Tell whether a partial liquidation is less than ``seconds`` ago; pass `NEVER` where there was none."""
    since = np.asarray(now_ns, np.int64) - np.asarray(last_slice_ns, np.int64)
    return np.asarray(since < round(seconds * SECOND))


def share_by_time(
    shortage: npt.ArrayLike,
    slots: npt.ArrayLike,
    initial_share: float = 0.1,
    duration_slots: float = 150.0,
    freed: npt.ArrayLike = 0.0,
    small_below: float = 50.0,
) -> Floats:
    """Return the share of a margin shortage that may be cured now, Drift's rule.

    The whole of a shortage below 50 dollars; otherwise ``initial + slots / duration`` of shortage and margin
    already freed, less what was freed. Source: drift-labs/protocol-v2 0ae3e3b1 ``math/liquidation.rs``,
    ``calculate_max_pct_to_liquidate`` (a slot is 0.4 s; initial share and duration are market settings).

    Parameters
    ----------
    shortage, freed
        Margin that is missing now, and margin freed since the liquidation began, dollars.
    slots
        Slots since then.
    """
    missing, done = np.asarray(shortage, np.float64), np.asarray(freed, np.float64)
    ramp = np.asarray(slots) / duration_slots if duration_slots > 0 else np.ones(np.shape(slots))
    freeable = np.maximum((missing + done) * np.minimum(ramp + initial_share, 1.0) - done, 0.0)
    share = np.divide(freeable, missing, out=np.ones(np.shape(freeable)), where=missing > 0)
    return np.where(missing < small_below, 1.0, share)


def block_limits(
    notional: npt.ArrayLike, minimum: npt.ArrayLike, portion_ppm: npt.ArrayLike
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the least and the most notional of a position that one block may liquidate, quote quantums.

    dYdX v4: ``least = min(notional, minimum)``, ``most = max(least, notional * portion)`` rounded down.
    Source: v4-chain 84d4664b ``GetMaxAndMinPositionNotionalLiquidatable``.
    """
    value, portion = np.abs(np.asarray(notional, np.int64)), np.asarray(portion_ppm, np.int64)
    least = np.minimum(value, np.asarray(minimum, np.int64))
    most = value // 1_000_000 * portion + value % 1_000_000 * portion // 1_000_000
    return least, np.maximum(least, most)


def block_remainder(limit: npt.ArrayLike, used: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return what is left of a block's limit on a subaccount's notional or fund loss (dYdX), at least 0."""
    left: npt.NDArray[np.int64] = np.maximum(np.asarray(limit, np.int64) - np.asarray(used, np.int64), 0)
    return left
