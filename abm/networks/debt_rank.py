"""DebtRank: distress that travels before anybody defaults.

Battiston, Puliga, Kaushik, Tasca and Caldarelli 2012, "DebtRank: too central to fail?", Scientific Reports
2, 541 (an institution hands its distress on once); Bardoscia, Battiston, Caccioli and Caldarelli 2015,
"DebtRank: a microscopic foundation for shock propagation", PLoS ONE 10, e0130406 (and every further loss).
Distress is the share of equity that is lost, from 0 to 1. ``impact[i, j]`` is the share of ``j``'s equity
that is lost when ``i`` loses all of its own.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from abm.compiled import kernel
from abm.networks.exposures import Exposures, Table, csr_table

Floats = npt.NDArray[np.float64]

TOLERANCE = 1e-12
MOST_ROUNDS = 1_000_000


def impact_of(network: Exposures, equity: npt.ArrayLike) -> Table:
    """Return what each owes to each over the creditor's equity, at most 1.

    Raises
    ------
    ValueError
        If an equity is not above 0.
    """
    own = np.array(np.broadcast_to(np.asarray(equity, np.float64), (network.institutions,)))
    for k in np.flatnonzero(~(own > 0.0))[:1]:
        raise ValueError(f"equity of {network.names[k]} is {own[k]}; it must be above 0")
    shares = csr_table(network.owed @ sparse.diags_array(1.0 / own))
    shares.data = np.minimum(shares.data, 1.0)
    return shares


def debt_rank_once(impact: "npt.ArrayLike | sparse.sparray", distress: npt.ArrayLike) -> Floats:
    """Return the final distress by the rule of 2012: each hands on once, in the round after its first loss.

    Parameters
    ----------
    impact
        See `impact_of`, shape ``(institutions, institutions)``.
    distress
        First distress of each, from 0 to 1.
    """
    table, h = _checked(impact, distress)
    turn = h > 0.0
    done = np.zeros(len(h), np.bool_)
    while turn.any():
        new = np.minimum(1.0, h + table.T @ np.where(turn, h, 0.0))
        done |= turn
        turn = (new > 0.0) & ~done
        h = new
    return h


def debt_rank(impact: "npt.ArrayLike | sparse.sparray", distress: npt.ArrayLike) -> Floats:
    """Return the final distress by the rule of 2015: every loss is handed on, until equity is gone.

    ``h_j(t + 1) = min(1, h_j(t) + sum_i impact[i, j] (h_i(t) - h_i(t - 1)))``.
    """
    table, h = _checked(impact, distress)
    if not hand_on(h, table.indptr, table.indices, table.data, TOLERANCE, MOST_ROUNDS):
        raise ArithmeticError(f"DebtRank: no limit after {MOST_ROUNDS} rounds")
    return h


@kernel
def hand_on(
    distress: Floats,
    start: npt.NDArray[np.int32],
    creditors: npt.NDArray[np.int32],
    impact: Floats,
    tolerance: float,
    rounds: int,
) -> bool:
    """Let every rise of distress be handed on until none is above ``tolerance``; tell whether that came.

    Parameters
    ----------
    distress
        Of each institution; rewritten.
    start, creditors, impact
        Whom the distress of each reaches, and with what impact, in compressed sparse rows.
    rounds
        Largest number of rounds.
    """
    n = len(distress)
    rise, reached = np.empty(n), np.zeros(n)
    for j in range(n):
        rise[j] = distress[j]
    for _ in range(rounds):
        for i in range(n):
            for k in range(start[i], start[i + 1]):
                reached[creditors[k]] += impact[k] * rise[i]
        largest = 0.0
        for j in range(n):
            new = min(1.0, distress[j] + reached[j])
            reached[j] = 0.0
            rise[j] = new - distress[j]
            distress[j] = new
            largest = max(largest, rise[j])
        if largest <= tolerance:
            return True
    return False


def rank_of(final: npt.ArrayLike, first: npt.ArrayLike, value: npt.ArrayLike) -> float:
    """Return DebtRank itself: the share of economic value in distress beyond the first shock.

    ``sum_j (h_j - h_j(0)) v_j / sum_j v_j`` for values ``v``.
    """
    worth = np.asarray(value, np.float64)
    return float(((np.asarray(final) - np.asarray(first)) * worth).sum() / worth.sum())


def _checked(impact: "npt.ArrayLike | sparse.sparray", distress: npt.ArrayLike) -> tuple[Table, Floats]:
    table = csr_table(impact)
    h = np.array(distress, np.float64)
    if table.shape != (len(h), len(h)):
        raise ValueError(f"impact has shape {table.shape}; {len(h)} rows and columns are needed")
    if not ((h >= 0.0) & (h <= 1.0)).all():
        raise ValueError(f"distress is {h.tolist()}; it must be from 0 to 1")
    if not (table.data >= 0.0).all():
        raise ValueError("impact: shares of equity must be 0 or more")
    return table, h
