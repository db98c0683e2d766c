"""The stage: what set-up functions share while a market is put together."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from abm.ledger.accounts import FIRST_TRADER
from abm.random_streams import generator
from abm.venues.venue import Venue
from experiments.scenarios.schema import Scenario

MILLION = 1_000_000


@dataclass
class Accounts:
    """Hands out consecutive account rows."""

    next_row: int = FIRST_TRADER

    def take(self, count: int) -> npt.NDArray[np.int32]:
        """Return the next ``count`` rows."""
        rows = np.arange(self.next_row, self.next_row + count, dtype=np.int32)
        self.next_row += count
        return rows


@dataclass
class Stage:
    """The scenario, and what follows from it for every instrument: first all perpetuals, then all spot pairs.

    Parameters
    ----------
    scenario, venue
        What to set up, and the rules it trades under.
    seed, twin
        Which draws, and which mechanism is off.

    Attributes
    ----------
    accounts
        Account rows not yet taken.
    price
        Prices at the start, USD, shape ``(instruments,)``.
    depth
        Makers' calm one-sided depth within 1 %, USD, shape ``(instruments,)``.
    """

    scenario: Scenario
    venue: Venue
    seed: int
    twin: str
    accounts: Accounts = field(default_factory=Accounts)

    def __post_init__(self) -> None:
        assets = self.scenario.assets
        self.price = np.array([asset.price_usd for asset in assets] * 2)
        perpetual_depth = np.array([asset.depth_1pct_usd for asset in assets])
        spot_share = np.array([asset.spot_depth_share for asset in assets])
        self.depth = np.concatenate([perpetual_depth, perpetual_depth * spot_share])

    @property
    def assets(self) -> int:
        """Number of assets."""
        return len(self.scenario.assets)

    @property
    def asset_names(self) -> list[str]:
        """Names of the assets, in order."""
        return [asset.name for asset in self.scenario.assets]

    @property
    def loading(self) -> npt.NDArray[np.float64]:
        """Change of each asset's log value for news of size 1."""
        return np.array([asset.news_loading for asset in self.scenario.assets])

    def rng(self, part: str) -> np.random.Generator:
        """Return the set-up generator of one part."""
        return generator(self.seed, f"setup {part}")
