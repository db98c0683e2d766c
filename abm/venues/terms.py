"""What a venue sets besides its rules: terms of assets, margin basis, accepted collateral, message order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from abm.rules.collateral import CollateralRatios
from abm.rules.margin_tiers import MarginTiers


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Raise `ValueError` unless ``value`` is one of the allowed names."""
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; allowed: {', '.join(allowed)}")


@dataclass(frozen=True)
class AssetTerms:
    """What a venue sets for the perpetual of one asset.

    Parameters
    ----------
    tiers
        Maintenance margin tiers.
    clearance_fee_ppm
        Fee on liquidated notional, parts per million.
    funding_cap
        Largest funding rate of one interval, as a fraction.
    impact_usd
        Notional behind impact prices, settlement units; 0: 200 times the highest leverage (Binance).
    """

    tiers: MarginTiers
    clearance_fee_ppm: int = 10_000
    funding_cap: float = 0.02
    impact_usd: float = 0.0

    def __post_init__(self) -> None:
        if not self.impact_usd >= 0.0:
            raise ValueError(f"impact_usd is {self.impact_usd}; it must be zero or more")
        if not 0 <= self.clearance_fee_ppm < 1_000_000:
            raise ValueError(
                f"clearance_fee_ppm is {self.clearance_fee_ppm}; it must lie between 0 and 999999"
            )
        if not 0.0 < self.funding_cap <= 1.0:
            raise ValueError(f"funding_cap is {self.funding_cap}; it must be above 0 and at most 1")


@dataclass(frozen=True)
class MarginTerms:
    """On what maintenance margin is reckoned.

    Parameters
    ----------
    notional
        ``"mark"``: position value at the mark; ``"entry"``: at the average entry price (Bybit 2024).
    closing_fee_ppm
        Fee of closing that is part of maintenance margin, parts per million of notional (OKX, Gate).
    """

    notional: Literal["mark", "entry"] = "mark"
    closing_fee_ppm: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.closing_fee_ppm < 100_000:
            raise ValueError(f"closing_fee_ppm is {self.closing_fee_ppm}; it must lie between 0 and 99999")
        one_of("notional", self.notional, ("mark", "entry"))


@dataclass(frozen=True)
class CollateralTerms:
    """Which coins count as margin, for how much, at which price, and how they are sold.

    Parameters
    ----------
    coins
        Ratios by amount of each accepted coin; none: only the settlement unit is margin.
    price
        Whose price: ``"book"`` the venue's own spot book, ``"oracle"`` a price from outside (an index of many
        venues, or a conversion ratio), ``"throttled"`` a price whose speed is limited.
    max_discount, slice_share
        See `abm.venues.collateral_sale.CollateralSale`.
    """

    coins: Mapping[str, CollateralRatios] = field(default_factory=dict)
    price: Literal["book", "oracle", "throttled"] = "book"
    max_discount: float = 0.05
    slice_share: float = 1.0

    def __post_init__(self) -> None:
        one_of("price", self.price, ("book", "oracle", "throttled"))
        if not 0.0 <= self.max_discount < 1.0:
            raise ValueError(f"max_discount is {self.max_discount}; it must be at least 0 and below 1")
        if not 0.0 < self.slice_share <= 1.0:
            raise ValueError(f"slice_share is {self.slice_share}; it must be above 0 and at most 1")


@dataclass(frozen=True)
class Matching:
    """How orders meet.

    Parameters
    ----------
    kind
        ``"book"``: limit order books; ``"pool"``: a pool that takes the other side at the oracle price.
    sequencing
        ``"fifo"``: messages as they come; ``"cancel-first"``: within a block cancels and orders that do not
        trade go before orders that do.
    block_ms
        Length of a block, milliseconds; 0: messages are served one by one.
    """

    kind: Literal["book", "pool"] = "book"
    sequencing: Literal["fifo", "cancel-first"] = "fifo"
    block_ms: float = 0.0

    def __post_init__(self) -> None:
        one_of("kind", self.kind, ("book", "pool"))
        one_of("sequencing", self.sequencing, ("fifo", "cancel-first"))
        if not self.block_ms >= 0.0:
            raise ValueError(f"block_ms is {self.block_ms}; it must be zero or more")
        if self.sequencing == "cancel-first" and self.block_ms == 0.0:
            raise ValueError("block_ms is 0; cancel-first sequencing needs blocks")


@dataclass(frozen=True)
class PoolTerms:
    """Price impact and limits of trades against a pool, GMX v2.

    Parameters
    ----------
    exponent
        Of the imbalance of open interest in USD (`abm.rules.pool_impact`).
    positive_factor, negative_factor
        Factors of trades that improve and worsen the balance.
    max_impact
        Largest impact, either way, as a fraction of the price.
    max_open_interest_over_pool
        Open interest of one side of one market over the pool's value.
    reserve_factor
        Open interest of one side of all markets over the half of the pool that backs it.
    slices
        Number of prices that each side is quoted at, each for half as much again as the one before.
    """

    exponent: float = 2.0
    positive_factor: float = 2e-7
    negative_factor: float = 2e-7
    max_impact: float = 0.005
    max_open_interest_over_pool: float = 0.45
    reserve_factor: float = 1.3
    slices: int = 16

    def __post_init__(self) -> None:
        for name in (
            "exponent",
            "positive_factor",
            "negative_factor",
            "max_open_interest_over_pool",
            "reserve_factor",
        ):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be zero or more")
        if self.positive_factor > self.negative_factor:
            raise ValueError(
                f"positive_factor is {self.positive_factor}; it must be at most negative_factor "
                f"{self.negative_factor}, or trading to and fro would pay"
            )
        if not 0.0 <= self.max_impact < 1.0:
            raise ValueError(f"max_impact is {self.max_impact}; it must be at least 0 and below 1")
        if not 1 <= self.slices <= 40:
            raise ValueError(f"slices is {self.slices}; it must be from 1 to 40")
