"""The ledger: one column for each quantity, one row of an account in every column."""

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.compiled import for_kernels
from abm.instruments import PERPETUAL, SPOT
from abm.ledger.accounts import FIRST_TRADER, OUTSIDE
from abm.ledger.settlement import Amounts, Small, settle_fills, transfer_position


class Ledger:
    """Cash, positions and margin of all accounts of one exchange.

    Parameters
    ----------
    instruments
        Table of instruments (`abm.instruments.instrument_table`); kept in the form that kernels take.
    accounts
        Number of account rows, the reserved ones of `abm.ledger.accounts` included.
    assets
        Number of cash assets; asset 0 is the settlement unit in which all instruments settle.
    position
        Positions shared with the order books, int64 ``(instruments, accounts)``; made here when not given.

    Attributes
    ----------
    cash
        int64 ``(assets, accounts)``, millionths: the cross-margin wallet, without isolated margin.
    position
        int64 ``(instruments, accounts)``, signed lots; holdings for spot instruments.
    entry_value
        int64 ``(instruments, accounts)``, millionths: signed lots times average entry price (perpetuals).
    isolated_margin
        int64 ``(instruments, accounts)``, millionths set aside for an isolated position, never negative.
    leverage
        int16 ``(instruments, accounts)``, chosen leverage; initial margin is value over leverage.
    isolated
        int8 ``(instruments, accounts)``, 1 when the position is margined on its own.
    realised_pnl
        int64 ``(accounts,)``, millionths, sum of realised profit of perpetuals before fees and funding.
    issued
        int64 ``(instruments,)``, lots of each spot instrument ever issued by `issue`.
    perpetual
        bool ``(instruments,)``, which instruments are perpetuals.

    Raises
    ------
    ValueError
        If there is no room for the reserved accounts, or ``position`` has another shape or type.
    """

    def __init__(
        self, instruments: Records, accounts: int, assets: int = 1, position: Amounts | None = None
    ) -> None:
        shape = (len(instruments), accounts)
        if accounts < FIRST_TRADER:
            raise ValueError(f"accounts is {accounts}; the reserved rows alone need {FIRST_TRADER}")
        if assets < 1:
            raise ValueError(f"assets is {assets}; asset 0, the settlement unit, is needed")
        if position is not None and (position.shape != shape or position.dtype != np.int64):
            raise ValueError(f"position is {position.dtype} {position.shape}; int64 {shape} is needed")
        self.instruments: Records = for_kernels(instruments)
        self.perpetual: npt.NDArray[np.bool_] = np.asarray(instruments["kind"]) == PERPETUAL
        self.cash: Amounts = np.zeros((assets, accounts), np.int64)
        self.position: Amounts = np.zeros(shape, np.int64) if position is None else position
        self.entry_value: Amounts = np.zeros(shape, np.int64)
        self.isolated_margin: Amounts = np.zeros(shape, np.int64)
        self.leverage: Small = np.ones(shape, np.int16)
        self.isolated: Small = np.zeros(shape, np.int8)
        self.realised_pnl: Amounts = np.zeros(accounts, np.int64)
        self.issued: Amounts = np.zeros(len(instruments), np.int64)

    @property
    def accounts(self) -> int:
        """Number of account rows."""
        return self.cash.shape[1]

    def transfer(self, asset: int, source: int, target: int, amount: int) -> None:
        """Move ``amount`` millionths of ``asset`` from one account to another.

        Raises
        ------
        ValueError
            If the amount is negative.
        """
        if amount < 0:
            raise ValueError(f"amount is {amount}; a transfer moves zero or more (swap source and target)")
        self.cash[asset, source] -= amount
        self.cash[asset, target] += amount

    def deposit(self, account: int | slice | Amounts, amount: int | Amounts, asset: int = 0) -> None:
        """Pay ``amount`` millionths from `OUTSIDE` into one account, or amounts into distinct accounts.

        Raises
        ------
        ValueError
            If an amount is negative.
        """
        if np.any(np.less(amount, 0)):
            raise ValueError(f"amount is {np.min(amount)}; deposits are zero or more")
        before = int(self.cash[asset].sum())
        self.cash[asset, account] += amount
        self.cash[asset, OUTSIDE] -= int(self.cash[asset].sum()) - before

    def withdraw(self, account: int, amount: int, asset: int = 0) -> None:
        """Pay ``amount`` millionths out of one account to `OUTSIDE`.

        Raises
        ------
        ValueError
            If the amount is negative.
        """
        self.transfer(asset, account, OUTSIDE, amount)

    def issue(self, instrument: int, account: int | slice | Amounts, lots: int | Amounts) -> None:
        """Give new lots of a spot instrument to one account, or to several distinct accounts.

        Raises
        ------
        ValueError
            If the instrument is not spot, or lots are negative.
        """
        if self.instruments["kind"][instrument] != SPOT:
            raise ValueError(f"instrument {instrument} is a perpetual; only spot holdings are issued")
        if np.any(np.less(lots, 0)):
            raise ValueError(f"lots is {np.min(lots)}; issued lots are zero or more")
        before = int(self.position[instrument].sum())
        self.position[instrument, account] += lots
        self.issued[instrument] += int(self.position[instrument].sum()) - before

    def settle(self, fills: Records) -> None:
        """Settle a fill table, in order (`abm.ledger.settlement.settle_fills`)."""
        settle_fills(
            for_kernels(fills), self.instruments, self.cash, self.entry_value,
            self.isolated_margin, self.leverage, self.isolated, self.realised_pnl,
        )  # fmt: skip

    def position_transfer(self, instrument: int, seller: int, buyer: int, lots: int, price: int) -> None:
        """Trade ``lots`` of a perpetual at ``price`` ticks off the book, without fees.

        Raises
        ------
        ValueError
            If the instrument is spot, lots or price are not positive, or both accounts are the same.
        """
        if self.instruments["kind"][instrument] == SPOT:
            raise ValueError(f"instrument {instrument} is spot; only perpetual positions are transferred")
        if lots < 1 or price < 1 or seller == buyer:
            raise ValueError(f"cannot transfer {lots} lots at {price} ticks from {seller} to {buyer}")
        unit = price * int(self.instruments["tick_lot_value"][instrument])
        transfer_position(
            instrument, seller, buyer, lots, unit, self.position, self.cash, self.entry_value,
            self.isolated_margin, self.leverage, self.isolated, self.realised_pnl,
        )  # fmt: skip

    def move_margin(self, instrument: int, account: int, amount: int) -> None:
        """Move cash into the isolated margin of an open position (negative: back into cash).

        Raises
        ------
        ValueError
            If the position is not isolated and open, or the source does not hold the amount.
        """
        held = int(self.isolated_margin[instrument, account])
        if not self.isolated[instrument, account] or not self.position[instrument, account]:
            raise ValueError(f"account {account} has no open isolated position in instrument {instrument}")
        if amount > self.cash[0, account] or -amount > held:
            raise ValueError(
                f"cannot move {amount}: cash is {self.cash[0, account]}, isolated margin is {held}"
            )
        self.cash[0, account] -= amount
        self.isolated_margin[instrument, account] += amount
