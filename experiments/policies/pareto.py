"""Which of several choices are not worse than another one in everything."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

HIGHER_IS_BETTER = frozenset(
    {
        "recovery_share_1h",
        "recovery_share_1d",
        "recovery_share_3d",
        "recovery_share_median_1_24h",
        "depth_refilled_100min",
        "first_leg_given_back",
        "insurance_fund_change",
        "open_interest_change",
        "collateral_lowest",
        "basis_minimum",
        "funding_minimum",
        "rebound_after_outage",
    }
)
"""Metrics of which more is better; of all others less."""


def non_dominated(losses: Floats) -> npt.NDArray[np.bool_]:
    """Tell which rows no other row dominates: nowhere larger and somewhere smaller.

    Parameters
    ----------
    losses
        Shape ``(choices, objectives)``, less is better. A row with a value that is not finite is dominated.
    """
    kept: npt.NDArray[np.bool_] = np.asarray(np.isfinite(losses).all(axis=1), np.bool_)
    for row in np.flatnonzero(kept):
        others = losses[kept]
        if ((others <= losses[row]).all(axis=1) & (others < losses[row]).any(axis=1)).any():
            kept[row] = False
    return kept


def as_losses(values: Floats, metrics: Sequence[str]) -> Floats:
    """Return values with the sign turned where more is better, shape ``(choices, objectives)``."""
    signs = np.array([-1.0 if name.partition("@")[0] in HIGHER_IS_BETTER else 1.0 for name in metrics])
    return values * signs
