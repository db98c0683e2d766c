"""A venue: named rule objects and the terms of each asset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from abm.book.messages import Records
from abm.instruments import PERPETUAL, SPOT
from abm.ledger.backing import backing_table
from abm.ledger.settlement import Amounts
from abm.rules.adl import AdlRule
from abm.rules.fees import FeeSchedule
from abm.rules.funding import Floats, FundingRule, impact_notional
from abm.rules.funding_imbalance import AdaptiveFunding
from abm.rules.halt import HaltRule
from abm.rules.index_price import IndexRule, WeightedIndex
from abm.rules.insurance_fund import FundRule
from abm.rules.liquidation_policy import LiquidationPolicy
from abm.rules.margin_tiers import MarginTiers, Tier, tier_table
from abm.rules.mark_price import MarkRule, MedianMark
from abm.rules.price_band import BandRule
from abm.venues.collateral_sale import CollateralSale
from abm.venues.liquidation import LiquidationEngine
from abm.venues.policies import BankruptcyIoc, ClosingRule
from abm.venues.terms import AssetTerms, CollateralTerms, MarginTerms, Matching, PoolTerms


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
        The rules; ``price_band`` may be None. ``liquidation`` is a policy of `abm.venues.policies`.
    margin, collateral, matching
        On what margin is reckoned, what counts as margin, how orders meet.
    pool, imbalance_funding
        Impact and funding of a venue whose ``matching.kind`` is ``"pool"``; the latter takes the place of
        ``funding`` where given.
    mark_venues, index_venues
        Venues whose books the mark and the index draw on, in the order of the rules' weights.
    """

    name: str
    assets: Mapping[str, AssetTerms]
    other_assets: str
    fees: FeeSchedule = field(default_factory=FeeSchedule)
    spot_fees: FeeSchedule = field(default_factory=lambda: FeeSchedule(1_000, 1_000))
    mark: MarkRule = field(default_factory=MedianMark)
    index: IndexRule = field(default_factory=WeightedIndex)
    funding: FundingRule = field(default_factory=FundingRule)
    liquidation: ClosingRule = field(default_factory=BankruptcyIoc)
    fund: FundRule = field(default_factory=FundRule)
    adl: AdlRule = field(default_factory=AdlRule)
    halt: HaltRule = field(default_factory=HaltRule)
    price_band: BandRule | None = None
    margin: MarginTerms = field(default_factory=MarginTerms)
    collateral: CollateralTerms = field(default_factory=CollateralTerms)
    matching: Matching = field(default_factory=Matching)
    pool: PoolTerms | None = None
    imbalance_funding: AdaptiveFunding | None = None
    mark_venues: tuple[str, ...] = ()
    index_venues: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.other_assets not in self.assets:
            raise ValueError(
                f"other_assets is {self.other_assets!r}; it must be one of the listed assets: "
                f"{', '.join(self.assets)}"
            )
        if (self.matching.kind == "pool") != (self.pool is not None):
            given = "missing" if self.pool is None else "given"
            raise ValueError(
                f"pool is {given} and matching.kind is {self.matching.kind!r}; they must go together"
            )

    def terms(self, asset: str) -> AssetTerms:
        """Return the terms of an asset by name."""
        return self.assets.get(asset, self.assets[self.other_assets])

    def tiers(self, instruments: Records, assets: Sequence[str]) -> Records:
        """Return the tier table of all instruments; spot pairs need no margin."""
        tiers = [item.tiers if item else None for item in self._terms(instruments, assets)]
        table = tier_table(tiers, len(instruments))
        table["rate"][table["rate"] > 0] += self.margin.closing_fee_ppm
        return table

    def backing(self, instruments: Records, assets: Sequence[str]) -> Records:
        """Return haircuts and margin basis of all instruments (`abm.ledger.backing.backing_table`)."""
        coins = self.collateral.coins
        haircuts = [
            list(zip(coins[assets[asset]].floors, coins[assets[asset]].ratios, strict=True))
            if kind == SPOT and assets[asset] in coins
            else None
            for asset, kind in zip(instruments["asset"], instruments["kind"], strict=True)
        ]
        return backing_table(instruments, haircuts, [self.margin.notional == "entry"] * len(instruments))

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
        """Return the notional behind impact prices of each instrument, settlement units; 0 for spot."""
        return np.array(
            [
                (item.impact_usd or impact_notional(item.tiers.max_leverage)) if item else 0.0
                for item in self._terms(instruments, assets)
            ],
            np.float64,
        )

    def engine(self, instruments: Records, assets: Sequence[str], seed: int = 0) -> LiquidationEngine:
        """Return the venue's liquidation engine for a table of instruments over the named assets.

        ``seed`` is that of random deleveraging, for venues that have it.
        """
        return LiquidationEngine(
            self.tiers(instruments, assets),
            LiquidationPolicy(tuple(self.clearance_ppm(instruments, assets).tolist())),
            self.fund,
            self.adl,
            rule=self.liquidation,
            backing=self.backing(instruments, assets),
            sale=CollateralSale(self.collateral.max_discount, self.collateral.slice_share),
            seed=seed,
        )

    def _terms(self, instruments: Records, assets: Sequence[str]) -> list[AssetTerms | None]:
        return [
            self.terms(assets[asset]) if kind == PERPETUAL else None
            for asset, kind in zip(instruments["asset"], instruments["kind"], strict=True)
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
