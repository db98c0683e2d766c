"""The stage: what set-up functions share while a market is put together."""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from abm.instruments import PERPETUAL, SPOT
from abm.ledger.accounts import FIRST_TRADER
from abm.random_streams import generator
from abm.venues.exchange import Exchange
from abm.venues.venue import Venue
from experiments.building.rules import venue_rules
from experiments.mechanisms import LOW_LEVERAGE, MECHANISMS, switched_off
from experiments.scenarios.exchange import VenueSpec
from experiments.scenarios.schema import Scenario

MILLION = 1_000_000
Floats = npt.NDArray[np.float64]


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
class Floor:
    """One exchange while it is being set up: first all its perpetuals, then all its spot pairs.

    Parameters
    ----------
    place
        Its place among the exchanges; 0 is the hub.
    spec, venue
        What the scenario says of it, and the rules of its preset.
    asset
        Asset of each instrument.
    kind
        `PERPETUAL` or `SPOT` of each instrument.
    price
        Prices at the start, USD, shape ``(instruments,)``.
    depth
        Makers' calm one-sided depth within 1 %, USD, shape ``(instruments,)``.

    Attributes
    ----------
    accounts
        Account rows not yet taken.
    exchange
        The exchange, once it is made.
    """

    place: int
    spec: VenueSpec
    venue: Venue
    asset: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int64]
    price: Floats
    depth: Floats
    accounts: Accounts = field(default_factory=Accounts)
    exchange: Exchange = field(init=False)

    @property
    def instruments(self) -> int:
        """Number of instruments."""
        return len(self.asset)

    @property
    def perpetuals(self) -> npt.NDArray[np.int64]:
        """Rows of the perpetuals."""
        return np.flatnonzero(self.kind == PERPETUAL)

    @property
    def spot(self) -> npt.NDArray[np.int64]:
        """Rows of the spot pairs."""
        return np.flatnonzero(self.kind == SPOT)

    @property
    def has_book(self) -> bool:
        """Whether traders meet in order books; else a pool takes the other side of every trade."""
        return self.venue.matching.kind == "book"

    def row(self, asset: int, kind: int) -> int:
        """Return the row of the asset's instrument of a kind, or -1."""
        found = np.flatnonzero((self.asset == asset) & (self.kind == kind))
        return int(found[0]) if len(found) else -1


@dataclass
class Stage:
    """The scenario, and what follows from it.

    Parameters
    ----------
    scenario
        What to set up.
    seed, twin
        Which draws, and which mechanisms are off.

    Attributes
    ----------
    floors
        The exchanges, hub first.
    """

    scenario: Scenario
    seed: int
    twin: str
    floors: list[Floor] = field(init=False)

    def __post_init__(self) -> None:
        self._off = switched_off(self.twin)
        self.floors = [self._floor(place, spec) for place, spec in enumerate(self.scenario.venues)]

    def _floor(self, place: int, spec: VenueSpec) -> Floor:
        assets = self.scenario.assets
        listed = [n for n, asset in enumerate(assets) if not spec.assets or asset.name in spec.assets]
        perpetuals = [n for n in listed if assets[n].perpetual]
        spot = [n for n in listed if spec.spot]
        asset = np.array([*perpetuals, *spot], np.int64)
        kind = np.array([PERPETUAL] * len(perpetuals) + [SPOT] * len(spot), np.int64)
        price = np.array([assets[n].price_usd for n in asset])
        presets = {venue.name: venue.preset for venue in self.scenario.venues}
        depth = np.array([assets[n].depth_1pct_usd for n in asset]) * spec.depth_share
        depth[kind == SPOT] *= np.array([assets[n].spot_depth_share for n in spot])
        return Floor(place, spec, venue_rules(spec, presets), asset, kind, price, depth)

    def on(self, mechanism: str) -> bool:
        """Tell whether a mechanism, a key of `experiments.mechanisms.MECHANISMS`, is at work."""
        if mechanism not in MECHANISMS:
            raise ValueError(f"mechanism: unknown name {mechanism!r}; known: {', '.join(MECHANISMS)}")
        return mechanism not in self._off

    @property
    def leverage_allowed(self) -> float:
        """Largest leverage that anybody begins with, beyond what exchanges allow."""
        return math.inf if self.on("leverage") else LOW_LEVERAGE

    @property
    def hub(self) -> Floor:
        """The first exchange."""
        return self.floors[0]

    @property
    def asset_names(self) -> list[str]:
        """Names of the assets, in order."""
        return [asset.name for asset in self.scenario.assets]

    @property
    def loading(self) -> Floats:
        """Change of each asset's log value for news of size 1; of a redeemed coin that of its base."""
        own = np.array([asset.news_loading for asset in self.scenario.assets])
        return np.where(self.base >= 0, own[self.base], own)

    @property
    def base(self) -> npt.NDArray[np.int64]:
        """Asset that each asset is redeemed for, by place; -1 where it has a value of its own."""
        names = self.asset_names
        follows = [asset.follows for asset in self.scenario.assets]
        return np.array([names.index(name) if name else -1 for name in follows], np.int64)

    def per_asset(self, name: str) -> Floats:
        """Return a field of the scenario's assets as an array."""
        return np.array([getattr(asset, name) for asset in self.scenario.assets], np.float64)

    def rng(self, part: str, floor: Floor | None = None) -> np.random.Generator:
        """Return the set-up generator of one part, on one exchange."""
        return generator(self.seed, f"setup {part}" if floor is None else f"setup {part} {floor.place}")

    def open_interest(self, floor: Floor) -> Floats:
        """Return the open interest asked for in each instrument of a floor, USD; 0 for spot."""
        p = self.scenario.retail
        crowding = self.per_asset("crowding")[floor.asset]
        return np.where(floor.kind == PERPETUAL, p.open_interest_over_depth * crowding * floor.depth, 0.0)

    def shares(self, total: int, weights: list[float]) -> list[int]:
        """Split ``total`` by ``weights`` into whole numbers that add up."""
        edges = np.rint(np.cumsum([0.0, *weights]) / max(sum(weights), 1e-12) * total).astype(int)
        return [int(n) for n in np.diff(edges)]

    @property
    def retail_counts(self) -> list[int]:
        """Number of retail traders on each exchange."""
        return self.shares(self.scenario.retail.traders, [floor.spec.retail_share for floor in self.floors])
