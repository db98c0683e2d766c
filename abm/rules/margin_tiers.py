"""Maintenance margin by notional tier.

``maintenance = notional * rate_n - deduction_n`` in the tier that holds the tested notional, with
``deduction_n = floor_n * (rate_n - rate_(n-1)) + deduction_(n-1)``, which makes the requirement continuous
(Binance USDS-M "leverage and margin", as of 2024-10; the recursion holds for all published brackets). The
tier is chosen by the notional at the price being tested, never by collateral or entry value, and maintenance
margin does not depend on the leverage an account chose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from abm.book.messages import Records
from abm.compiled import kernel
from abm.instruments import MILLIONTHS
from abm.ledger.arithmetic import ceil_per_million, wide
from abm.ledger.settlement import Amounts

NEVER = np.iinfo(np.int64).max

tier_dtype = np.dtype(
    [
        ("floor", "i8"),  # notional from which the tier applies, millionths
        ("deduction", "i8"),  # millionths
        ("rate", "i4"),  # maintenance rate, parts per million
        ("max_leverage", "i4"),
    ],
    align=True,
)


@dataclass(frozen=True)
class Tier:
    """One bracket of notional.

    Parameters
    ----------
    floor
        Notional from which the tier applies, settlement units.
    cap
        Notional up to which it applies; the next tier's floor.
    maintenance_rate
        Fraction of notional, such as 0.004.
    max_leverage
        Highest leverage that may be chosen; the initial margin rate is its inverse.
    """

    floor: float
    cap: float
    maintenance_rate: float
    max_leverage: int


@dataclass(frozen=True)
class MarginTiers:
    """The tiers of one instrument, in order of notional.

    Raises
    ------
    ValueError
        If tiers are missing, overlap, leave a gap or do not start at 0, if rates fall with notional, or if
        maintenance margin exceeds initial margin; the message names the tier (from 1) and the field.
    """

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        if not self.tiers:
            raise ValueError("tiers: at least one tier is needed")
        expected_floor, last_rate = 0.0, 0.0
        for number, tier in enumerate(self.tiers, 1):
            where = f"tier {number}"
            if tier.floor != expected_floor:
                kind = "overlaps the tier below" if tier.floor < expected_floor else "leaves a gap"
                raise ValueError(f"{where}: floor {tier.floor:g} {kind}; it must be {expected_floor:g}")
            if not tier.cap > tier.floor:
                raise ValueError(f"{where}: cap {tier.cap:g} must be above the floor {tier.floor:g}")
            if tier.max_leverage < 1:
                raise ValueError(f"{where}: max_leverage {tier.max_leverage} must be at least 1")
            if not last_rate <= tier.maintenance_rate < 1.0 or tier.maintenance_rate <= 0.0:
                raise ValueError(
                    f"{where}: maintenance_rate {tier.maintenance_rate:g} must be above 0, below 1 and not "
                    f"below the rate {last_rate:g} of the tier before"
                )
            if tier.maintenance_rate * tier.max_leverage > 1.0:
                raise ValueError(
                    f"{where}: maintenance_rate {tier.maintenance_rate:g} exceeds the initial margin rate "
                    f"{1.0 / tier.max_leverage:g} of max_leverage {tier.max_leverage}"
                )
            expected_floor, last_rate = tier.cap, tier.maintenance_rate

    @property
    def max_leverage(self) -> int:
        """The highest leverage of any tier."""
        return max(tier.max_leverage for tier in self.tiers)

    def deductions(self) -> list[float]:
        """Return the deduction of each tier, settlement units."""
        amounts = [0.0]
        for below, tier in zip(self.tiers, self.tiers[1:], strict=False):
            amounts.append(amounts[-1] + tier.floor * (tier.maintenance_rate - below.maintenance_rate))
        return amounts


def tier_table(tiers: Sequence[MarginTiers | None] | Mapping[int, MarginTiers], instruments: int) -> Records:
    """Return the tiers of all instruments as a record array ``(instruments, most tiers)`` for kernels.

    Instruments without tiers (spot) need no margin. Unused places have a floor that is never reached.
    """
    by_index = dict(tiers) if isinstance(tiers, Mapping) else dict(enumerate(tiers))
    given = {i: item.tiers for i, item in by_index.items() if item is not None}
    width = max((len(item) for item in given.values()), default=1)
    table = np.zeros((instruments, width), tier_dtype).view(np.recarray)
    table["floor"][:, 1:] = NEVER
    table["max_leverage"] = 1
    for i, item in given.items():
        deduction, below = 0, 0
        for k, tier in enumerate(item):
            floor = round(tier.floor * MILLIONTHS)
            rate = round(tier.maintenance_rate * MILLIONTHS)
            deduction += (
                floor // MILLIONTHS * (rate - below) + floor % MILLIONTHS * (rate - below) // MILLIONTHS
            )
            table[i, k] = (floor, deduction, rate, tier.max_leverage)
            below = rate
    return table


@kernel
def tier_index(tiers: Records, instrument: int, notional: int) -> int:
    """Return the tier that holds ``notional`` (millionths); a floor belongs to the tier below it."""
    k = 0
    while k + 1 < tiers.shape[1] and notional > tiers[instrument, k + 1].floor:
        k += 1
    return k


@kernel
def maintenance_margin(tiers: Records, instrument: int, notional: int) -> int:
    """Return the maintenance margin of ``notional`` at the tested price, millionths, rounded up."""
    tier = tiers[instrument, tier_index(tiers, instrument, notional)]
    return max(0, ceil_per_million(notional, wide(tier.rate)) - tier.deduction)


@kernel
def initial_margin(tiers: Records, instrument: int, notional: int, leverage: int) -> int:
    """Return notional over the lower of chosen and allowed leverage, millionths, rounded up."""
    tier = tiers[instrument, tier_index(tiers, instrument, notional)]
    gearing = max(1, min(leverage, wide(tier.max_leverage)))
    return (notional + gearing - 1) // gearing


@kernel
def maintenance_margins(tiers: Records, instrument: int, notionals: Amounts) -> Amounts:
    """Return `maintenance_margin` of an array of notionals, millionths."""
    out = np.empty(notionals.shape[0], np.int64)
    for k in range(notionals.shape[0]):
        out[k] = maintenance_margin(tiers, instrument, notionals[k])
    return out
