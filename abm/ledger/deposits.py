"""Money that comes from outside an exchange, for kernels: as `Ledger.deposit` and `Ledger.move_margin` do."""

from abm.compiled import kernel
from abm.ledger.accounts import OUTSIDE
from abm.ledger.settlement import Amounts


@kernel
def pay_in(cash: Amounts, account: int, amount: int) -> None:
    """Pay ``amount`` millionths of the settlement unit from `OUTSIDE` into an account, zero or more."""
    cash[0, OUTSIDE] -= amount
    cash[0, account] += amount


@kernel
def add_margin(cash: Amounts, isolated_margin: Amounts, instrument: int, account: int, amount: int) -> None:
    """Move ``amount`` millionths of an account's cash behind its open isolated position."""
    cash[0, account] -= amount
    isolated_margin[instrument, account] += amount
