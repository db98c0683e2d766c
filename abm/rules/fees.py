"""Trading fees as parts per million of notional."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records


@dataclass(frozen=True)
class FeeSchedule:
    """Maker and taker fee of one kind of instrument.

    Parameters
    ----------
    maker_ppm, taker_ppm
        Parts per million of notional (2 basis points = 200); a negative maker fee is a rebate.

    Raises
    ------
    ValueError
        If the taker fee is negative, a rebate exceeds the taker fee, or a fee is 10 % or more.
    """

    maker_ppm: int = 200
    taker_ppm: int = 500

    def __post_init__(self) -> None:
        if not 0 <= self.taker_ppm < 100_000:
            raise ValueError(f"taker_ppm is {self.taker_ppm}; it must lie between 0 and 99999")
        if not -self.taker_ppm <= self.maker_ppm < 100_000:
            raise ValueError(
                f"maker_ppm is {self.maker_ppm}; it must lie between {-self.taker_ppm}, a rebate as large as "
                "the taker fee, and 99999"
            )

    def apply(self, instruments: Records, kind: int) -> None:
        """Write the fees into all instruments of a kind (`SPOT` or `PERPETUAL`)."""
        chosen = instruments["kind"] == kind
        instruments["maker_fee"][chosen] = self.maker_ppm
        instruments["taker_fee"][chosen] = self.taker_ppm


def trading_fee(
    notional: npt.NDArray[np.float64] | float, rate: npt.NDArray[np.float64] | float
) -> npt.NDArray[np.float64]:
    """Return ``notional * rate``, in the currency of the notional; a negative rate is a rebate."""
    return np.asarray(notional * rate, np.float64)
