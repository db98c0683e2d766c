"""Defaults one after the other, each at a stated loss: what happens before anything is cleared.

Gai and Kapadia 2010, "Contagion in financial networks", Proc. R. Soc. A 466, 2401-2423 (nothing is
recovered); Furfine 2003 for a recovery above zero. A creditor fails once its losses exceed its capital.
"""

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel
from abm.networks.checked import checked_share
from abm.networks.exposures import Exposures

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@kernel
def default_losses(
    failed: Flags,
    loss: Floats,
    start: npt.NDArray[np.int32],
    creditors: npt.NDArray[np.int32],
    amounts: Floats,
    capital: Floats,
    lost_share: float,
) -> int:
    """Let defaults spread; return how many have failed.

    Parameters
    ----------
    failed
        Who fails at first; rewritten.
    loss
        Losses of each on claims; added to.
    start, creditors, amounts
        What each institution owes to whom, in compressed sparse rows.
    capital
        Loss that each can bear.
    lost_share
        Share of a claim on a failed institution that is lost.
    """
    queue = np.empty(len(failed), np.int64)
    filled = 0
    for v in range(len(failed)):
        if failed[v]:
            queue[filled] = v
            filled += 1
    done = 0
    while done < filled:
        v = queue[done]
        done += 1
        for k in range(start[v], start[v + 1]):
            u = creditors[k]
            loss[u] += lost_share * amounts[k]
            if not failed[u] and loss[u] > capital[u] + 1e-12 * abs(capital[u]):
                failed[u] = True
                queue[filled] = u
                filled += 1
    return filled


def default_cascade(
    network: Exposures, capital: npt.ArrayLike, first: npt.ArrayLike, recovered: float = 0.0
) -> tuple[Flags, Floats]:
    """Return who fails in the end, and everybody's losses on claims.

    Parameters
    ----------
    capital
        Loss that each can bear, in the unit of the network; a loss equal to it is borne.
    first
        Numbers of those that fail at first.
    recovered
        Share of a claim on a failed institution that is paid all the same.
    """
    n = network.institutions
    failed = np.zeros(n, np.bool_)
    failed[np.asarray(first, np.int64)] = True
    loss = np.zeros(n)
    bearable = np.array(np.broadcast_to(np.asarray(capital, np.float64), (n,)))
    lost = 1.0 - checked_share("recovered", recovered)
    table = network.owed
    default_losses(
        failed,
        loss,
        table.indptr.astype(np.int32, copy=False),
        table.indices.astype(np.int32, copy=False),
        table.data,
        bearable,
        lost,
    )
    return failed, loss
