"""The oracle alone as mark.

dYdX v4 (docs, oracle.mdx at 3e475b73): margin, liquidation and triggers use the oracle price; there is no
mark. GMX v2 prices positions at the oracle as well. When the oracle is silent the last price stands; dYdX
keeps the last voted price.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from abm.rules.mark_price import MarkInputs

Floats = npt.NDArray[np.float64]


@dataclass
class OracleState:
    """The last marks ``(instruments,)``."""

    price: Floats


@dataclass(frozen=True)
class OracleMark:
    """The oracle price, or the index where a venue has no oracle of its own."""

    def start(self, price: Floats) -> OracleState:
        """Return the memory: the last marks."""
        return OracleState(np.array(price, np.float64))

    def update(self, state: OracleState, seen: MarkInputs) -> Floats:
        """Return the marks; where the oracle is silent they stay."""
        oracle = seen.oracle_prices()
        state.price = np.where(np.isfinite(oracle) & (oracle > 0.0), oracle, state.price)
        return state.price
