"""The accounts that auto-deleveraging may close, as columns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Amounts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Candidates:
    """Positions on one side of one instrument, one row for each account.

    Money is in units of the settlement asset (Binance's score has a floor of one unit).

    Parameters
    ----------
    side
        +1 when the candidates are long (they face a bankrupt short), -1 when they are short.
    lots
        Size, positive, whole lots.
    entry_value, mark_value
        Notional at entry and at the mark, positive.
    equity
        What backs the position: the whole account's value in cross margin, wallet plus profit of the
        position when isolated.
    wallet
        The same without unrealised profit.
    maintenance
        Maintenance margin of what is backed by `equity`.

    Raises
    ------
    ValueError
        Another side, columns of different length, or a negative size or notional.
    """

    side: int
    lots: Amounts
    entry_value: Floats
    mark_value: Floats
    equity: Floats
    wallet: Floats
    maintenance: Floats

    def __post_init__(self) -> None:
        if self.side not in (1, -1):
            raise ValueError(f"side is {self.side}; allowed: 1, -1")
        if np.asarray(self.lots).dtype.kind not in "iu":
            raise ValueError(f"lots is of type {np.asarray(self.lots).dtype}; it must be whole lots")
        for name in ("lots", "entry_value", "mark_value", "equity", "wallet", "maintenance"):
            kind: Any = np.int64 if name == "lots" else np.float64
            column = np.asarray(getattr(self, name), kind)
            if column.shape != (len(self.lots),):
                raise ValueError(f"{name} has shape {column.shape}; it must be ({len(self.lots)},) like lots")
            if name in ("lots", "entry_value", "mark_value") and len(column) and column.min() < 0:
                raise ValueError(f"{name} has {column.min()}; it must be zero or more")
            object.__setattr__(self, name, column)

    @property
    def profit(self) -> Floats:
        """Unrealised profit of the positions at the mark."""
        gain: Floats = self.side * (self.mark_value - self.entry_value)
        return gain

    @property
    def bankruptcy_value(self) -> Floats:
        """Notional at which `equity` is zero when only this price moves."""
        value: Floats = self.mark_value - self.side * self.equity
        return value
