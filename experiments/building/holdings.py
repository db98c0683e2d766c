"""Sharing out amounts among the members of a population, and giving them spot to hold."""

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from experiments.building.stage import Floor


def fill_by_instrument(
    table: Records, column: str, size: npt.NDArray[np.float64], total: npt.NDArray[np.float64]
) -> None:
    """Write ``size`` into ``column``, scaled so that each instrument's rows sum to ``total[instrument]``."""
    for i in np.unique(table["instrument"]):
        mine = table["instrument"] == i
        table[column][mine] = size[mine] / size[mine].sum() * total[i]


def grant_spot(
    floor: Floor,
    accounts: npt.NDArray[np.int32],
    instruments: npt.NDArray[np.integer],
    usd: npt.NDArray[np.float64],
) -> None:
    """Issue spot holdings worth ``usd`` at the initial price."""
    ledger = floor.exchange.ledger
    for i in np.unique(instruments):
        mine = instruments == i
        lots = (usd[mine] / (floor.price[i] * ledger.instruments["lot"][i])).astype(np.int64)
        ledger.issue(int(i), accounts[mine], lots)
