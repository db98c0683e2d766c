"""How much of a position must go: enough to restore the margin, or down to a lower tier.

Restoring: closing one unit frees ``price * (maintenance rate - fees)``, so ``size = shortage / (price * quote
price * (rate - liquidator fee) - price * fund fee)``. Source: drift-labs/protocol-v2 0ae3e3b1
``math/liquidation.rs``; Binance's order is sized to restore the margin too (text of 2020). Stepping down: OKX
cuts positions of tier 3 and above two tiers at a time and takes over the rest (open-lib.com/11556, a
second-hand copy); BitMEX sends an order for the amount above the next lower risk tier, and takes over the
lowest (testnet.bitmex.com/app/liquidationExamples).
"""

import numpy as np
import numpy.typing as npt

from abm.rules.maintenance_margin import tier_at
from abm.rules.margin_tiers import MarginTiers

Floats = npt.NDArray[np.float64]


def size_that_restores(
    shortage: Floats | float,
    price: Floats | float,
    maintenance_rate: Floats | float,
    liquidator_fee: Floats | float = 0.0,
    fund_fee: Floats | float = 0.0,
    quote_price: Floats | float = 1.0,
    position: Floats | float = np.inf,
) -> Floats:
    """Return the size whose closing cures a margin shortage, at most ``position``.

    Parameters
    ----------
    shortage
        Maintenance margin less equity, quote currency; nothing is closed where it is not above zero.
    price, quote_price
        Price of the asset in quote currency, and of the quote currency in dollars.
    maintenance_rate, liquidator_fee, fund_fee
        Fractions of notional. Where the fees eat up the margin that is freed, the whole position goes.
    """
    unit = price * quote_price * (maintenance_rate - liquidator_fee)
    freed = np.asarray(unit - price * fund_fee, np.float64)
    needed, freed = np.broadcast_arrays(np.maximum(shortage, 0.0), freed)
    size = np.divide(needed, freed, out=np.where(needed > 0, np.inf, 0.0), where=freed > 0)
    return np.asarray(np.minimum(size, position), np.float64)


def step_down_size(
    notional: Floats | float, tiers: MarginTiers, steps: int = 2, whole_up_to: int = 2
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the notional to be cut, and whether that is a take-over of the whole position.

    Parameters
    ----------
    notional
        Value of positions, settlement units.
    steps
        Tiers by which a position is lowered at a time (OKX 2, BitMEX 1).
    whole_up_to
        Tier, counted from 1, up to which the whole position is taken over (OKX 2, BitMEX 1).

    Raises
    ------
    ValueError
        If ``steps`` or ``whole_up_to`` is below 1, or a cut of ``steps`` would pass below the lowest tier.
    """
    if steps < 1 or whole_up_to < steps:
        raise ValueError(
            f"steps is {steps} and whole_up_to {whole_up_to}; give steps >= 1 and whole_up_to >= steps"
        )
    value = np.abs(np.asarray(notional, np.float64))
    tier = tier_at(tiers, value)
    caps = np.array([item.cap for item in tiers.tiers])
    whole = tier < whole_up_to
    cut = np.where(whole, value, value - caps[np.maximum(tier - steps, 0)])
    return cut, whole
