"""How a loss that nobody can pay is spread over others."""

import numpy as np
import numpy.typing as npt

from abm.rules.adl_candidates import Amounts

DRIFT_PRECISION = 1e-6


def scaled_gains(gains: npt.ArrayLike, collected: int) -> Amounts:
    """Return what winners receive when only ``collected`` came in from losers, whole units.

    Vega (specs@5fea1f3e, 0002-STTL; core features "loss socialization", 2023): each gets ``gain * collected /
    sum(gains)`` rounded down; what rounding leaves goes to the winner with the largest gain. More than the
    gains is never paid.
    """
    owed = np.asarray(gains, np.int64)
    if len(owed) and owed.min() < 0:
        raise ValueError(f"gains has {owed.min()}; it must be zero or more")
    target = int(owed.sum())
    if collected >= target:
        return owed.copy()
    paid = np.array([int(gain) * max(collected, 0) // target for gain in owed], np.int64)
    paid[int(np.argmax(owed))] += max(collected, 0) - int(paid.sum())
    return paid


def drift_loss_per_unit(loss: float, long_interest: float, short_interest: float) -> float:
    """Return the loss per unit of open interest that Drift adds to both sides' cumulative funding.

    ``loss / (|long| + |short|)`` rounded up at `DRIFT_PRECISION`, so that the market never keeps a hole; zero
    without open interest. Longs pay by a higher, shorts by a lower cumulative rate. Source:
    drift-labs/protocol-v2@0ae3e3b1, math/liquidation.rs, calculate_funding_rate_deltas_to_resolve_bankruptcy.
    """
    interest = abs(long_interest) + abs(short_interest)
    if interest == 0.0:
        return 0.0
    steps = abs(loss) / interest / DRIFT_PRECISION
    nearest = round(steps)
    whole = nearest if abs(steps - nearest) < 1e-9 * max(1.0, steps) else int(np.ceil(steps))
    return whole * DRIFT_PRECISION


def mango_loss_per_lot(loss: float, open_interest: float) -> tuple[float, float]:
    """Return Mango's changes of cumulative long and short funding, per lot of open interest.

    With ``x = loss / open_interest`` and ``loss <= 0``, long funding changes by ``-x`` and short funding by
    ``+x``; open interest counts the lots of both sides, and without any nothing is charged. Source:
    blockworks-foundation/mango-v4@1303a4a1, state/perp_market.rs, socialize_loss.
    """
    if loss > 0.0:
        raise ValueError(f"loss is {loss}; it must be zero or negative")
    per_lot = loss / open_interest if open_interest > 0.0 else 0.0
    return -per_lot, per_lot
