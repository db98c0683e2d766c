"""How breached wallets are closed (Binance, counterparty-liquidation text of 2020)."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LiquidationPolicy:
    """How breached wallets are closed.

    Parameters
    ----------
    clearance_fee_ppm
        Fee on liquidated notional of each instrument, paid to the fund out of what is left, parts per
        million.
    sizing
        ``"restore"``: cross positions are cut as far as it takes to restore the margin; ``"full"``: closed
        whole.
    max_rounds
        Most sweeps in one step.
    """

    clearance_fee_ppm: tuple[int, ...]
    sizing: Literal["restore", "full"] = "restore"
    max_rounds: int = 10

    def __post_init__(self) -> None:
        if self.sizing not in ("restore", "full"):
            raise ValueError(f"sizing is {self.sizing!r}; allowed: restore, full")
        if self.max_rounds < 1:
            raise ValueError(f"max_rounds is {self.max_rounds}; it must be at least 1")
        if any(fee < 0 for fee in self.clearance_fee_ppm):
            raise ValueError(f"clearance_fee_ppm is {self.clearance_fee_ppm}; fees must be zero or more")
