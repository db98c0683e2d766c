"""What a liquidation costs the liquidated: a fee that grows while nobody takes it, and the fund's part.

Source: drift-labs/protocol-v2 0ae3e3b1 ``math/liquidation.rs``, ``get_liquidation_fee`` and
``calculate_perp_if_fee``. Binance takes a flat share of the liquidated notional (2020: 0.3 % for BTC, 0.5 to
0.75 % others), Hyperliquid none.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def ramped_liquidation_fee(
    base: Floats | float,
    maximum: Floats | float,
    slots: Floats | float,
    grace_slots: int = 1_500,
    per_slot: float = 1e-6,
) -> Floats:
    """Return ``min(base + slots * 1e-6, maximum)`` from the 1,500th slot on, ``base`` before it.

    Parameters
    ----------
    base, maximum
        Fractions of notional: 2 % and 5 % give 3 % after 10,000 slots.
    slots
        Slots since the account was last active.
    """
    elapsed = np.asarray(slots)
    ramped = np.minimum(base + elapsed * per_slot, maximum)
    return np.asarray(np.where(elapsed < grace_slots, base, ramped), np.float64)


def fund_fee(
    shortage: Floats | float,
    size: Floats | float,
    price: Floats | float,
    maintenance_rate: Floats | float,
    liquidator_fee: Floats | float,
    maximum: Floats | float,
) -> Floats:
    """Return the fund's fee ``min(max, 0.95 * (MR - fee - shortage / (size * price)))``, at least 0.

    The fund takes no more than leaves the liquidation able to cure the shortage.
    """
    per_notional = shortage / (size * price)
    room = 0.95 * (maintenance_rate - liquidator_fee - per_notional)
    return np.asarray(np.clip(room, 0.0, maximum), np.float64)
