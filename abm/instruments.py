"""Instruments: spot pairs and linear perpetuals, with the integer scales that make money exact."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from abm.book.messages import Records

MILLIONTHS = 1_000_000
SPOT = 0
PERPETUAL = 1

instrument_dtype = np.dtype(
    [
        ("tick_lot_value", "i8"),  # millionths of the settlement unit for one lot at a price of one tick
        ("maker_fee", "i8"),  # parts per million of notional; negative = rebate
        ("taker_fee", "i8"),
        ("kind", "i1"),  # SPOT or PERPETUAL
        ("asset", "i2"),  # which asset it is a price of
        ("index_source", "i2"),  # for a perpetual: the spot instrument its index is read from; -1 for spot
        ("tick", "f8"),  # price of one tick in settlement units, for reports and beliefs
        ("lot", "f8"),  # size of one lot in units of the asset
    ],
    align=True,
)


@dataclass(frozen=True)
class Instrument:
    """One tradable instrument.

    Parameters
    ----------
    name
        Unique name, such as ``"BTC-PERP"``.
    asset
        The asset it prices, such as ``"BTC"``.
    kind
        ``"spot"`` (holdings cannot go below zero) or ``"perpetual"`` (linear, margined).
    tick_size
        Smallest price step, in units of the settlement currency.
    lot_size
        Smallest size step, in units of the asset.
    maker_fee_ppm, taker_fee_ppm
        Fees in parts per million of notional (2 basis points = 200).
    """

    name: str
    asset: str
    kind: Literal["spot", "perpetual"]
    tick_size: float
    lot_size: float
    maker_fee_ppm: int = 200
    taker_fee_ppm: int = 500

    @property
    def tick_lot_value(self) -> int:
        """Millionths of the settlement unit for one lot at one tick.

        Raises
        ------
        ValueError
            If tick size times lot size is not a positive whole number of millionths.
        """
        exact = self.tick_size * self.lot_size * MILLIONTHS
        value = round(exact)
        if value < 1 or abs(exact - value) > 1e-6 * value:
            raise ValueError(
                f"instrument {self.name}: tick_size {self.tick_size:g} x lot_size {self.lot_size:g} is "
                f"{exact:g} millionths of the settlement unit; it must be a whole number of at least 1"
            )
        return value


def instrument_table(instruments: list[Instrument], assets: list[str]) -> Records:
    """Return the instruments as a record array that kernels read; order and indices follow the list."""
    table = np.zeros(len(instruments), instrument_dtype).view(np.recarray)
    spot_of = {item.asset: index for index, item in enumerate(instruments) if item.kind == "spot"}
    for row, item in zip(table, instruments, strict=True):
        row.tick_lot_value = item.tick_lot_value
        row.maker_fee = item.maker_fee_ppm
        row.taker_fee = item.taker_fee_ppm
        row.kind = SPOT if item.kind == "spot" else PERPETUAL
        row.asset = assets.index(item.asset)
        row.index_source = spot_of.get(item.asset, -1) if item.kind == "perpetual" else -1
        row.tick = item.tick_size
        row.lot = item.lot_size
    return table
