"""Liquidation policies by name: one file each."""

from abm.venues.policies.bankruptcy_ioc import BankruptcyIoc
from abm.venues.policies.base import Closer, ClosingRule
from abm.venues.policies.fillable import FillablePrice
from abm.venues.policies.market_slices import MarketSlices
from abm.venues.policies.pool import PoolOracle
from abm.venues.policies.step_down import StepDown
from abm.venues.policies.takeover import Takeover

POLICIES: dict[str, type[ClosingRule]] = {
    "bankruptcy-ioc": BankruptcyIoc,
    "takeover": Takeover,
    "step-down": StepDown,
    "market-slices": MarketSlices,
    "fillable-price": FillablePrice,
    "pool": PoolOracle,
}

__all__ = [
    "POLICIES",
    "BankruptcyIoc",
    "Closer",
    "ClosingRule",
    "FillablePrice",
    "MarketSlices",
    "PoolOracle",
    "StepDown",
    "Takeover",
]
