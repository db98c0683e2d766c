"""Who owns which accounts, on one exchange or several, and what an owner holds against a position."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from abm.venues.exchange import Exchange

Account = tuple[int, int]
"""Place of the exchange, and row in its ledger."""

HEDGE_SHARE = 0.5
"""An opposite leg counts when it is at least this share of what was closed."""


class Owners:
    """Accounts that belong together; an account that was never joined to others stands alone."""

    def __init__(self) -> None:
        self._group: dict[Account, tuple[Account, ...]] = {}

    def join(self, accounts: Iterable[Account]) -> None:
        """Note that ``accounts`` belong to one owner."""
        group = tuple((int(place), int(row)) for place, row in accounts)
        self._group |= dict.fromkeys(group, group)

    def accounts(self, account: Account) -> tuple[Account, ...]:
        """Return all accounts of the owner of ``account``."""
        return self._group.get(account, (account,))

    def held_against(
        self, exchanges: Sequence["Exchange"], account: Account, instrument: int, side: int, lots: int
    ) -> bool:
        """Tell whether an owner who was closed in ``instrument`` holds an opposite leg in the same coin.

        Parameters
        ----------
        exchanges
            All exchanges, in order.
        account, instrument
            Whose position was closed, and in what.
        side
            +1 when a long was closed, -1 when a short was.
        lots
            How much was closed.

        Returns
        -------
        bool
            Whether everything else held of the coin, on all exchanges, goes the other way by at least
            `HEDGE_SHARE` of what was closed.
        """
        table = exchanges[account[0]].table
        asset = table["asset"][instrument]
        elsewhere = 0.0
        for place, row in self.accounts(account):
            there = exchanges[place]
            units = there.ledger.position[:, row] * there.table["lot"]
            same: npt.NDArray[np.bool_] = there.table["asset"] == asset
            if (place, row) == account:
                same = same & (np.arange(len(units)) != instrument)
            elsewhere += float(units[same].sum())
        return -side * elsewhere >= HEDGE_SHARE * lots * float(table["lot"][instrument])
