"""A venue: named rule objects and the terms of each asset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from abm.book.messages import Records
from abm.instruments import PERPETUAL
from abm.ledger.settlement import Amounts
from abm.rules.adl import AdlRule
from abm.rules.fees import FeeSchedule
from abm.rules.funding import Floats, FundingRule, impact_notional
from abm.rules.halt import HaltRule
from abm.rules.index_price import IndexRule, WeightedIndex
from abm.rules.insurance_fund import FundRule
from abm.rules.liquidation_policy import LiquidationPolicy
from abm.rules.margin_tiers import MarginTiers, Tier, tier_table
from abm.rules.mark_price import MarkRule, MedianMark
from abm.rules.price_band import PriceBand
from abm.venues.liquidation import LiquidationEngine


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
    """

    tiers: MarginTiers
    clearance_fee_ppm: int = 10_000
    funding_cap: float = 0.02

    def __post_init__(self) -> None:
        if not 0 <= self.clearance_fee_ppm < 1_000_000:
            raise ValueError(
                f"clearance_fee_ppm is {self.clearance_fee_ppm}; it must lie between 0 and 999999"
            )
        if not 0.0 < self.funding_cap <= 1.0:
            raise ValueError(f"funding_cap is {self.funding_cap}; it must be above 0 and at most 1")


@dataclass(frozen=True)
class LiquidationTerms:
    """How much of a breached cross wallet is closed at once, and how many sweeps a step may take.

    Parameters
    ----------
    sizing, max_rounds
        See `abm.rules.liquidation_policy.LiquidationPolicy`.
    """

    sizing: Literal["restore", "full"] = "restore"
    max_rounds: int = 10

    def __post_init__(self) -> None:
        LiquidationPolicy((), self.sizing, self.max_rounds)


@dataclass(frozen=True)
class Venue:
    """All rules of one venue.

    Parameters
    ----------
    name
        Dated name, such as ``"binance-usdm-2024-10"``.
    assets
        Terms of each asset.
    other_assets
        Which of them applies to assets that are not listed.
    fees, spot_fees
        Trading fees of perpetuals and of spot pairs.
    mark, index, funding, liquidation, fund, adl, halt, price_band
        The rules; ``price_band`` may be None.
    """

    name: str
    assets: Mapping[str, AssetTerms]
    other_assets: str
    fees: FeeSchedule = field(default_factory=FeeSchedule)
    spot_fees: FeeSchedule = field(default_factory=lambda: FeeSchedule(1_000, 1_000))
    mark: MarkRule = field(default_factory=MedianMark)
    index: IndexRule = field(default_factory=WeightedIndex)
    funding: FundingRule = field(default_factory=FundingRule)
    liquidation: LiquidationTerms = field(default_factory=LiquidationTerms)
    fund: FundRule = field(default_factory=FundRule)
    adl: AdlRule = field(default_factory=AdlRule)
    halt: HaltRule = field(default_factory=HaltRule)
    price_band: PriceBand | None = None

    def __post_init__(self) -> None:
        if self.other_assets not in self.assets:
            raise ValueError(
                f"other_assets is {self.other_assets!r}; it must be one of the listed assets: "
                f"{', '.join(self.assets)}"
            )

    def terms(self, asset: str) -> AssetTerms:
        """Return the terms of an asset by name."""
        return self.assets.get(asset, self.assets[self.other_assets])

    def tiers(self, instruments: Records, assets: Sequence[str]) -> Records:
        """Return the tier table of all instruments; spot pairs need no margin."""
        tiers = [item.tiers if item else None for item in self._terms(instruments, assets)]
        return tier_table(tiers, len(instruments))

    def clearance_ppm(self, instruments: Records, assets: Sequence[str]) -> Amounts:
        """Return the clearance fee of each instrument, parts per million; 0 for spot."""
        fees = [item.clearance_fee_ppm if item else 0 for item in self._terms(instruments, assets)]
        return np.array(fees, np.int64)

    def funding_caps(self, instruments: Records, assets: Sequence[str]) -> Floats:
        """Return the largest funding rate of each instrument, fraction per interval; 0 for spot."""
        return np.array(
            [item.funding_cap if item else 0.0 for item in self._terms(instruments, assets)], np.float64
        )

    def impact_notionals(self, instruments: Records, assets: Sequence[str]) -> Floats:
        """Return the notional behind impact prices, settlement units: 200 times the highest leverage."""
        return np.array(
            [
                impact_notional(item.tiers.max_leverage) if item else 0.0
                for item in self._terms(instruments, assets)
            ],
            np.float64,
        )

    def engine(self, instruments: Records, assets: Sequence[str]) -> LiquidationEngine:
        """Return the venue's liquidation engine for a table of instruments over the named assets."""
        fees = tuple(self.clearance_ppm(instruments, assets).tolist())
        policy = LiquidationPolicy(fees, self.liquidation.sizing, self.liquidation.max_rounds)
        return LiquidationEngine(self.tiers(instruments, assets), policy, self.fund, self.adl)

    def _terms(self, instruments: Records, assets: Sequence[str]) -> list[AssetTerms | None]:
        return [
            self.terms(assets[asset]) if kind == PERPETUAL else None
            for asset, kind in zip(instruments.asset, instruments.kind, strict=True)
        ]


def binance_like(**changes: Any) -> Venue:
    """Return a venue with the rules of Binance USDS-M futures and short tier tables.

    BTC and ETH have the lowest six brackets of BTCUSDT of 2024-10-24, all other assets those of ATOMUSDT;
    clearance fees are 1.25 % and 1 %. For the full tables load the preset ``binance-usdm-2024-10``.

    Parameters
    ----------
    changes
        Fields of `Venue` to replace.
    """
    large = AssetTerms(_tiers(_BTC), clearance_fee_ppm=12_500, funding_cap=0.003)
    small = AssetTerms(_tiers(_ATOM))
    venue = Venue("binance-like", {"BTC": large, "ETH": large, "ALT": small}, other_assets="ALT")
    return replace(venue, **changes)


def _tiers(rows: Sequence[tuple[float, float, float, int]]) -> MarginTiers:
    return MarginTiers(tuple(Tier(*row) for row in rows))


_BTC = (
    (0, 50e3, 0.004, 125),
    (50e3, 600e3, 0.005, 100),
    (600e3, 3e6, 0.0065, 75),
    (3e6, 12e6, 0.01, 50),
    (12e6, 70e6, 0.02, 25),
    (70e6, 100e6, 0.025, 20),
)
_ATOM = (
    (0, 10e3, 0.006, 75),
    (10e3, 50e3, 0.01, 50),
    (50e3, 80e3, 0.015, 40),
    (80e3, 200e3, 0.02, 25),
    (200e3, 600e3, 0.025, 20),
    (600e3, 2e6, 0.05, 10),
)
